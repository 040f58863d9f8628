"""Operators of `build_marts`: prepare, gate, build, gate, publish."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, astuple
from datetime import date
from pathlib import Path
from typing import Any, Literal

from airflow.sdk import BaseOperator, Context
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from desilo import assets, quality, release, settings, transform, warehouse
from desilo.days import run_day
from desilo.lake import Lake
from desilo.sources import REGISTRY

GATES: tuple[Literal["landing", "release"], ...] = ("landing", "release")


def _to_xcom(build: warehouse.Build) -> dict[str, Any]:
    return {**asdict(build), "day": build.day.isoformat()}


def _build(context: Context) -> warehouse.Build:
    """What `prepare` decided in this run."""
    said: Mapping[str, Any] = context["ti"].xcom_pull(task_ids="prepare")
    return warehouse.Build(
        day=date.fromisoformat(said["day"]),
        is_full_refresh=said["is_full_refresh"],
        changed_partitions=said["changed_partitions"],
        why=said["why"],
    )


def _gate_context() -> dict[str, Any]:
    """What the gates need to know of the sources: each stream as data."""
    return {
        "streams": [
            {
                "kind": kind,
                "stream": stream.name,
                "key": list(stream.key),
                "required": dict(stream.required),
                "money": dict(stream.money),
                "is_snapshot": stream.is_snapshot,
            }
            for kind, source in REGISTRY.items()
            for stream in source.streams
        ]
    }


def _docs_dir(gate: str) -> Path:
    return settings.home() / "gate_docs" / gate


class PrepareOperator(BaseOperator):
    """Show dbt what is new in the lake; a run by the clock that finds nothing new ends here."""

    def execute(self, context: Context) -> dict[str, Any]:
        configuration = settings.configuration()
        day = run_day(context, configuration.business_timezone, settings.now())
        conf = context["dag_run"].conf or {}
        build = warehouse.prepare(
            Lake(settings.lake_url()),
            configuration,
            day,
            force_full=bool(conf.get("full_refresh")),
            previous=release.before(day),
        )
        self.log.info("building %s: %s", day, build)
        serving = release.current()
        is_by_clock = str(context["dag_run"].run_type) == "scheduled"
        is_idle = not build.is_full_refresh and not build.changed_partitions
        if is_by_clock and is_idle and serving and serving.manifest["day"] == day.isoformat():
            raise AirflowSkipException(f"{serving.release_id} already holds everything landed")
        return _to_xcom(build)


class GateOperator(BaseOperator):
    """Run one gate; a critical failure blocks the night and leaves the last release served."""

    def __init__(self, *, gate: Literal["landing", "release"], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.gate = gate

    def execute(self, context: Context) -> dict[str, int]:
        build = _build(context)
        result = quality.run_gate(
            self.gate,
            settings.build_database(),
            day=build.day,
            docs_dir=_docs_dir(self.gate),
            context=_gate_context(),
        )
        warehouse.keep("checks", "gate", self.gate, [list(astuple(c)) for c in result.checks])
        for check in result.checks:
            if not check.success:
                self.log.warning("%s %s: %s", check.severity, check.check_name, check.details)
        if not result.passed:
            upto = GATES[: GATES.index(self.gate) + 1]
            docs: dict[str, Path] = {gate: _docs_dir(gate) for gate in upto}
            release.block(build.day, result.checks, docs, run_id=context["run_id"])
            names = sorted({check.check_name for check in result.blocking})
            raise AirflowFailException(
                f"{self.gate} gate blocked the night: {', '.join(names)}; "
                "the last good release stays served"
            )
        return {
            "passed": sum(check.success for check in result.checks),
            "warned": sum(not check.success for check in result.checks),
        }


class DbtLayerOperator(BaseOperator):
    """Build one layer of the dbt project."""

    def __init__(self, *, layer: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.layer = layer

    def execute(self, context: Context) -> int:
        build = _build(context)
        configuration = settings.configuration()
        results = transform.build_layer(self.layer, configuration, build)
        if self.layer == transform.LAYERS[-1]:
            warehouse.settle(configuration, build)
        return len(results)


class DocsOperator(BaseOperator):
    """Write the dbt docs of this build, with an example and a chart under every mart."""

    def execute(self, context: Context) -> str:
        target = settings.home() / "dbt_docs"
        transform.write_docs(settings.configuration(), _build(context), target, is_compiled=True)
        return str(target)


class PublishOperator(BaseOperator):
    """Make the release and switch `current` to it."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(outlets=[assets.RELEASE], **kwargs)

    def execute(self, context: Context) -> str:
        published = release.publish(
            _build(context),
            settings.configuration(),
            gate_docs={gate: _docs_dir(gate) for gate in GATES},
            dbt_docs=Path(context["ti"].xcom_pull(task_ids="docs")),
            descriptions=transform.descriptions(),
        )
        context["outlet_events"][assets.RELEASE].extra = {
            "release_id": published.release_id,
            "day": published.manifest["day"],
        }
        return published.release_id


class NightFailedOperator(BaseOperator):
    """Say on the page that the night ended early, unless a gate has said so already.

    It fails itself: it is the last task, and a run is as red as its last task.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(trigger_rule="one_failed", **kwargs)

    def execute(self, context: Context) -> None:
        configuration = settings.configuration()
        day = run_day(context, configuration.business_timezone, settings.now())
        if not release.blocking_reasons(context["run_id"]):
            release.failed(day, "a step of the night failed; see build_marts in Airflow")
        raise AirflowFailException("nothing was published; the red task above says why")
