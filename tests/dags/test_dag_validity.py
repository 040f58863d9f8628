"""Every DAG loads, explains itself, and keeps the house's rules."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from desilo import settings

DAG_FILES = sorted((settings.PROJECT_ROOT / "dags").glob("*.py"))

PROBE = """
import json, os
from airflow.dag_processing.dagbag import DagBag
bag = DagBag(dag_folder=os.environ["AIRFLOW__CORE__DAGS_FOLDER"])
said = {
    dag_id: {
        "doc": dag.doc_md or "",
        "tags": sorted(dag.tags),
        "max_active_runs": dag.max_active_runs,
        "catchup": dag.catchup,
        "schedule": type(dag.timetable).__name__,
        "tasks": {
            task.task_id: {
                "pool": task.pool, "owner": task.owner, "retries": task.retries,
                "down": sorted(task.downstream_task_ids), "trigger_rule": str(task.trigger_rule),
                "outlets": [asset.name for asset in getattr(task, "outlets", [])],
            }
            for task in dag.tasks
        },
    }
    for dag_id, dag in bag.dags.items()
}
print("PROBE" + json.dumps({"errors": bag.import_errors, "dags": said}))
"""


@pytest.fixture(scope="session")
def bag(tmp_path_factory: pytest.TempPathFactory) -> dict:
    """What a DAG processor would see, from a process of its own."""
    import json
    import os

    from desilo import local

    home = tmp_path_factory.mktemp("airflow")
    environment = {**os.environ, "DESILO_HOME": str(home), "DESILO_WORLD": "sandbox"}
    environment.pop("DESILO_CONFIG", None)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DESILO_HOME", str(home))
        environment |= local.airflow_environment()
    said = subprocess.run(
        [sys.executable, "-c", PROBE], env=environment, capture_output=True, text=True, check=True
    )
    line = next(each for each in said.stdout.splitlines() if each.startswith("PROBE"))
    return json.loads(line.removeprefix("PROBE"))


def test_every_dag_file_loads(bag: dict) -> None:
    assert bag["errors"] == {}


def test_there_is_one_ingest_dag_per_enabled_source(
    bag: dict, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DESILO_WORLD", "sandbox")
    monkeypatch.delenv("DESILO_CONFIG", raising=False)
    wanted = {f"ingest__{source.name}" for source in settings.configuration().enabled_sources()}
    assert {dag_id for dag_id in bag["dags"] if dag_id.startswith("ingest__")} == wanted


def test_every_dag_says_what_to_do_when_it_fails_and_who_owns_it(bag: dict) -> None:
    for dag_id, dag in bag["dags"].items():
        assert "**When it fails**" in dag["doc"], dag_id
        assert "**Owner**" in dag["doc"], dag_id
        assert dag["tags"], dag_id


def test_no_dag_catches_up_or_runs_twice_at_once(bag: dict) -> None:
    for dag_id, dag in bag["dags"].items():
        assert (dag["catchup"], dag["max_active_runs"]) == (False, 1), dag_id


def test_the_night_gates_before_it_builds_and_before_it_publishes(bag: dict) -> None:
    tasks = bag["dags"]["build_marts"]["tasks"]
    order = ["prepare"]
    while order[-1] != "publish":
        following = [name for name in tasks[order[-1]]["down"] if not name.startswith("tell_")]
        assert len(following) == 1
        order += following
    assert order == [
        "prepare", "gate_landing", "build_staging", "build_marts", "gate_release",
        "docs", "publish",
    ]  # fmt: skip
    assert tasks["publish"]["outlets"] == ["release"]


def test_whatever_writes_the_build_database_takes_the_one_slot(bag: dict) -> None:
    for name, task in bag["dags"]["build_marts"]["tasks"].items():
        assert task["pool"] == "warehouse", name


def test_an_ingest_dag_emits_its_asset_though_an_account_failed(bag: dict) -> None:
    report = bag["dags"]["ingest__meta_ads"]["tasks"]["report"]
    assert report["outlets"] == ["landed__meta_ads"]
    assert report["trigger_rule"].lower().endswith("all_done")


@pytest.mark.parametrize("path", DAG_FILES, ids=lambda path: path.name)
def test_dag_files_are_tables_of_contents(path: Path) -> None:
    text = path.read_text()
    assert len(text.splitlines()) <= 80
    assert "airflow.models" not in text
    assert "airflow.decorators" not in text
