"""The night: gate, build, gate, publish, when its assets are in or at the latest hour."""

from __future__ import annotations

from itertools import pairwise

from airflow.sdk import DAG, AssetAll, AssetOrTimeSchedule, CronDataIntervalTimetable, Param

from desilo import assets, settings
from desilo.operators import (
    DbtLayerOperator,
    DocsOperator,
    GateOperator,
    NightFailedOperator,
    PrepareOperator,
    PublishOperator,
)

DOCS = """
### Build the marts and publish the release

Runs when every source has landed, or at the latest hour with whatever is there. A run by the clock
that finds nothing new skips itself.

* **In**: the lake. **Out**: `releases/<day>.<nn>/`, link `releases/current`, asset `release`
* **Owner**: data engineering

**When it fails**

* `gate_landing` or `gate_release` red: the numbers were **not** published and the last good
  release stays served. The log names the checks; Data Docs of the attempt lie in
  `releases/blocked/<day>/data_docs/index.html`. Mend the cause (a wrong load: `restate` the range),
  then clear this run from `prepare` on.
* `build_staging` or `build_marts` red: a model or a dbt test failed; the log names it. Nothing was
  published. Clear the task after mending the model.
* `publish` red: nothing is half published, clear it.
* *the build database is in use*: another build runs; wait for it, or stop it.

To go back to the release before: `make rollback`.
"""

configuration = settings.configuration()

with DAG(
    dag_id="build_marts",
    schedule=AssetOrTimeSchedule(
        timetable=CronDataIntervalTimetable(configuration.latest_hour, timezone="UTC"),
        assets=AssetAll(*(assets.landed(each) for each in configuration.enabled_sources())),
    ),
    start_date=settings.first_instant(configuration.start_date),
    catchup=False,
    max_active_runs=1,
    tags=["build"],
    doc_md=DOCS,
    default_args={"owner": "data-engineering", "pool": "warehouse"},
    params={
        "day": Param(None, type=["null", "string"], description="the day to build, YYYY-MM-DD"),
        "full_refresh": Param(False, type="boolean", description="build from nothing"),
    },
):
    steps = [
        PrepareOperator(task_id="prepare"),
        GateOperator(task_id="gate_landing", gate="landing"),
        DbtLayerOperator(task_id="build_staging", layer="staging"),
        DbtLayerOperator(task_id="build_marts", layer="marts"),
        GateOperator(task_id="gate_release", gate="release"),
        DocsOperator(task_id="docs"),
        PublishOperator(task_id="publish"),
    ]
    for before, after in pairwise(steps):
        before >> after
    steps >> NightFailedOperator(task_id="tell_that_the_night_failed")
