"""What each channel adds to the chance of a conversion, given the others on the path.

The worth of a set of channels is the share of paths with exactly these channels that converted. A
set seen on few paths leans on what its channels do alone (as if they worked independently), so that
one lucky path is not a certainty. Sets come counted, so time grows with their number.
"""

import numpy as np
import pyarrow as pa

DIGITS = 12
MOST_CHANNELS = 62


def model(dbt, session):
    """One row per conversion kind, channel set of a converted path, and channel in it.

    `share` sums to 1 over a set. Up to `attribution_shapley_exact_channels` channels it is exact;
    beyond, the mean over drawn orders of joining, with the standard error of that mean.
    """
    dbt.config(materialized="table")
    channels = dbt.ref("int_attribution_channels").project("channel_no, channel_id").fetchnumpy()
    if len(channels["channel_no"]) > MOST_CHANNELS:
        raise ValueError(f"seed channels has more than {MOST_CHANNELS} channels, one bit each")
    limits = dict(
        dbt.ref("thresholds").project("threshold_name, cast(threshold_value as double)").fetchall()
    )
    window_set = dbt.ref("int_attribution_models").filter("model = 'shapley'").project("window_set")
    listed = ", ".join(f"'{row[0]}'" for row in window_set.fetchall()) or "null"
    counted = (
        dbt.ref("int_attribution_steps")
        .filter(f"is_last and (not is_converted or window_set in ({listed}))")
        .aggregate(
            "conversion_kind, channel_set, cast(sum(steps) as double) as paths, "
            "cast(sum(case when is_converted then steps else 0 end) as double) as conversions"
        )
        .order("conversion_kind, channel_set")
        .fetchnumpy()
    )
    names = dict(zip(channels["channel_no"].tolist(), channels["channel_id"].tolist(), strict=True))
    kinds = np.asarray(counted["conversion_kind"], dtype=object)
    parts = []
    for kind in sorted(set(kinds.tolist())):
        chosen = kinds == kind
        world = Worth(
            np.asarray(counted["channel_set"], dtype=np.int64)[chosen],
            np.asarray(counted["paths"])[chosen],
            np.asarray(counted["conversions"])[chosen],
            limits["attribution_shapley_prior_paths"],
        )
        for channel_set in world.sets[world.conversions > 0].tolist():
            members = [number for number in names if channel_set >> number & 1]
            is_exact = len(members) <= limits["attribution_shapley_exact_channels"]
            if is_exact:
                gains, errors = _exact(world, members)
            else:
                samples = int(limits["attribution_shapley_samples"])
                gains, errors = _sampled(world, members, channel_set, samples)
            shares, errors = _shares(gains, errors)
            for number, share, error in zip(members, shares.tolist(), errors.tolist(), strict=True):
                parts.append((kind, channel_set, names[number], share, error, is_exact))
    columns = list(zip(*parts, strict=True)) or [[]] * 6
    return pa.table(
        {
            "conversion_kind": pa.array(columns[0], pa.string()),
            "channel_set": pa.array(columns[1], pa.int64()),
            "channel_id": pa.array(columns[2], pa.string()),
            "share": pa.array(columns[3], pa.float64()),
            "standard_error": pa.array(columns[4], pa.float64()),
            "is_exact": pa.array(columns[5], pa.bool_()),
        }
    )


class Worth:
    """The chance that a path with exactly a set of channels converts.

    Args:
        sets: channel sets as bits, sorted.
        prior: paths that a set's prior expectation counts for.
    """

    def __init__(self, sets, paths, conversions, prior):
        self.sets, self.paths, self.conversions, self.prior = sets, paths, conversions, prior
        self.mean = conversions.sum() / paths.sum()
        # A set of one channel leans on the mean of all paths.
        self.alone = {
            bit: float(self._blended(np.array([bit]), self.mean)[0])
            for bit in (1 << np.arange(MOST_CHANNELS, dtype=np.int64)).tolist()
        }

    def __call__(self, wanted):
        """Worth of an array of channel sets; the empty set's is 0."""
        misses = np.ones(len(wanted))
        for bit, chance in self.alone.items():
            misses[wanted & bit != 0] *= 1 - chance
        is_single = (wanted & (wanted - 1)) == 0
        worth = np.where(is_single, 1 - misses, self._blended(wanted, 1 - misses))
        return np.where(wanted == 0, 0.0, worth)

    def _blended(self, wanted, expected):
        row = np.minimum(np.searchsorted(self.sets, wanted), len(self.sets) - 1)
        found = self.sets[row] == wanted
        paths = np.where(found, self.paths[row], 0.0)
        conversions = np.where(found, self.conversions[row], 0.0)
        total = paths + self.prior
        return np.divide(
            conversions + self.prior * expected, total, out=np.zeros(len(wanted)), where=total > 0
        )


def _exact(world, members):
    """Mean gain of each member over all orders in which the members may join."""
    count = len(members)
    masks = np.arange(1 << count, dtype=np.int64)
    wanted = np.zeros(len(masks), dtype=np.int64)
    sizes = np.zeros(len(masks), dtype=np.int64)
    for place, number in enumerate(members):
        has = masks >> place & 1
        wanted |= has << np.int64(number)
        sizes += has
    worth = world(wanted)
    factorial = np.cumprod(np.concatenate([[1.0], np.arange(1, count + 1)]))
    gains = np.empty(count)
    for place in range(count):
        without = masks[masks >> place & 1 == 0]
        before = sizes[without]
        weight = factorial[before] * factorial[count - 1 - before] / factorial[count]
        gains[place] = weight @ (worth[without | 1 << place] - worth[without])
    return gains, np.zeros(count)


def _sampled(world, members, channel_set, samples):
    """Mean gain over drawn orders, the same ones every night, and its standard error."""
    bits = 1 << np.asarray(members, dtype=np.int64)
    random = np.random.default_rng(channel_set)
    orders = random.permuted(np.tile(np.arange(len(members)), (samples, 1)), axis=1)
    joined = np.cumsum(bits[orders], axis=1)
    worth = world(joined.ravel()).reshape(joined.shape)
    steps = np.diff(worth, axis=1, prepend=0.0)
    gains = np.empty_like(steps)
    np.put_along_axis(gains, orders, steps, axis=1)
    return gains.mean(axis=0), gains.std(axis=0, ddof=1) / np.sqrt(samples)


def _shares(gains, errors):
    """Gains as shares of one; a channel that lowers the chance earns nothing."""
    kept = np.maximum(gains, 0.0)
    total = kept.sum()
    if total <= 0:
        return np.full(len(gains), 1 / len(gains)), errors
    return np.round(kept / total, DIGITS), errors / total
