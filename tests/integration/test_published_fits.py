"""The fits beside the published ones: CDNOW, 39 weeks to learn from and 39 to foretell.

The 1/10 sample is the authors' own file; the numbers are those of Fader, Hardie and Lee (2005) and
of Fader and Hardie's note on the Gamma-Gamma model (2013).
"""

from __future__ import annotations

import os
from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import numpy as np
import pytest

from desilo import prediction
from tests.integration.nights import ROOT

FOLDER = Path(os.environ.get("DESILO_FIXTURES") or ROOT.parent / "shared" / "fixtures") / "cdnow"
LEARNT, FORETOLD = date(1997, 9, 30), date(1998, 6, 30)
WEEKS = 39


@dataclass(frozen=True)
class Base:
    """Histories up to LEARNT, what came until FORETOLD, and each customer's month."""

    frequency: np.ndarray
    recency: np.ndarray
    age: np.ndarray
    mean_value: np.ndarray
    later: np.ndarray
    later_value: np.ndarray
    month: np.ndarray


@dataclass(frozen=True)
class Forecast:
    orders: prediction.Fit
    value: prediction.Fit
    expected: np.ndarray
    revenue: np.ndarray


def read(name: str) -> Base:
    if not (FOLDER / name).exists():
        pytest.skip(f"{name} is not in {FOLDER}; set DESILO_FIXTURES")
    bought: dict[str, dict[date, float]] = defaultdict(lambda: defaultdict(float))
    for line in (FOLDER / name).read_text().splitlines():
        cells = line.split()
        if len(cells) >= 4 and cells[-3].isdigit():
            bought[cells[0]][datetime.strptime(cells[-3], "%Y%m%d").date()] += float(cells[-1])
    rows = []
    for days in bought.values():
        known = sorted(day for day in days if day <= LEARNT)
        values = [days[day] for day in known[1:]]
        later = [value for day, value in days.items() if LEARNT < day <= FORETOLD]
        first = known[0]
        rows.append(
            (len(values), (known[-1] - first).days / 7, (LEARNT - first).days / 7,
             sum(values) / len(values) if values else 0.0, len(later), sum(later), first.month)
        )  # fmt: skip
    return Base(*np.array(rows, dtype=float).T)


def forecast(base: Base) -> Forecast:
    orders = prediction.fit_bg_nbd(base.frequency, base.recency, base.age)
    value = prediction.fit_gamma_gamma(base.frequency, base.mean_value)
    expected = prediction.expected_purchases(
        orders.parameters, WEEKS, base.frequency, base.recency, base.age
    )
    each = prediction.expected_value(value.parameters, base.frequency, base.mean_value)
    return Forecast(orders, value, expected, expected * each)


@pytest.fixture(scope="module")
def sample() -> tuple[Base, Forecast]:
    base = read("CDNOW_sample.txt")
    return base, forecast(base)


@pytest.fixture(scope="module")
def everybody() -> tuple[Base, Forecast]:
    base = read("CDNOW_master.txt")
    return base, forecast(base)


def bias(base: Base, made: Forecast, month: int | None = None) -> float:
    kept = base.month == month if month else np.ones(len(base.month), bool)
    return float(made.expected[kept].sum() / base.later[kept].sum() - 1)


def test_the_published_parameters_of_orders_come_out(sample: tuple[Base, Forecast]) -> None:
    base, made = sample
    assert len(base.frequency) == 2357
    assert made.orders.is_converged
    assert made.orders.parameters == pytest.approx((0.243, 4.414, 0.793, 2.426), abs=1e-3)
    assert made.orders.log_likelihood == pytest.approx(-9582.4, abs=0.05)


def test_the_published_parameters_of_value_come_out(sample: tuple[Base, Forecast]) -> None:
    base, made = sample
    assert int((base.frequency > 0).sum()) == 946
    assert made.value.is_converged
    assert made.value.parameters == pytest.approx((6.25, 3.74, 15.44), abs=0.01)


def test_the_sample_is_foretold_as_well_as_the_page_says(sample: tuple[Base, Forecast]) -> None:
    base, made = sample
    assert bias(base, made) == pytest.approx(-0.121, abs=0.002)
    assert made.revenue.sum() / base.later_value.sum() - 1 == pytest.approx(-0.156, abs=0.002)
    error = float(np.abs(made.expected - base.later).mean())
    assert error == pytest.approx(0.785, abs=0.002)


def test_all_customers_are_fitted_and_foretold_as_the_page_says(
    everybody: tuple[Base, Forecast],
) -> None:
    base, made = everybody
    assert len(base.frequency) == 23_570
    assert made.orders.is_converged and made.value.is_converged
    assert made.orders.parameters == pytest.approx((0.2516, 4.789, 0.7234, 2.161), abs=1e-3)
    assert made.orders.log_likelihood == pytest.approx(-95_368.44, abs=0.01)
    assert made.value.parameters == pytest.approx((6.275, 3.624, 14.98), abs=0.01)
    assert bias(base, made) == pytest.approx(-0.143, abs=0.002)
    by_month = [bias(base, made, month) for month in (1, 2, 3)]
    assert by_month == pytest.approx([-0.139, -0.155, -0.132], abs=0.002)


def test_the_forecast_beats_going_on_at_the_rate_of_the_past(
    everybody: tuple[Base, Forecast],
) -> None:
    base, made = everybody
    naive = base.frequency / base.age * WEEKS
    wrong = [float(np.abs(each - base.later).mean()) for each in (made.expected, naive)]
    assert wrong[0] < wrong[1]
    assert abs(made.expected.sum() - base.later.sum()) < abs(naive.sum() - base.later.sum())
