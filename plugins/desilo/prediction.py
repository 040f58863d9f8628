"""How often customers will still buy, and for how much: BG/NBD and Gamma-Gamma.

The likelihoods and expectations are those published by Fader, Hardie and Lee ("Counting Your
Customers" the Easy Way, 2005; the numerically stable form of their 2019 note) and Fader and Hardie
(The Gamma-Gamma Model of Monetary Value, 2013). Special functions and the optimiser are scipy's.
Why no library does it: docs/adr/0009-prediction-by-published-likelihoods.md.

Times are weeks. A customer is (frequency: days of purchase after the first, recency: time of the
last, age: time of observation), both counted from the first purchase.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import digamma, expit, gammaln, hyp2f1

Array = NDArray[np.float64]

MAX_ITERATIONS = 500
GRADIENT_TOLERANCE = 1e-5  # of the mean log-likelihood of a customer
LOG_BOUND = 12.0
"""A coordinate that ends at e^-12 or e^12 has no value that the data supports."""
MAX_CONCENTRATION = 200.0
"""Bound of a + b. Where all customers are equally likely to stop, the likelihood rises with it
without end and only a / (a + b) is told by the data; from here on chances differ by less than 4
points (standard deviation) and the expectations no longer change."""
MAX_VALUE_SHAPE = 1000.0
"""Bound of q, likewise: beyond it all customers spend the same on average."""

OK = "ok"
NOT_CONVERGED = "not converged"
OUT_OF_TIME = "out of time"


@dataclass(frozen=True)
class Fit:
    """The outcome of a fit; without `is_converged` the parameters say where it stopped."""

    parameters: tuple[float, ...]
    log_likelihood: float
    status: str

    @property
    def is_converged(self) -> bool:
        return self.status == OK


class _OutOfTimeError(Exception):
    pass


def fit_bg_nbd(
    frequency: Array, recency: Array, age: Array, *, deadline: float | None = None
) -> Fit:
    """Maximum likelihood of (r, alpha, a, b).

    Args:
        deadline: `time.monotonic()` after which the fit gives up.
    """
    histories, counts = np.unique(
        np.stack([frequency, recency, age]).astype(np.float64), axis=1, return_counts=True
    )
    x, last, observed = histories

    def parameters_of(coordinates: Array) -> Array:
        log_r, log_alpha, log_concentration, log_odds = coordinates
        concentration = np.exp(log_concentration)
        share, rest = expit(log_odds), expit(-log_odds)
        return np.array(
            [np.exp(log_r), np.exp(log_alpha), concentration * share, concentration * rest]
        )

    def objective(coordinates: Array) -> tuple[float, Array]:
        r, alpha, a, b = parameters = parameters_of(coordinates)
        value, gradient = bg_nbd_log_likelihood(parameters, x, last, observed)
        by_r, by_alpha, by_a, by_b = gradient @ counts
        turned = a * b / (a + b)  # of a by the log-odds, and of b against it
        return float(counts @ value), np.array(
            [by_r * r, by_alpha * alpha, by_a * a + by_b * b, (by_a - by_b) * turned]
        )

    return _maximise(
        objective, parameters_of, int(counts.sum()), (2, MAX_CONCENTRATION), 4, deadline
    )


def fit_gamma_gamma(frequency: Array, mean_value: Array, *, deadline: float | None = None) -> Fit:
    """Maximum likelihood of (p, q, gamma) over customers who came back and spent something."""
    kept = (frequency > 0) & (mean_value > 0)
    x, z = frequency[kept].astype(np.float64), mean_value[kept].astype(np.float64)
    scale = float(np.mean(z)) if len(z) else 1.0

    def parameters_of(coordinates: Array) -> Array:
        p, q, gamma_by_q = np.exp(coordinates)
        return np.array([p, q, gamma_by_q * q])

    def objective(coordinates: Array) -> tuple[float, Array]:
        p, q, gamma = parameters = parameters_of(coordinates)
        value, gradient = gamma_gamma_log_likelihood(parameters, x, z / scale)
        by_p, by_q, by_gamma = gradient.sum(axis=1)
        return float(value.sum()), np.array(
            [by_p * p, by_q * q + by_gamma * gamma, by_gamma * gamma]
        )

    found = _maximise(objective, parameters_of, len(z), (1, MAX_VALUE_SHAPE), 3, deadline)
    p, q, gamma = found.parameters
    # Money was measured in its own mean: back to the currency, the density with it.
    log_likelihood = found.log_likelihood - len(z) * float(np.log(scale))
    return Fit((p, q, gamma * scale), log_likelihood, found.status)


def bg_nbd_log_likelihood(
    parameters: Array, x: Array, last: Array, age: Array
) -> tuple[Array, Array]:
    """Log-likelihood of each history, and its gradient (a row per parameter)."""
    r, alpha, a, b = parameters
    returned = x > 0
    before = np.where(returned, b + x - 1, 1.0)
    alive = -(r + x) * np.log(alpha + age)
    gone = np.where(returned, np.log(a) - np.log(before) - (r + x) * np.log(alpha + last), -np.inf)
    together = np.logaddexp(alive, gone)
    value = (
        gammaln(r + x) - gammaln(r) + r * np.log(alpha)
        + gammaln(a + b) + gammaln(b + x) - gammaln(b) - gammaln(a + b + x)
        + together
    )  # fmt: skip
    share = np.exp(gone - together)
    in_age, in_last = (1 - share) / (alpha + age), share / (alpha + last)
    shared_digamma = digamma(a + b) - digamma(a + b + x)
    gradient = np.stack(
        [
            digamma(r + x) - digamma(r) + np.log(alpha)
            - (1 - share) * np.log(alpha + age) - share * np.log(alpha + last),
            r / alpha - (r + x) * (in_age + in_last),
            shared_digamma + share / a,
            shared_digamma + digamma(b + x) - digamma(b) - share / before,
        ]
    )  # fmt: skip
    return value, gradient


def gamma_gamma_log_likelihood(parameters: Array, x: Array, z: Array) -> tuple[Array, Array]:
    """Log-likelihood of each mean value `z` of `x` purchases, and its gradient."""
    p, q, gamma = parameters
    total = np.log(gamma + x * z)
    value = (
        gammaln(p * x + q) - gammaln(p * x) - gammaln(q) + q * np.log(gamma)
        + (p * x - 1) * np.log(z) + p * x * np.log(x) - (p * x + q) * total
    )  # fmt: skip
    gradient = np.stack(
        [
            x * (digamma(p * x + q) - digamma(p * x) + np.log(z) + np.log(x) - total),
            digamma(p * x + q) - digamma(q) + np.log(gamma) - total,
            q / gamma - (p * x + q) / (gamma + x * z),
        ]
    )
    return value, gradient


def probability_alive(parameters: tuple[float, ...], x: Array, last: Array, age: Array) -> Array:
    """Chance that a customer has not stopped for good; 1 for whoever bought once."""
    return 1 / (1 + _odds_gone(parameters, x, last, age))


def expected_purchases(
    parameters: tuple[float, ...], weeks: float, x: Array, last: Array, age: Array
) -> Array:
    """Purchases expected of each customer in the next `weeks`, given their history."""
    r, alpha, a, b = parameters
    # The published form divides by a - 1 and, for whoever bought once, has a pole where a + b = 1;
    # in both the limit is continuous.
    if abs(a - 1) < 1e-7:
        a = 1 + 1e-7
    if abs(a + b - 1) < 1e-7:
        b += 2e-7
    ratio = (alpha + age) / (alpha + age + weeks)
    # The published 2F1 grows as ratio ** -(r + x) and overflows for customers with hundreds of
    # purchases; Euler's transformation of it grows as ratio ** -(a - 1). The smaller one is taken.
    published = ratio ** (r + x) * hyp2f1(r + x, b + x, a + b + x - 1, 1 - ratio)
    turned = ratio ** (a - 1) * hyp2f1(a + b - 1 - r, a - 1, a + b + x - 1, 1 - ratio)
    lasting = 1 - np.where(r + x < abs(a - 1), published, turned)
    return np.asarray(
        (a + b + x - 1) / (a - 1) * lasting / (1 + _odds_gone((r, alpha, a, b), x, last, age)),
        dtype=np.float64,
    )


def expected_value(parameters: tuple[float, ...], x: Array, mean_value: Array) -> Array:
    """Value expected of each customer's purchase: their own mean, drawn to everybody's."""
    p, q, gamma = parameters
    return np.asarray(
        p * (gamma + x * np.maximum(mean_value, 0)) / (p * x + q - 1), dtype=np.float64
    )


def _odds_gone(parameters: tuple[float, ...], x: Array, last: Array, age: Array) -> Array:
    r, alpha, a, b = parameters
    returned = x > 0
    odds = a / np.where(returned, b + x - 1, 1.0) * ((alpha + age) / (alpha + last)) ** (r + x)
    return np.asarray(np.where(returned, odds, 0.0), dtype=np.float64)


def _maximise(
    objective: Callable[[Array], tuple[float, Array]],
    parameters_of: Callable[[Array], Array],
    customers: int,
    ridge: tuple[int, float],
    size: int,
    deadline: float | None,
) -> Fit:
    """Maximise over the logarithms of the parameters (or of what they are made of), from 0 each.

    Args:
        customers: by which the objective is divided, so that one tolerance fits every firm.
        ridge: coordinate along which the likelihood may rise without end, and where to stop.
    """
    bounds = [(-LOG_BOUND, LOG_BOUND)] * size
    bounds[ridge[0]] = (-LOG_BOUND, float(np.log(ridge[1])))
    lowest, highest = np.array(bounds).T
    best = (-np.inf, np.zeros(size), np.full(size, np.inf))

    def downhill(coordinates: Array) -> tuple[float, Array]:
        nonlocal best
        if deadline is not None and time.monotonic() > deadline:
            raise _OutOfTimeError
        value, gradient = objective(coordinates)
        if value > best[0]:
            best = (value, coordinates.copy(), gradient / customers)
        return -value / customers, -gradient / customers

    status = OK
    try:
        minimize(
            downhill,
            best[1],
            jac=True,
            method="L-BFGS-B",
            bounds=bounds,
            options={"maxiter": MAX_ITERATIONS, "ftol": 1e-15, "gtol": 1e-8},
        )
    except _OutOfTimeError:
        status = OUT_OF_TIME
    value, place, gradient = best
    # The search also ends where doubles tell no higher from lower: what counts is the gradient.
    is_high = place > highest - 1e-9
    if status == OK:
        is_level = np.abs(gradient) < GRADIENT_TOLERANCE
        is_lost = (place < lowest + 1e-9) | (is_high & (np.arange(size) != ridge[0]))
        if not np.all(is_level | (is_high & (gradient > 0))) or np.any(is_lost):
            status = NOT_CONVERGED
    parameters = tuple(float(each) for each in parameters_of(place))
    return Fit(parameters, float(value), status)
