"""What the ad platforms count: spend, impressions, clicks and claimed conversions, restated with
age.

`final` numbers are what a day settles at; `report` gives them as of an age in days, the same for
the server and for the truth ledger, so a platform's answer at any moment can be checked to the
cent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sandbox import catalog
from sandbox.clock import DAYS, FIRST_DAY, local_day

EUR_PER_DAY = 1_500.0  # spend of the whole default world, all accounts together
RESTATEMENT_DAYS = {catalog.META: 3.0, catalog.GOOGLE: 6.0, catalog.TIKTOK: 2.5}
SPEND_SETTLES_AFTER = 2  # days of age up to which spend and clicks may still move


def plan_spend(
    scale: float,
    rng: np.random.Generator,
    cells: Sequence[catalog.Cell] = catalog.CELLS,
    campaigns: Sequence[catalog.Campaign] = catalog.CAMPAIGNS,
) -> np.ndarray:
    """Euro spent per (day of the world, cell); 0 where a cell does not run."""
    weight = rng.lognormal(0.0, 0.45, size=len(cells))
    share = np.zeros(len(cells))
    for campaign in campaigns:
        index = [i for i, cell in enumerate(cells) if cell.campaign is campaign]
        bare = [i for i in index if cells[i].ad is None]
        carried = [i for i in index if cells[i].ad is not None]
        budget = campaign.account.share * campaign.share
        if bare:
            share[bare] = budget * campaign.bare_share
        if carried:
            share[carried] = (
                budget * (1 - campaign.bare_share) * weight[carried] / weight[carried].sum()
            )
    day = np.arange(DAYS)
    rhythm = (1.0 + 0.25 * day / DAYS) * (1.0 + 0.12 * np.isin((day + 3) % 7, (5, 6)))
    spend = (
        EUR_PER_DAY
        * scale
        * rhythm[:, None]
        * share[None, :]
        * rng.lognormal(0, 0.2, (DAYS, len(cells)))
    )
    start = np.array([cell.start for cell in cells]) - FIRST_DAY
    stop = np.array([cell.stop for cell in cells]) - FIRST_DAY
    runs = (day[:, None] >= start) & (day[:, None] <= stop) & (rng.random(spend.shape) > 0.015)
    return np.where(runs, np.maximum(spend, 0.02), 0.0)


def choose_cells(
    platform: str, day: np.ndarray, spend: np.ndarray, tagged: bool, rng: np.random.Generator
) -> np.ndarray:
    """A cell of the platform for each touch, as likely as its spend on the day; -1 where none
    ran."""
    wanted = [
        i
        for i, cell in enumerate(catalog.CELLS)
        if cell.campaign.account.platform == platform and cell.campaign.is_tagged == tagged
    ]
    index = np.array(wanted)
    cumulated = spend[:, index].cumsum(axis=1)
    mark = rng.random(len(day)) * cumulated[day, -1]
    position = (mark[:, None] >= cumulated[day]).sum(axis=1)
    return np.where(position < len(index), index[np.minimum(position, len(index) - 1)], -1)


@dataclass(frozen=True)
class AdNumbers:
    """Final numbers per (day of the world in the account's zone, cell); money in whole cents."""

    cents: np.ndarray
    impressions: np.ndarray
    clicks: np.ndarray
    conversions: np.ndarray  # hundredths of a conversion, whole ones except at Google
    view_conversions: np.ndarray
    value_cents: np.ndarray  # claimed conversion value at the final number of conversions
    noise: np.ndarray  # per (age 0..SPEND_SETTLES_AFTER, day, cell): -0.012 .. 0.012


def make_numbers(
    spend: np.ndarray, cell: np.ndarray, touched_at: np.ndarray, rng: np.random.Generator
) -> AdNumbers:
    """Numbers that can have brought the touches: every touch of a cell was one of its clicks."""
    touches = np.zeros(spend.shape, dtype=np.int64)
    per_eur = np.array([entry.campaign.account.per_eur for entry in catalog.CELLS])
    for account in catalog.ACCOUNTS:
        index = np.array([i for i, c in enumerate(catalog.CELLS) if c.campaign.account is account])
        mine = np.isin(cell, index)
        day = local_day(touched_at[mine], account.zone) - FIRST_DAY
        inside = (day >= 0) & (day < DAYS)
        np.add.at(touches, (day[inside], cell[mine][inside]), 1)
    runs = spend > 0
    clicks = np.where(runs, touches + rng.poisson(0.45 * touches + spend / 9.0 + 0.3), 0)
    impressions = np.where(runs, clicks * 55 + rng.poisson(spend * 60 + 20), 0)
    google = np.array([c.campaign.account.platform == catalog.GOOGLE for c in catalog.CELLS])
    whole = rng.poisson(0.11 * clicks)
    split = rng.integers(0, 100, size=spend.shape) * (whole > 0)
    conversions = np.where(google[None, :], whole * 100 - split, whole * 100)
    cents = np.rint(spend * per_eur[None, :] * 100).astype(np.int64)
    value = np.rint(
        conversions / 100 * 84 * per_eur[None, :] * 100 * rng.uniform(0.8, 1.2, spend.shape)
    )
    return AdNumbers(
        cents=cents,
        impressions=impressions,
        clicks=clicks,
        conversions=conversions,
        view_conversions=rng.poisson(0.03 * clicks) * runs,
        value_cents=value.astype(np.int64),
        noise=rng.uniform(-0.012, 0.012, size=(SPEND_SETTLES_AFTER + 1, *spend.shape)),
    )


@dataclass(frozen=True)
class Row:
    """A cell's day as its platform reports it at some moment (money in cents, native currency)."""

    cell: int  # row of catalog.ALL_CELLS
    day: int
    cents: int
    impressions: int
    clicks: int
    conversions: int  # hundredths
    view_conversions: int
    value_cents: int
    event_conversions: int = 0  # hundredths, on the day they happened; only extra platforms tell


def video_plays(campaign: catalog.Campaign, impressions: int) -> int | None:
    """Plays that a platform counts: Google is not asked for them, Meta has them for films only."""
    if campaign.account.platform == catalog.TIKTOK:
        return impressions * 9 // 10
    if campaign.account.platform == catalog.META and "Video" in campaign.names[0][1]:
        return impressions // 3
    if campaign.account.platform == catalog.OCEAN:
        return impressions * 7 // 10
    return None


def report(numbers: AdNumbers, account_id: str, since: int, until: int, now: int) -> list[Row]:
    """Rows with delivery of an account for the days since..until (day numbers), as of `now`.

    Days that have not begun in the account's zone have no rows; the running day is about half
    done. Ordered by day, then cell.
    """
    account = catalog.ACCOUNT_BY_ID[account_id]
    today = int(local_day(now, account.zone)) - FIRST_DAY
    first, last = max(since - FIRST_DAY, 0), min(until - FIRST_DAY, DAYS - 1, today)
    index = np.array([i for i, c in enumerate(catalog.CELLS) if c.campaign.account is account])
    if last < first:
        return []
    window = (slice(first, last + 1), index)
    age = np.broadcast_to(
        (today - np.arange(first, last + 1))[:, None], (last - first + 1, len(index))
    )
    young = np.minimum(age, SPEND_SETTLES_AFTER)
    rows = np.arange(first, last + 1)[:, None]
    moved = np.where(
        age <= SPEND_SETTLES_AFTER, 1 + numbers.noise[young, rows, index[None, :]], 1.0
    )
    moved = np.where(age == 0, 0.5 * moved, moved)
    known = 1 - np.exp(-age / RESTATEMENT_DAYS[account.platform])
    step = 1 if account.platform == catalog.GOOGLE else 100
    final_cents, final_conversions = numbers.cents[window], numbers.conversions[window]
    conversions = np.rint(final_conversions * known / step).astype(np.int64) * step
    value = np.where(
        final_conversions > 0,
        numbers.value_cents[window] * conversions / np.maximum(final_conversions, 1),
        0,
    )
    fields = (
        np.maximum(np.rint(final_cents * moved), 1).astype(np.int64),
        np.maximum(np.rint(numbers.impressions[window] * np.where(age == 0, 0.5, 1)), 1).astype(
            np.int64
        ),
        np.rint(numbers.clicks[window] * moved).astype(np.int64),
        conversions,
        np.rint(numbers.view_conversions[window] * known).astype(np.int64),
        np.rint(value).astype(np.int64),
    )
    day_at, cell_at = np.nonzero(final_cents)
    columns = [array[day_at, cell_at].tolist() for array in fields]
    days = (day_at + first + FIRST_DAY).tolist()
    return [Row(*row) for row in zip(index[cell_at].tolist(), days, *columns, strict=True)]
