"""One DAG per configured source: land every account's night in the lake."""

from __future__ import annotations

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, CronDataIntervalTimetable

from desilo import settings
from desilo.operators import API_RETRY_POLICY, LandOperator, ReportLandingOperator

DOCS = """
### Land {name}

Asks **{kind}** for the night and its trailing {reread_days} days, one task an account, and
writes what it says into the lake as it is. Days that are missing since {start_date} are asked
for again.

* **In**: connection `{connection}`, accounts {accounts}
* **Out**: loads under `{{LAKE}}/{name}/`; asset `landed__{name}` with day, rows, missing accounts
* **Owner**: data engineering

**When it fails**

1. Open the log of the red `land` task: its last line names the class of the error.
2. `AuthError`: renew the credentials in connection `{connection}`, clear the task.
3. `ThrottledError`: the quota is used up; it tries again by itself. `BadRequestError` or
   `VersionSunsetError`: the platform changed; see the source file `desilo/sources/{kind}.py`.
4. `TransientError`: clear the task when the platform is well again.

Nothing is lost meanwhile: the other accounts and sources go on, the release says through which day
this one is complete, and the next night asks for every day that is missing.
To load a range again: `make backfill SOURCE={name} FROM=YYYY-MM-DD TO=YYYY-MM-DD`.
"""


def ingest(source: settings.SourceConfig) -> DAG:
    with DAG(
        dag_id=f"ingest__{source.name}",
        schedule=CronDataIntervalTimetable(source.schedule, timezone="UTC"),
        start_date=settings.first_instant(source.start_date),
        catchup=False,
        max_active_runs=1,
        tags=["ingest", source.kind],
        doc_md=DOCS.format(
            name=source.name,
            kind=source.kind,
            reread_days=source.reread_days,
            start_date=source.start_date,
            connection=source.connection or "(none)",
            accounts=", ".join(source.accounts),
        ),
        default_args={
            "owner": "data-engineering",
            "retries": settings.task_retries(source.retries),
            "retry_policy": API_RETRY_POLICY,
        },
    ) as dag:
        land = LandOperator.partial(task_id="land", source=source.name).expand(
            account_id=list(source.accounts)
        )
        land >> ReportLandingOperator(task_id="report", source=source.name)
        # A second leaf, so that the run is red when any account is, though the asset is emitted.
        land >> EmptyOperator(task_id="every_account_landed")
    return dag


for each in settings.configuration().enabled_sources():
    globals()[f"ingest__{each.name}"] = ingest(each)
