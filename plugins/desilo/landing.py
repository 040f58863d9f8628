"""Land one account of one source: ask the platform, write what it says into the lake.

A night asks for a trailing window (the platform restates its numbers), for every earlier day that
is not in the lake yet, and for those that were read last while they still moved. So a platform that
was down for three nights heals itself. Each day becomes a load of its own, in the lake only when
the platform's answer for it is complete.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import groupby
from operator import itemgetter

from desilo.days import days_between
from desilo.lake import Lake, Load, LoadWriter, begin
from desilo.settings import SourceConfig
from desilo.sources.base import Source, Stream

log = logging.getLogger(__name__)

SHRUNKEN_BELOW = 0.5
"""A load with less than this share of the rows of the one before it is suspect."""
SHRUNKEN_FROM_ROWS = 5
"""Below so many rows a smaller answer is ordinary; only an empty one is suspect."""
UNFINISHED_FOR = timedelta(days=1)


@dataclass
class LandReport:
    """What one account's landing did: loads written, rows in them, and what looked wrong."""

    account_id: str
    rows: int = 0
    loads: int = 0
    unchanged: int = 0
    suspects: list[str] = field(default_factory=list)
    through: date | None = None

    def add(self, load: Load, *, is_snapshot: bool) -> None:
        self.loads += 1
        self.rows += load.rows
        self.unchanged += bool(load.same_as)
        if load.status == "suspect":
            self.suspects.append(f"{load.stream} {load.day}: {load.reason}")
        elif not is_snapshot:
            self.through = max(self.through or load.day, load.day)


def land(
    config: SourceConfig,
    source: Source,
    account_id: str,
    lake: Lake,
    *,
    day: date,
    fetched_at: datetime,
    since: date | None = None,
    accept_shrunken: bool = False,
) -> LandReport:
    """Land every stream of one account through `day`.

    Args:
        since: first day to ask for; without it the trailing window plus the days that are missing.
        accept_shrunken: take an answer as it is even where it is smaller than the one before.

    Raises:
        desilo.transport.SourceError: the platform did not give a complete answer; days that were
            complete before it failed stay landed.
    """
    lake.sweep(config.name, fetched_at - UNFINISHED_FOR)
    report = LandReport(account_id)
    for stream in source.streams:
        for first, last in _spans(config, stream, lake, account_id, day, since):
            log.info(
                "%s %s %s: asking for %s to %s", config.name, account_id, stream.name, first, last
            )
            for load in _land_span(
                config, source, stream, account_id, lake, first, last, fetched_at, accept_shrunken
            ):
                report.add(load, is_snapshot=stream.is_snapshot)
    log.info(
        "%s %s: %d rows in %d loads (%d said nothing new), complete through %s",
        config.name,
        account_id,
        report.rows,
        report.loads,
        report.unchanged,
        report.through,
    )
    return report


def _spans(
    config: SourceConfig,
    stream: Stream,
    lake: Lake,
    account_id: str,
    day: date,
    since: date | None,
) -> list[tuple[date, date]]:
    """Runs of consecutive days to ask for, the oldest first."""
    if stream.is_snapshot:
        return [(day, day)]
    if since is not None:
        return [(max(since, config.start_date), day)]
    window = max(config.start_date, day - timedelta(days=config.reread_days - 1))
    folders = lake.landed_days(config.name, stream.name, account_id)

    def is_wanting(earlier: date) -> bool:
        if earlier not in folders:
            return True
        newest = lake.newest(config.name, stream.name, account_id, earlier)
        settled = earlier + timedelta(days=config.reread_days)
        return newest is None or newest.fetched_at.date() < settled

    earlier_days = days_between(config.start_date, window - timedelta(days=1))
    return _runs([*filter(is_wanting, earlier_days), *days_between(window, day)])


def _runs(days: Iterable[date]) -> list[tuple[date, date]]:
    numbered = ((each.toordinal() - place, each) for place, each in enumerate(days))
    runs = []
    for _, group in groupby(numbered, key=itemgetter(0)):
        members = [each for _, each in group]
        runs.append((members[0], members[-1]))
    return runs


def _land_span(
    config: SourceConfig,
    source: Source,
    stream: Stream,
    account_id: str,
    lake: Lake,
    first: date,
    last: date,
    fetched_at: datetime,
    accept_shrunken: bool,
) -> Iterator[Load]:
    open_loads: dict[date, LoadWriter] = {}

    def writer(day: date) -> LoadWriter:
        if day not in open_loads:
            open_loads[day] = begin(
                lake,
                kind=config.kind,
                source=config.name,
                stream=stream.name,
                account_id=account_id,
                day=day,
                fetched_at=fetched_at,
            )
        return open_loads[day]

    try:
        for page in source.fetch(stream, account_id, first, last):
            for text_day, rows in groupby(page.rows, key=itemgetter(0)):
                # A row dated outside what was asked for is not lost: it lands with the nearest
                # day that was, where the gate sees that its own date differs.
                day = min(max(date.fromisoformat(text_day), first), last)
                writer(day).append([record for _, record in rows])
            for day in page.covers:
                load = writer(day)
                previous = lake.newest(config.name, stream.name, account_id, day)
                suspicion = "" if accept_shrunken else _suspicion(previous, load.rows)
                yield load.commit(
                    previous,
                    suspicion=suspicion,
                    request=page.request,
                    api_version=page.api_version,
                )
                del open_loads[day]
    finally:
        for load in open_loads.values():
            load.abort()


def _suspicion(previous: Load | None, rows: int) -> str:
    if previous is None or previous.rows == 0:
        return ""
    if rows == 0:
        return f"empty, the load before had {previous.rows} rows"
    if previous.rows >= SHRUNKEN_FROM_ROWS and rows < previous.rows * SHRUNKEN_BELOW:
        return f"{rows} rows, the load before had {previous.rows}"
    return ""
