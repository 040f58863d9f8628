"""Pictures that do not lie: scale, gaps and hatching."""

from __future__ import annotations

import re
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desilo.war_room.charts import Labels, day_bars, nice_scale, sparkline
from desilo.war_room.facts import Day

LABELS = Labels(
    title='Spend "per day"',
    tick=lambda day: day.day.isoformat(),
    tip=lambda day: f"{day.day} {day.value}",
    value=str,
)


def series(*values: int | None) -> list[Day]:
    return [
        Day(
            date(2026, 1, 1) + timedelta(days=n),
            None if value is None else Decimal(value),
            "missing" if value is None else "final",
        )
        for n, value in enumerate(values)
    ]


@given(st.decimals(min_value="0.000001", max_value="1e12", places=6))
def test_axis_covers_every_value_with_at_most_five_lines(highest: Decimal) -> None:
    top, step = nice_scale(highest)
    assert top >= highest
    assert top / step == int(top / step) <= 4
    assert str(step.normalize()).replace(".", "").strip("0").split("E")[0] in ("1", "2", "5")


def test_bars_are_proportional_and_stand_on_the_floor() -> None:
    svg = str(day_bars(series(10, 20), LABELS, name="spend"))
    heights = [float(h) for h in re.findall(r'class="bar [^>]*height="([\d.]+)"', svg)]
    assert heights[1] == pytest.approx(2 * heights[0], abs=0.02)


def test_a_day_without_data_is_a_gap_and_not_a_bar() -> None:
    svg = str(day_bars(series(10, None, 0), LABELS, name="spend"))
    assert svg.count('class="bar') == 2 and svg.count('class="gap"') == 1


def test_a_day_that_may_still_move_is_hatched() -> None:
    days = [*series(10), Day(date(2026, 1, 2), Decimal(9), "provisional")]
    svg = str(day_bars(days, LABELS, name="spend"))
    assert 'class="bar spend provisional" fill="url(#spend-provisional-wall)"' in svg
    assert 'id="spend-provisional-wall"' in svg


def test_words_are_escaped() -> None:
    svg = str(day_bars(series(1), LABELS, name="spend"))
    assert 'aria-label="Spend &#34;per day&#34;"' in svg


def test_only_zeros_and_nothing_at_all_still_draw() -> None:
    assert "<svg" in str(day_bars(series(0, 0), LABELS, name="spend"))
    assert "<svg" in str(day_bars([], LABELS, name="spend"))


def test_line_breaks_where_a_day_is_unknown() -> None:
    assert str(sparkline(series(1, 2, None, 3, 4), name="spend")).count("<polyline") == 2
    assert sparkline(series(1), name="spend") == ""
