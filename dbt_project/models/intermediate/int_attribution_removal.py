"""What conversions would be lost without a channel: a Markov chain of order one, solved exactly.

The chain's states are the channels, its ends a conversion or none. It is read from the counted
steps of all paths, converted or not, so its size is that of the channel list whatever the number of
people.
"""

import numpy as np
import pyarrow as pa

DIGITS = 12


def model(dbt, session):
    """One row per conversion kind and channel on a converted path: `removal_effect` is the share of
    the probability to convert that is lost when every step into the channel ends without one.

    A channel that follows itself is one state, so repeats change nothing.
    """
    dbt.config(materialized="table")
    channels = dbt.ref("int_attribution_channels").project("channel_no, channel_id").fetchnumpy()
    window_set = (
        dbt.ref("int_attribution_models")
        .filter("model = 'markov'")
        .project("window_set")
        .fetchnumpy()["window_set"]
    )
    steps = (
        dbt.ref("int_attribution_steps")
        .filter(f"not is_converted or window_set in ({_listed(window_set)})")
        .project(
            "conversion_kind, coalesce(previous_channel_no, -1) as source, channel_no as target, "
            "is_last, is_converted, cast(steps as double) as steps"
        )
        .order("all")
        .fetchnumpy()
    )
    names = dict(zip(channels["channel_no"].tolist(), channels["channel_id"].tolist(), strict=True))
    kinds = np.asarray(steps["conversion_kind"], dtype=object)
    rows = {"conversion_kind": [], "channel_id": [], "removal_effect": []}
    for kind in sorted(set(kinds.tolist())):
        chosen = kinds == kind
        effects = _effects(*(np.asarray(steps[name])[chosen] for name in _COLUMNS), len(names))
        for number, effect in enumerate(effects.tolist()):
            if effect > 0:
                rows["conversion_kind"].append(kind)
                rows["channel_id"].append(names[number])
                rows["removal_effect"].append(round(effect, DIGITS))
    return pa.table(
        {
            "conversion_kind": pa.array(rows["conversion_kind"], pa.string()),
            "channel_id": pa.array(rows["channel_id"], pa.string()),
            "removal_effect": pa.array(rows["removal_effect"], pa.float64()),
        }
    )


_COLUMNS = ("source", "target", "is_last", "is_converted", "steps")


def _listed(values):
    return ", ".join(f"'{value}'" for value in values) or "null"


def _effects(source, target, is_last, is_converted, steps, count):
    """Removal effect of every channel, 0 for one that no converted path touches."""
    start, converted, lost = count, count, count + 1
    source = np.where(source < 0, start, source).astype(np.int64)
    target = target.astype(np.int64)
    moves = np.zeros((count + 1, count + 2))
    moves_on = source != target
    np.add.at(moves, (source[moves_on], target[moves_on]), steps[moves_on])
    ends = is_last.astype(bool)
    outcome = np.where(is_converted.astype(bool), converted, lost)
    np.add.at(moves, (target[ends], outcome[ends]), steps[ends])
    totals = moves.sum(axis=1, keepdims=True)
    moves = np.divide(moves, totals, out=np.zeros_like(moves), where=totals > 0)

    def probability(kept):
        between = moves[np.ix_(kept, kept)]
        from_kept = np.linalg.solve(np.eye(len(kept)) - between, moves[kept, converted])
        return float(moves[start, kept] @ from_kept)

    everything = np.arange(count)
    whole = probability(everything)
    if whole <= 0:
        return np.zeros(count)
    return np.array([1 - probability(np.delete(everything, one)) / whole for one in everything])
