"""Numbers of the ad platforms: fixed at each age, grown up at last, equal at every grain."""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from sandbox import ads, catalog
from sandbox.clock import DAY, FIRST_DAY, LAST_DAY, local_day, night
from sandbox.faults import Faults
from sandbox.journeys import touched_cells
from sandbox.platforms.common import report_lines
from sandbox.world import World


def at_age(world: World, account: str, day: int, age: int) -> dict[int, ads.Row]:
    """Rows of a day when it is `age` days old in the account's zone."""
    rows = ads.report(world.ads, account, day, day, night(day + age - 1))
    return {row.cell: row for row in rows}


def test_an_age_always_has_the_same_numbers(world: World) -> None:
    day = FIRST_DAY + 30
    for age in (1, 2, 3, 10):
        assert at_age(world, "1001", day, age) == at_age(world, "1001", day, age)


def test_conversions_grow_towards_the_final_number(world: World) -> None:
    for account in catalog.ACCOUNTS:
        totals = []
        for age in (1, 2, 5, 12, 40):
            rows = [
                at_age(world, account.account_id, day, age)
                for day in range(FIRST_DAY, FIRST_DAY + 20)
            ]
            totals.append(sum(row.conversions for day in rows for row in day.values()))
        assert totals == sorted(totals) and totals[0] < totals[-1]
        cells = [i for i, cell in enumerate(catalog.CELLS) if cell.campaign.account is account]
        assert totals[-1] == world.ads.conversions[:20][:, cells].sum()


def test_spend_moves_by_about_a_percent_for_two_days_and_then_stands(world: World) -> None:
    day = FIRST_DAY + 30
    moved = 0
    for account in catalog.ACCOUNTS:
        final = at_age(world, account.account_id, day, 3)
        assert at_age(world, account.account_id, day, 30).keys() == final.keys()
        for age in (1, 2):
            young = at_age(world, account.account_id, day, age)
            assert young.keys() == final.keys()
            for cell, row in young.items():
                assert abs(row.cents - final[cell].cents) <= final[cell].cents * 0.013 + 1
                moved += row.cents != final[cell].cents
        for cell, row in at_age(world, account.account_id, day, 30).items():
            assert (row.cents, row.clicks) == (final[cell].cents, final[cell].clicks)
    assert moved > 20


def test_days_that_have_not_begun_for_the_account_have_no_rows(world: World) -> None:
    now = (FIRST_DAY + 20) * DAY + 1  # midnight UTC: Shanghai is ahead, Los Angeles behind
    for account in catalog.ACCOUNTS:
        rows = ads.report(world.ads, account.account_id, FIRST_DAY, LAST_DAY, now)
        assert max(row.day for row in rows) == local_day(now, account.zone)


def test_a_campaigns_day_is_the_sum_of_its_ads_and_of_what_no_ad_carries(world: World) -> None:
    now = night(FIRST_DAY + 50)
    for account in catalog.ACCOUNTS:
        args = (account.account_id, FIRST_DAY, FIRST_DAY + 50)
        campaigns = report_lines(world, Faults(), args[0], "campaign", args[1], args[2], now)
        sums: dict[tuple[int, str], int] = defaultdict(int)
        for line in report_lines(world, Faults(), args[0], "ad", args[1], args[2], now):
            sums[line.day, line.campaign.entity_id] += line.cents
        for line in campaigns:
            carried = sums[line.day, line.campaign.entity_id]
            assert carried == line.cents or (carried < line.cents and line.campaign.bare_share > 0)


def test_every_touch_an_ad_brought_was_one_of_its_clicks(world: World) -> None:
    cell, at = touched_cells(world.sessions)
    touches: dict[tuple[int, int], int] = defaultdict(int)
    for number, moment in zip(cell.tolist(), at.tolist(), strict=True):
        day = int(local_day(moment, catalog.CELLS[number].campaign.account.zone)) - FIRST_DAY
        if day >= 0 and world.ads.cents[day, number]:
            touches[day, number] += 1
    assert len(touches) > 100
    assert all(world.ads.clicks[key] >= count for key, count in touches.items())
    assert ((world.ads.impressions > 0) == (world.ads.cents > 0)).all()
    assert np.all(world.ads.clicks <= world.ads.impressions)
