"""What the platforms share: requests, answers and report lines before they are written in
anyone's way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import orjson

from sandbox import ads, catalog
from sandbox.faults import Faults, Rule, damaged
from sandbox.world import World


@dataclass
class Call:
    """A request as a platform sees it; `path` starts behind the platform's prefix."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]  # lower-case names
    body: bytes
    origin: str  # "http://127.0.0.1:<port>"
    prefix: str
    rule: Rule | None = None


@dataclass
class Answer:
    """A response; the server adds the length and applies damage to the bytes."""

    status: int
    body: bytes
    headers: dict[str, str] = field(
        default_factory=lambda: {"Content-Type": "application/json; charset=utf-8"}
    )


@dataclass(frozen=True)
class Span:
    """What a request is about, for the rules: account, days asked for, report level."""

    account: str | None = None
    since: int | None = None
    until: int | None = None
    level: str | None = None


def json_answer(
    document: Any, status: int = 200, headers: Mapping[str, str] | None = None
) -> Answer:
    """An answer with a JSON body."""
    answer = Answer(status, orjson.dumps(document))
    answer.headers.update(headers or {})
    return answer


@dataclass(frozen=True)
class Line:
    """A report line of a campaign, or of one of its ads, on a day (or over days: `day` is the
    first)."""

    day: int
    campaign: catalog.Campaign
    ad: catalog.Ad | None
    cents: int
    impressions: int
    clicks: int
    conversions: int  # hundredths
    view_conversions: int
    value_cents: int
    video_plays: int
    event_conversions: int = 0  # hundredths


def report_lines(
    world: World, faults: Faults, account_id: str, level: str, since: int, until: int, now: int
) -> list[Line]:
    """Lines with delivery of an account at a level (`campaign` or `ad`) by day, silent faults
    included."""

    def true_lines(first: int, last: int) -> list[Line]:
        rows = world.ad_rows(account_id, first, last, now)
        return _ad_lines(rows) if level == "ad" else _campaign_lines(rows)

    platform = catalog.ACCOUNT_BY_ID[account_id].platform
    rules = faults.silent(platform, account_id, level)
    return damaged(
        rules,
        level,
        since,
        until,
        true_lines(since, until),
        lambda day, label: [replace(line, day=label) for line in true_lines(day, day)],
    )


def _ad_lines(rows: list[ads.Row]) -> list[Line]:
    lines = []
    for row in rows:
        cell = catalog.ALL_CELLS[row.cell]
        if cell.ad is not None:
            lines.append(_line(row, cell.campaign, cell.ad))
    return lines


def _line(row: ads.Row, campaign: catalog.Campaign, ad: catalog.Ad | None) -> Line:
    return Line(
        row.day, campaign, ad, row.cents, row.impressions, row.clicks,
        row.conversions, row.view_conversions, row.value_cents,
        ads.video_plays(campaign, row.impressions) or 0, row.event_conversions,
    )  # fmt: skip


def _campaign_lines(rows: list[ads.Row]) -> list[Line]:
    """A campaign's day is the sum of its ads and of what no ad carries."""
    return total_lines([_line(row, catalog.ALL_CELLS[row.cell].campaign, None) for row in rows])


def entity_of(line: Line, level: str) -> str:
    """Id of the account's entity at a level that a line belongs to; the account itself has none."""
    if level == "account":
        return ""
    if level == "campaign" or line.ad is None:
        return line.campaign.entity_id
    return line.ad.entity_id if level == "ad" else line.ad.ad_group.entity_id


def total_lines(lines: list[Line], level: str = "campaign", by_day: bool = True) -> list[Line]:
    """Lines summed per entity of a level and, unless told otherwise, day."""
    totals: dict[tuple[int, str], Line] = {}
    for line in lines:
        key = (line.day if by_day else 0, entity_of(line, level))
        so_far = totals.get(key)
        totals[key] = line if so_far is None else replace(
            so_far,
            cents=so_far.cents + line.cents,
            impressions=so_far.impressions + line.impressions,
            clicks=so_far.clicks + line.clicks,
            conversions=so_far.conversions + line.conversions,
            view_conversions=so_far.view_conversions + line.view_conversions,
            value_cents=so_far.value_cents + line.value_cents,
            video_plays=so_far.video_plays + line.video_plays,
            event_conversions=so_far.event_conversions + line.event_conversions,
        )  # fmt: skip
    return list(totals.values())


def major(cents: int) -> str:
    """Cents as decimal text in major units."""
    return f"{cents // 100}.{cents % 100:02d}"


def ratio(part: float, whole: float, digits: int) -> str:
    """A quotient as platforms print it; zero where there is nothing to divide by."""
    return f"{part / whole:.{digits}f}" if whole else f"{0:.{digits}f}"
