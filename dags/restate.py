"""By hand: ask every source for a range again, then build the marts anew."""

from __future__ import annotations

from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.sdk import DAG, Param

from desilo import settings
from desilo.operators import API_RETRY_POLICY, LandOperator

DOCS = """
### Restate a range

Use it when a platform corrected its numbers, when a load was wrong, or when a gate named a
`suspect` load that is right after all. Trigger it with:

* `since` and `day`: first and last day to ask for
* `source`: one source, or empty for all
* `accept_shrunken`: take the answers as they are, even where they are smaller than before

The superseded loads stay in the lake, so `fct_spend_restatement` shows what moved.

* **Owner**: data engineering

**When it fails**: see the documentation of the ingest DAG of the red source. Nothing is lost; the
days that did land count, and a second run asks for the whole range again.
"""

configuration = settings.configuration()

with DAG(
    dag_id="restate",
    schedule=None,
    catchup=False,
    max_active_runs=1,
    tags=["by-hand"],
    doc_md=DOCS,
    default_args={"owner": "data-engineering", "retry_policy": API_RETRY_POLICY},
    params={
        "since": Param("", type="string", description="first day, YYYY-MM-DD"),
        "day": Param("", type="string", description="last day, YYYY-MM-DD"),
        "source": Param("", type="string", description="one source, or empty for all"),
        "accept_shrunken": Param(False, type="boolean"),
    },
):
    lands = [
        LandOperator(
            task_id=f"land__{source.name}__{place}",
            source=source.name,
            account_id=account,
            is_only_for_named_source=True,
        )
        for source in configuration.enabled_sources()
        for place, account in enumerate(source.accounts)
    ]
    lands >> TriggerDagRunOperator(
        task_id="build",
        trigger_dag_id="build_marts",
        conf={"day": "{{ params.day }}"},
        trigger_rule="none_failed_min_one_success",
    )
