"""The main job: one night, end to end, as real DAG runs, with progress and a summary.

    python -m desilo.nightly [--day 2026-03-31] [--world sandbox|recorded] [--fixtures FOLDER]

Every DAG runs in this process (a cold Airflow command costs 9 s, a DAG run in a warm one 0.1 s),
leaves a real run in Airflow's database and its tasks' logs where Airflow's page finds them.
Exit status: 0 published, 1 the night could not be run, 2 a gate blocked it.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from desilo import durable, local, release, settings, summary
from desilo.console import Console
from desilo.days import parse_day

BUILD = "build_marts"
WAIT_S = 1800.0


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="make nightly", description="Run one night: land, gate, build, gate, publish."
    )
    parser.add_argument("--day", help="the day to close, YYYY-MM-DD (default: the world's last)")
    parser.add_argument("--world", default=settings.world(), choices=sorted(settings.CONFIG_FILES))
    parser.add_argument("--fixtures", help="folder of the recorded inputs (world `recorded`)")
    options = parser.parse_args(arguments)
    try:
        day = parse_day(options.day) if options.day else None
    except ValueError as error:
        parser.error(str(error))
    os.environ["DESILO_WORLD"] = options.world
    os.environ.update(local.airflow_environment())
    os.environ.setdefault("DESILO_TASK_RETRIES", "0")
    fixtures = local.fixtures(options.fixtures)
    console = Console(settings.home() / "night.log")
    try:
        # Under `make up` the scheduler would run the same tasks a second time: such a night is
        # refused. Another night is waited for.
        with durable.lock(settings.home() / "up.lock", what="Airflow (make up)", wait_s=2):
            pass
        with durable.lock(settings.home() / "night.lock", what="the night", wait_s=WAIT_S):
            return _night(console, day, fixtures)
    except (durable.BusyError, local.LocalError, settings.ConfigurationError) as error:
        console.say(f"The night did not run: {error}")
        return 1
    except Exception as error:
        # Standard error is the log by now: without this line a person would see nothing at all.
        console.say(f"The night broke off: {error!r}; its traceback ends {console.log}")
        raise


def _night(console: Console, day: date | None, fixtures: Path | None) -> int:
    started = time.monotonic()
    local.ensure_database()
    console.step(
        "Airflow database", f"ready in {settings.home().name}/airflow", time.monotonic() - started
    )
    started = time.monotonic()
    if fixtures is not None:
        os.environ["DESILO_FIXTURES"] = str(fixtures)
    with local.platforms(fixtures) as platforms:
        day = day or platforms.last_day
        now = platforms.at(day)
        os.environ["DESILO_NOW"] = now.isoformat()
        os.environ["DESILO_DROP"] = platforms.drop
        for name, value in platforms.connections().items():
            os.environ.setdefault(name, value)
        console.step(
            f"world {settings.world()}",
            f"its clock says {now:%Y-%m-%d %H:%M} UTC",
            time.monotonic() - started,
        )
        console.say(f"Night of {day}")
        run = _runner(console)
        configuration = settings.configuration()
        for source in configuration.enabled_sources():
            run(f"ingest__{source.name}", {"day": day.isoformat()})
        state, run_id = run(BUILD, {"day": day.isoformat()})
    published = release.current()
    console.say()
    if state != "success" or published is None:
        console.say(summary.of_failure(day, run_id))
        return 2 if release.blocking_reasons(run_id) else 1
    console.say(summary.of_release(published))
    console.say(f"{console.elapsed:.0f} s in all")
    return 0


def _runner(console: Console) -> Callable[[str, dict[str, Any]], tuple[str, str]]:
    """Load the DAGs and return what runs one of them and says its state and its run's id."""
    from airflow.dag_processing.dagbag import DagBag
    from airflow.listeners import hookimpl
    from airflow.sdk.listener import get_listener_manager

    bag = DagBag(dag_folder=os.environ["AIRFLOW__CORE__DAGS_FOLDER"])
    if bag.import_errors:
        raise local.LocalError(f"DAGs do not load: {bag.import_errors}")
    logs = Path(os.environ["AIRFLOW__LOGGING__BASE_LOG_FOLDER"])

    class TaskLogs:
        """Sends each task's output to its own log, and tells the person about slow steps."""

        started = 0.0

        @hookimpl
        def on_task_instance_running(self, previous_state: Any, task_instance: Any) -> None:
            del previous_state
            self.started = time.monotonic()
            console.into(_log_path(logs, task_instance))

        @hookimpl
        def on_task_instance_success(self, previous_state: Any, task_instance: Any) -> None:
            del previous_state
            self._ended(task_instance, "done")

        @hookimpl
        def on_task_instance_failed(
            self, previous_state: Any, task_instance: Any, error: Any
        ) -> None:
            del previous_state
            self._ended(task_instance, f"FAILED {_one_line(error)}")

        @hookimpl
        def on_task_instance_skipped(self, previous_state: Any, task_instance: Any) -> None:
            del previous_state
            self._ended(task_instance, "skipped")

        def _ended(self, task_instance: Any, outcome: str) -> None:
            console.back()
            quiet = task_instance.dag_id != BUILD and not outcome.startswith("FAILED")
            if not quiet:
                name = _task_name(task_instance)
                console.step(f"  {name}", outcome, time.monotonic() - self.started)

    get_listener_manager().add_listener(TaskLogs())

    def run(dag_id: str, conf: dict[str, Any]) -> tuple[str, str]:
        started = time.monotonic()
        dag_run = bag.dags[dag_id].test(run_conf=conf, logical_date=None)
        console.back()
        state = str(getattr(dag_run.state, "value", dag_run.state))
        console.step(dag_id, _outcome(dag_run, state), time.monotonic() - started)
        return state, str(dag_run.run_id)

    return run


def _outcome(dag_run: Any, state: str) -> str:
    """What an ingest run brought, from what its task `report` said; else the run's state."""
    reporter = dag_run.get_task_instance("report")
    said = reporter.xcom_pull(task_ids="report") if reporter is not None else None
    if not isinstance(said, dict):
        return state
    missing = f"; accounts missing: {', '.join(said['accounts_missing'])}"
    return f"{said['rows']:,} rows{missing if said['accounts_missing'] else ''}"


def _log_path(logs: Path, task_instance: Any) -> Path:
    """Where Airflow's page looks for the log of this try."""
    folder = (
        logs
        / f"dag_id={task_instance.dag_id}"
        / f"run_id={task_instance.run_id}"
        / f"task_id={task_instance.task_id}"
    )
    if task_instance.map_index is not None and task_instance.map_index >= 0:
        folder /= f"map_index={task_instance.map_index}"
    return folder / f"attempt={task_instance.try_number}.log"


def _task_name(task_instance: Any) -> str:
    index = task_instance.map_index
    return (
        task_instance.task_id if index is None or index < 0 else f"{task_instance.task_id}[{index}]"
    )


def _one_line(error: Any) -> str:
    """The error on one line: dbt says what is wrong in its second one."""
    return " ".join(str(error or "").split())[:300]


if __name__ == "__main__":
    sys.exit(main())
