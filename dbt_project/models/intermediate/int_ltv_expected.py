"""What each customer is expected to do next, by the night's fits."""

import numpy as np
import pyarrow as pa

from desilo import prediction


def model(dbt, session):
    """One row per fit, customer and horizon: expected orders and value per order, chance of being
    alive. A fit that may not be used has none."""
    dbt.config(materialized="table")
    fits = dbt.ref("int_ltv_fits").filter("status = 'ok'").fetchall()
    columns = dbt.ref("int_ltv_fits").columns
    histories = dbt.ref("int_ltv_histories")
    horizons = [days for (days,) in dbt.ref("prediction_horizons").order("horizon_days").fetchall()]
    held_back = (
        dbt.ref("thresholds")
        .filter("threshold_name = 'prediction_holdout_days'")
        .project("threshold_value::integer")
        .fetchall()
    )
    parts = [
        _expect(fit, histories, horizons if fit["fit_kind"] == "final" else [held_back[0][0]])
        for fit in (dict(zip(columns, row, strict=True)) for row in fits)
    ]
    schema = pa.schema(
        [
            ("fit_kind", pa.string()), ("person_id", pa.string()), ("horizon_days", pa.int64()),
            ("alive_probability", pa.float64()), ("expected_orders", pa.float64()),
            ("expected_value", pa.float64()),
        ]
    )  # fmt: skip
    return pa.concat_tables([schema.empty_table(), *(part.cast(schema) for part in parts)])


def _expect(fit, histories, horizons):
    found = (
        histories.filter(f"fit_kind = '{fit['fit_kind']}'")
        .project(
            "person_id, frequency::double as x, recency_days / 7.0::double as last, "
            "age_days / 7.0::double as age, "
            "(case when frequency > 0 then repeat_revenue::double / frequency else 0 end) "
            "as mean_value"
        )
        .fetchnumpy()
    )
    columns = [np.asarray(found[name], dtype=np.float64) for name in ("x", "last", "age")]
    # Many customers share a history: the special functions are asked once for each.
    histories_apart, place = np.unique(np.stack(columns), axis=1, return_inverse=True)
    place = place.reshape(-1)
    orders_fit = tuple(fit[name] for name in ("r", "alpha", "a", "b"))
    alive = prediction.probability_alive(orders_fit, *histories_apart)[place]
    value = prediction.expected_value(
        tuple(fit[name] for name in ("p", "q", "gamma")), columns[0], found["mean_value"]
    )
    persons = pa.array(found["person_id"], pa.string())
    return pa.concat_tables(
        pa.table(
            {
                "fit_kind": pa.array([fit["fit_kind"]] * len(persons), pa.string()),
                "person_id": persons,
                "horizon_days": np.full(len(persons), days, dtype=np.int64),
                "alive_probability": alive,
                "expected_orders": prediction.expected_purchases(
                    orders_fit, days / 7, *histories_apart
                )[place],
                "expected_value": value,
            }
        )
        for days in horizons
    )
