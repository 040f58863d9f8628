"""Numbers of the extra ad platforms: spend that settles the next morning, conversions on two
clocks.

A conversion happens on the day of its click or up to six days later. By billing time it counts on
the day of the click, so a day grows for a week; by event time on the day it happened, so a day is
final the next morning and may have conversions without spend. Both are sums of the same
conversions.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sandbox import ads, catalog
from sandbox.clock import DAY, DAYS, FIRST_DAY, HOUR, local_us

LONGEST_DELAY = 6  # days from the click to the conversion
DELAYS = (0.46, 0.22, 0.12, 0.08, 0.05, 0.04, 0.03)  # share of conversions by delay
SETTLES_AT = 8 * HOUR  # a day's numbers may move until this time of the day after


@dataclass(frozen=True)
class ExtraNumbers:
    """Final numbers per (day of the world in the account's zone, cell of `EXTRA_CELLS`)."""

    cents: np.ndarray
    impressions: np.ndarray
    clicks: np.ndarray
    conversions: np.ndarray  # whole ones per (delay, day of the click, cell)
    noise: np.ndarray  # -0.012 .. 0.012, how far spend is off until it has settled


def make_numbers(scale: float, rng: np.random.Generator) -> ExtraNumbers:
    """Numbers of every extra account; `scale` is the size of the world."""
    spend = ads.plan_spend(scale, rng, catalog.EXTRA_CELLS, catalog.EXTRA_CAMPAIGNS)
    per_eur = np.array([cell.campaign.account.per_eur for cell in catalog.EXTRA_CELLS])
    runs = spend > 0
    clicks = np.where(runs, rng.poisson(spend / 2.0 + 3.0), 0)
    total = rng.poisson(0.12 * clicks)
    return ExtraNumbers(
        cents=np.rint(spend * per_eur[None, :] * 100).astype(np.int64),
        impressions=np.where(runs, clicks * 45 + rng.poisson(spend * 50 + 20), 0),
        clicks=clicks,
        conversions=np.moveaxis(rng.multinomial(total, DELAYS), -1, 0),
        noise=rng.uniform(-0.012, 0.012, size=spend.shape),
    )


def report(
    numbers: ExtraNumbers, account_id: str, since: int, until: int, now: int
) -> list[ads.Row]:
    """Rows of an account for the days since..until (day numbers), as of `now`: with delivery, or
    with conversions that happened on the day. Ordered by day, then cell."""
    account = catalog.ACCOUNT_BY_ID[account_id]
    wall = int(local_us(now, account.zone))
    today = wall // DAY - FIRST_DAY
    settled = (wall - SETTLES_AT) // DAY - FIRST_DAY - 1  # the last day that has settled
    rows = []
    for day in range(max(since - FIRST_DAY, 0), min(until - FIRST_DAY, DAYS - 1, today) + 1):
        moved = 1.0 if day <= settled else 1 + numbers.noise[day]
        moved = moved * (0.5 if day == today else 1.0)
        cents = np.rint(numbers.cents[day] * moved).astype(np.int64)
        shown = np.rint(numbers.impressions[day] * (0.5 if day == today else 1)).astype(np.int64)
        clicks = np.rint(numbers.clicks[day] * moved).astype(np.int64)
        billed, happened = np.zeros_like(cents), np.zeros_like(cents)
        for delay in range(LONGEST_DELAY + 1):
            if day + delay <= today:
                billed += _seen(numbers.conversions[delay, day], day + delay <= settled)
            if day >= delay:
                happened += _seen(numbers.conversions[delay, day - delay], day <= settled)
        for number, cell in enumerate(catalog.EXTRA_CELLS):
            spends = numbers.cents[day, number] > 0
            if cell.campaign.account is account and (spends or happened[number]):
                rows.append(
                    ads.Row(
                        cell=len(catalog.CELLS) + number,
                        day=day + FIRST_DAY,
                        cents=max(int(cents[number]), int(spends)),
                        impressions=max(int(shown[number]), int(spends)),
                        clicks=int(clicks[number]),
                        conversions=int(billed[number]) * 100,
                        view_conversions=0,
                        value_cents=0,
                        event_conversions=int(happened[number]) * 100,
                    )
                )
    return rows


def _seen(conversions: np.ndarray, is_settled: bool) -> np.ndarray:
    """Half of what happened on a day is told before the day has settled."""
    return conversions if is_settled else conversions // 2
