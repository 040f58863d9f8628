"""The published models: likelihoods, gradients, expectations, and fits that know their limits."""

from __future__ import annotations

import time

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.optimize import check_grad
from scipy.special import betaln

from desilo import prediction

PUBLISHED = (0.243, 4.414, 0.793, 2.426)


def customers(
    parameters: tuple[float, float, float, float], count: int, weeks: float, seed: int = 3
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Simulated histories: a rate and a chance to stop for each, then what they do."""
    rng = np.random.default_rng(seed)
    r, alpha, a, b = parameters
    age = rng.uniform(weeks / 2, weeks, count)
    frequency, recency = np.zeros(count), np.zeros(count)
    for n, (rate, stop) in enumerate(
        zip(rng.gamma(r, 1 / alpha, count), rng.beta(a, b, count), strict=True)
    ):
        at = 0.0
        while rng.random() > (stop if frequency[n] else 0):
            at += rng.exponential(1 / rate)
            if at > age[n]:
                break
            frequency[n] += 1
            recency[n] = at
    return frequency, recency, age


def test_the_published_example_of_an_expectation_comes_out() -> None:
    # The authors' worked example: two purchases, the last in week 30.43 of 38.86, make 1.226 in 39.
    found = prediction.expected_purchases(
        PUBLISHED, 39, np.array([2.0]), np.array([30.43]), np.array([38.86])
    )
    assert found[0] == pytest.approx(1.226, abs=5e-4)


@pytest.mark.parametrize("parameters", [PUBLISHED, (1.2, 7.0, 3.1, 4.2)])
def test_gradients_are_those_of_the_likelihoods(parameters: tuple[float, ...]) -> None:
    x, last, age = np.array([0.0, 3.0, 60.0]), np.array([0.0, 12.0, 30.1]), np.full(3, 31.0)

    def orders(at: np.ndarray) -> float:
        return float(prediction.bg_nbd_log_likelihood(at, x, last, age)[0].sum())

    def by_orders(at: np.ndarray) -> np.ndarray:
        return prediction.bg_nbd_log_likelihood(at, x, last, age)[1].sum(axis=1)

    def values(at: np.ndarray) -> float:
        return float(
            prediction.gamma_gamma_log_likelihood(at, x[1:], np.array([20.0, 34.0]))[0].sum()
        )

    def by_values(at: np.ndarray) -> np.ndarray:
        return prediction.gamma_gamma_log_likelihood(at, x[1:], np.array([20.0, 34.0]))[1].sum(
            axis=1
        )

    assert check_grad(orders, by_orders, np.array(parameters)) < 1e-4
    assert check_grad(values, by_values, np.array(parameters[:3])) < 1e-4


@pytest.mark.parametrize("frequency", [0, 1, 7, 150, 600])
@pytest.mark.parametrize("a", [1.0000001, 2.5, 40.0])
def test_expectations_hold_for_rare_and_for_very_frequent_customers(
    frequency: int, a: float
) -> None:
    r, alpha, b, last, age, weeks = 0.8, 5.0, 160.0, 29.0, 30.0, 52.0
    x = float(frequency)
    last = last if frequency else 0.0
    found = prediction.expected_purchases(
        (r, alpha, a, b), weeks, np.array([x]), np.array([last]), np.array([age])
    )[0]
    # The same from Euler's integral of the hypergeometric function, with its powers taken together.
    z, ratio = weeks / (alpha + age + weeks), (alpha + age) / (alpha + age + weeks)
    assert np.isfinite(found) and found >= 0
    if a < 1.1:
        return  # the integral does not converge there
    integral = quad(
        lambda u: np.exp(
            (b + x - 1) * np.log(u) + (a - 2) * np.log1p(-u) - betaln(b + x, a - 1)
            + (r + x) * np.log(ratio / (1 - z * u))
        ),
        0, 1, limit=500, epsabs=0, epsrel=1e-9, points=[(b + x) / (a + b + x - 1)],
    )[0]  # fmt: skip
    odds = a / (b + x - 1) * ((alpha + age) / (alpha + last)) ** (r + x) if frequency else 0
    wanted = (a + b + x - 1) / (a - 1) * (1 - integral) / (1 + odds)
    assert found == pytest.approx(wanted, rel=1e-5)


def test_parameters_that_made_the_customers_are_found() -> None:
    true = (0.9, 6.0, 0.8, 2.5)
    frequency, recency, age = customers(true, 8000, 60)
    fit = prediction.fit_bg_nbd(frequency, recency, age)
    assert fit.is_converged
    assert fit.parameters[0] / fit.parameters[1] == pytest.approx(true[0] / true[1], rel=0.1)
    a, b = fit.parameters[2:]
    assert a / (a + b) == pytest.approx(true[2] / sum(true[2:]), rel=0.15)


def test_values_that_a_gamma_gamma_made_are_found() -> None:
    rng = np.random.default_rng(5)
    x = rng.integers(1, 9, 6000).astype(float)
    rate = rng.gamma(4.0, 1 / 15.0, 6000)
    means = rng.gamma(6.0 * x, 1 / (rate * x))
    fit = prediction.fit_gamma_gamma(x, means)
    assert fit.is_converged
    assert fit.parameters == pytest.approx((6.0, 4.0, 15.0), rel=0.12)


def test_customers_who_all_stop_alike_end_at_the_bound_and_are_still_an_answer() -> None:
    frequency, recency, age = customers((1.5, 8.0, 3000.0, 9000.0), 4000, 50)
    fit = prediction.fit_bg_nbd(frequency, recency, age)
    a, b = fit.parameters[2:]
    assert fit.is_converged
    assert a + b <= prediction.MAX_CONCENTRATION * 1.0001
    assert a / (a + b) == pytest.approx(0.25, abs=0.04)
    expected = prediction.expected_purchases(fit.parameters, 52, frequency, recency, age)
    assert np.all(np.isfinite(expected)) and np.all(expected >= 0)


def test_the_order_of_customers_does_not_matter() -> None:
    frequency, recency, age = customers(PUBLISHED, 1500, 39)
    turned = np.random.default_rng(1).permutation(len(age))
    one = prediction.fit_bg_nbd(frequency, recency, age)
    assert prediction.fit_bg_nbd(frequency[turned], recency[turned], age[turned]) == one


def test_a_fit_that_runs_out_of_time_says_so() -> None:
    frequency, recency, age = customers(PUBLISHED, 200, 39)
    fit = prediction.fit_bg_nbd(frequency, recency, age, deadline=time.monotonic() - 1)
    assert fit.status == prediction.OUT_OF_TIME
    assert not fit.is_converged


def test_where_nobody_came_back_nobody_is_expected() -> None:
    nothing, age = np.zeros(500), np.full(500, 20.0)
    fit = prediction.fit_bg_nbd(nothing, nothing, age)
    expected = prediction.expected_purchases(fit.parameters, 52, nothing, nothing, age)
    assert expected.max() < 0.01


def test_whoever_bought_once_is_alive_and_the_chance_falls_with_silence() -> None:
    x, last, age = np.array([0.0, 5, 5, 5]), np.array([0.0, 30, 20, 10]), np.full(4, 31.0)
    alive = prediction.probability_alive(PUBLISHED, x, last, age)
    assert alive[0] == 1
    assert np.all(np.diff(alive[1:]) < 0)


def test_a_mean_value_is_drawn_towards_everybodys() -> None:
    parameters = (6.25, 3.74, 15.44)
    everybody = 6.25 * 15.44 / 2.74
    seldom, often = prediction.expected_value(parameters, np.array([1.0, 50]), np.full(2, 100.0))
    assert prediction.expected_value(parameters, np.zeros(1), np.zeros(1))[0] == pytest.approx(
        everybody
    )
    assert everybody < seldom < often < 100
