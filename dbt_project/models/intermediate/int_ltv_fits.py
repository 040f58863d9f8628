"""The night's two fits of further orders and their value: on everything, and on all but the newest
days, which it must then foretell. A fit that cannot be trusted says why and gives no prediction.
"""

import time

import numpy as np
import pyarrow as pa

from desilo import prediction

FIT_KINDS = ("final", "holdout")
LONGEST_WEEKS = 104  # no horizon is longer
PARAMETERS = ("r", "alpha", "a", "b", "p", "q", "gamma")


def model(dbt, session):
    """One row per fit: parameters (time in weeks), log-likelihoods, n, and if it may be used."""
    dbt.config(materialized="table")
    limits = dict(
        dbt.ref("thresholds").project("threshold_name, threshold_value::double").fetchall()
    )
    histories = dbt.ref("int_ltv_histories")
    rows = [_fit(kind, histories, limits) for kind in FIT_KINDS]
    types = {
        "fit_kind": pa.string(), "status": pa.string(), "customers": pa.int64(),
        "repeaters": pa.int64(), "valued_repeaters": pa.int64(),
    }  # fmt: skip
    names = list(rows[0])
    return pa.table(
        {
            name: pa.array([row[name] for row in rows], types.get(name, pa.float64()))
            for name in names
        }
    )


def _fit(kind, histories, limits):
    # Sorted, because sums of doubles depend on their order.
    found = (
        histories.filter(f"fit_kind = '{kind}'")
        .project(
            "frequency::double as x, recency_days / 7.0::double as last, age_days / 7.0::double "
            "as age, (case when frequency > 0 then repeat_revenue::double / frequency else 0 end) "
            "as mean_value"
        )
        .order("x, last, age, mean_value")
        .fetchnumpy()
    )
    x, last, age, mean_value = (
        np.asarray(found[name], dtype=np.float64) for name in ("x", "last", "age", "mean_value")
    )
    row = {
        "fit_kind": kind,
        "status": prediction.OK,
        "customers": len(x),
        "repeaters": int((x > 0).sum()),
        "valued_repeaters": int(((x > 0) & (mean_value > 0)).sum()),
        **dict.fromkeys(PARAMETERS),
        "orders_log_likelihood": None,
        "value_log_likelihood": None,
    }
    if row["customers"] < limits["prediction_min_customers"]:
        return row | {"status": "too few customers"}
    if row["valued_repeaters"] < limits["prediction_min_repeaters"]:
        return row | {"status": "too few repeaters"}
    deadline = time.monotonic() + limits["prediction_time_limit"]
    orders = prediction.fit_bg_nbd(x, last, age, deadline=deadline)
    value = prediction.fit_gamma_gamma(x, mean_value, deadline=deadline)
    failed = [fit.status for fit in (orders, value) if not fit.is_converged]
    if not failed and value.parameters[1] <= 1:
        failed = ["no mean value"]  # with q <= 1 the Gamma-Gamma has none
    if not failed:
        expected = prediction.expected_purchases(orders.parameters, LONGEST_WEEKS, x, last, age)
        if not np.all(np.isfinite(expected) & (expected >= 0)):
            failed = ["no expectation"]
    return (
        row
        | dict(zip(PARAMETERS, (*orders.parameters, *value.parameters), strict=True))
        | {
            "status": failed[0] if failed else prediction.OK,
            "orders_log_likelihood": orders.log_likelihood,
            "value_log_likelihood": value.log_likelihood,
        }
    )
