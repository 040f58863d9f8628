"""Operators of the ingest DAGs: land one account, then say how the source's night went."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from airflow.sdk import BaseHook, BaseOperator, Context
from airflow.sdk.exceptions import (
    AirflowFailException,
    AirflowNotFoundException,
    AirflowSkipException,
)

from desilo import assets, settings
from desilo.days import parse_day, run_day
from desilo.lake import Lake
from desilo.landing import land
from desilo.sources import REGISTRY, Connection
from desilo.transport import HttpSession


class LandOperator(BaseOperator):
    """Land one account of one source for the run's day, with its trailing window.

    Args:
        source: name in the list of sources.
        account_id: the platform's own id of the account.

    The run's configuration may carry `since` (first day to ask for), `accept_shrunken`, and
    `source`: with is_only_for_named_source the task skips itself where that names another one.
    """

    template_fields: Sequence[str] = ("source", "account_id")

    def __init__(
        self,
        *,
        source: str,
        account_id: str,
        is_only_for_named_source: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.source = source
        self.account_id = account_id
        self.is_only_for_named_source = is_only_for_named_source

    def execute(self, context: Context) -> dict[str, Any]:
        configuration = settings.configuration()
        config = configuration.source(self.source)
        now = settings.now()
        day = run_day(context, configuration.business_timezone, now)
        conf = context["dag_run"].conf or {}
        if self.is_only_for_named_source and conf.get("source") not in (None, "", self.source):
            raise AirflowSkipException(f"this run is for {conf['source']}")
        since = parse_day(str(conf["since"])) if conf.get("since") else None
        source = REGISTRY[config.kind](
            _connection(config.connection),
            config.options,
            HttpSession(config.name, clock=settings.now, max_wait_s=settings.max_wait_s()),
        )
        report = land(
            config,
            source,
            self.account_id,
            Lake(settings.lake_url()),
            day=day,
            fetched_at=now,
            since=since,
            accept_shrunken=bool(conf.get("accept_shrunken")),
        )
        return {
            "account_id": self.account_id,
            "rows": report.rows,
            "loads": report.loads,
            "unchanged": report.unchanged,
            "suspects": report.suspects,
            "through": report.through.isoformat() if report.through else None,
        }


class ReportLandingOperator(BaseOperator):
    """Emit the source's asset when at least one account landed, whatever became of the others.

    The event carries the day, the rows, and the accounts that did not land.
    """

    def __init__(self, *, source: str, **kwargs: Any) -> None:
        self.source = source
        self.asset = assets.landed(settings.configuration().source(source))
        super().__init__(outlets=[self.asset], trigger_rule="all_done", **kwargs)

    def execute(self, context: Context) -> dict[str, Any]:
        configuration = settings.configuration()
        config = configuration.source(self.source)
        landed = [report for report in self._reports(context) if report]
        missing = sorted(set(config.accounts) - {report["account_id"] for report in landed})
        if not landed:
            raise AirflowFailException(
                f"{self.source}: no account landed ({', '.join(missing)}); see the tasks `land`"
            )
        day = run_day(context, configuration.business_timezone, settings.now())
        extra = {
            "day": day.isoformat(),
            "rows": sum(report["rows"] for report in landed),
            "accounts_missing": missing,
            "suspects": [line for report in landed for line in report["suspects"]],
        }
        context["outlet_events"][self.asset].extra = extra
        return extra

    def _reports(self, context: Context) -> list[dict[str, Any]]:
        found = context["ti"].xcom_pull(task_ids="land")
        if found is None:
            return []
        return [found] if isinstance(found, dict) else list(found)


def _connection(name: str) -> Connection:
    """The credentials of a source, from Airflow's connections or the environment."""
    if not name:
        return Connection(base_url="")
    try:
        known = BaseHook.get_connection(name)
    except AirflowNotFoundException:
        raise AirflowFailException(
            f"connection {name!r} is not defined: add it under Admin > Connections, "
            f"or set AIRFLOW_CONN_{name.upper()} (see .env.example)"
        ) from None
    extra = {key: str(value) for key, value in known.extra_dejson.items()}
    return Connection(
        base_url=extra.pop("base_url", "") or _base_url(known),
        login=known.login or "",
        password=known.password or "",
        extra=extra,
    )


def _base_url(known: Any) -> str:
    host = known.host or ""
    if not host or "://" in host:
        return host.rstrip("/")
    port = f":{known.port}" if known.port else ""
    return f"{known.schema or 'https'}://{host}{port}"
