"""The day of a run, and the zones it is meant in.

A night is keyed by one day: the last company day that is closed when it runs. Every task asks
`run_day`, whoever started it (schedule, backfill, assets, or a person with a configuration).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo


def parse_day(text: str) -> date:
    """An ISO day.

    Raises:
        ValueError: anything else, with the form that is wanted.
    """
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise ValueError(f"not a day: {text!r}; write it as YYYY-MM-DD") from None


def days_between(since: date, until: date) -> list[date]:
    """Every day from since to until, both included; empty when until is earlier."""
    return [since + timedelta(days=offset) for offset in range((until - since).days + 1)]


def last_closed_day(now: datetime, timezone: str) -> date:
    """The day before the one that `now` falls in, in the given zone."""
    return now.astimezone(ZoneInfo(timezone)).date() - timedelta(days=1)


def run_day(context: Mapping[str, Any], timezone: str, now: datetime) -> date:
    """The day a DAG run is for.

    In this order: the run's own configuration (`{"day": "2026-03-31"}`), the assets that started
    it (the latest day they carry), the end of its data interval (a run scheduled or backfilled for
    2026-03-31 ends on 04-01 and works on 03-31), else now. A day that is not closed yet at `now`
    is never asked for by the clock.
    """
    dag_run = context.get("dag_run")
    conf = getattr(dag_run, "conf", None) or {}
    if conf.get("day"):
        return parse_day(str(conf["day"]))
    carried = list(_asset_days(context.get("triggering_asset_events") or {}))
    if carried:
        return max(carried)
    start = getattr(dag_run, "data_interval_start", None)
    end = getattr(dag_run, "data_interval_end", None)
    if start is not None and end is not None and end > start:
        return last_closed_day(min(end, now), timezone)
    return last_closed_day(now, timezone)


def _asset_days(events: Mapping[Any, Iterable[Any]]) -> Iterable[date]:
    for asset_events in events.values():
        for event in asset_events:
            day = (getattr(event, "extra", None) or {}).get("day")
            if day:
                yield parse_day(str(day))
