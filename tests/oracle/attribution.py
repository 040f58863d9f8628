"""Attribution by brute force: every conversion looked at by itself, loops and fractions throughout.

Written from the definitions in DECISIONS.md, not from the SQL. It is slow on purpose.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fractions import Fraction
from itertools import pairwise, permutations

KINDS = ("lead", "registration", "first_order", "repeat_order")
RULES = ("first", "last", "last_non_direct", "first_paid", "last_paid", "linear", "time_decay",
         "position", "w_shaped")  # fmt: skip
MODELS = (*RULES, "markov", "shapley")
NULL = "(null)"
CONVERSION = "(conversion)"
START = "(start)"


@dataclass(frozen=True)
class Touch:
    touch_id: str
    person: str
    at: datetime
    channel: str
    touchpoint: str = "landing_view"


@dataclass(frozen=True)
class Conversion:
    conversion_id: str
    kind: str
    person: str
    at: datetime


@dataclass(frozen=True)
class Rules:
    """The seeds: what is paid, how long a touch counts, and how much of a path is kept."""

    paid: frozenset[str]
    windows: Mapping[tuple[str, str, str], int]  # (model, channel, touchpoint), `*` is any
    end_of_day: datetime
    per_conversion: int = 500
    per_person: int = 100_000
    prior_paths: int = 30
    half_life_hours: int = 168
    position: tuple[int, int, int] = (40, 40, 20)
    w_shaped: tuple[int, int, int, int] = (30, 30, 30, 10)
    models: tuple[str, ...] = field(default=MODELS)

    def window(self, model: str, touch: Touch) -> timedelta:
        for names in ((model, "*"),):
            for by_model in names:
                for channel in (touch.channel, "*"):
                    for touchpoint in (touch.touchpoint, "*"):
                        hours = self.windows.get((by_model, channel, touchpoint))
                        if hours is not None:
                            return timedelta(hours=hours)
        raise AssertionError("seed without a general window")

    def longest(self, touch: Touch) -> timedelta:
        return max(self.window(model, touch) for model in self.models)


Credit = dict[tuple[str, str], dict[str | None, float]]


def attribute(
    touches: Iterable[Touch], conversions: Iterable[Conversion], rules: Rules
) -> tuple[Credit, dict[str, tuple[int, int]]]:
    """Credit by (conversion, model) and touch, and by kind conversions and touches cut."""
    touches = sorted(touches, key=lambda touch: (touch.person, touch.at, touch.touch_id))
    conversions = list(conversions)
    kept: dict[str, list[Touch]] = {}
    cuts = {kind: [0, 0] for kind in KINDS}
    for conversion in conversions:
        seen = [
            touch
            for touch in touches
            if touch.person == conversion.person
            and touch.at <= conversion.at <= touch.at + rules.longest(touch)
        ]
        of_person = sum(other.person == conversion.person for other in conversions)
        most = max(1, min(rules.per_conversion, rules.per_person // of_person))
        kept[conversion.conversion_id] = seen[-most:]
        if len(seen) > most:
            cuts[conversion.kind][0] += 1
            cuts[conversion.kind][1] += len(seen) - most

    def path(model: str, conversion: Conversion) -> list[Touch]:
        return [
            touch
            for touch in kept[conversion.conversion_id]
            if conversion.at <= touch.at + rules.window(model, touch)
        ]

    unconverted = {kind: _unconverted(touches, conversions, kept, kind, rules) for kind in KINDS}
    credit: Credit = {}
    for model in rules.models:
        by_kind: dict[str, list[list[str]]] = {kind: [] for kind in KINDS}
        for conversion in conversions:
            channels = [touch.channel for touch in path(model, conversion)]
            if channels:
                by_kind[conversion.kind].append(channels)
        effects = {
            kind: removal_effects(by_kind[kind], unconverted[kind]) if model == "markov" else {}
            for kind in KINDS
        }
        for conversion in conversions:
            on_path = path(model, conversion)
            if model == "markov":
                weights = _by_channel(on_path, effects[conversion.kind])
            elif model == "shapley":
                shares = shapley_shares(
                    frozenset(touch.channel for touch in on_path),
                    by_kind[conversion.kind], unconverted[conversion.kind], rules.prior_paths,
                )  # fmt: skip
                weights = _by_channel(on_path, shares)
            else:
                weights = _weights(model, on_path, conversion, conversions, rules)
            total = sum(weights)
            credit[conversion.conversion_id, model] = (
                {
                    touch.touch_id: float(weight / total)
                    for touch, weight in zip(on_path, weights, strict=True)
                    if weight > 0
                }
                if total > 0
                else {None: 1.0}
            )
    return credit, {kind: (cut[0], cut[1]) for kind, cut in cuts.items()}


def _weights(
    model: str,
    path: list[Touch],
    conversion: Conversion,
    conversions: list[Conversion],
    rules: Rules,
) -> list[float]:
    weights = [0.0] * len(path)
    if not path:
        return weights
    sourced = [n for n, touch in enumerate(path) if touch.channel != "direct"]
    paid = [n for n, touch in enumerate(path) if touch.channel in rules.paid]
    last = len(path) - 1
    one = {
        "first": 0,
        "last": last,
        "last_non_direct": sourced[-1] if sourced else last,
        "first_paid": paid[0] if paid else None,
        "last_paid": paid[-1] if paid else None,
    }
    if model in one:
        if (place := one[model]) is not None:
            weights[place] = 1.0
    elif model == "linear":
        weights = [1.0] * len(path)
    elif model == "time_decay":
        hours = [(conversion.at - touch.at) / timedelta(hours=1) for touch in path]
        weights = [0.5 ** (age / rules.half_life_hours) for age in hours]
    else:
        lead = None
        if model == "position":
            first_weight, last_weight, middle_weight = rules.position
            lead_weight = 0
        else:
            first_weight, lead_weight, last_weight, middle_weight = rules.w_shaped
            moments = [
                other.at
                for other in conversions
                if other.person == conversion.person and other.kind in ("lead", "registration")
            ]
            if moments and min(moments) < conversion.at:
                before = [n for n, touch in enumerate(path) if touch.at <= min(moments)]
                lead = before[-1] if before else None
        weights[0] += first_weight
        weights[last] += last_weight
        if lead is not None:
            weights[lead] += lead_weight
        middle = [n for n in range(len(path)) if n not in (0, last, lead)]
        for n in middle:
            weights[n] += middle_weight / len(middle)
    return weights


def _by_channel(path: list[Touch], shares: Mapping[str, Fraction]) -> list[float]:
    """A channel's share, evenly over its touches."""
    return [
        float(shares[touch.channel] / sum(other.channel == touch.channel for other in path))
        for touch in path
    ]


def _unconverted(
    touches: list[Touch],
    conversions: list[Conversion],
    kept: Mapping[str, list[Touch]],
    kind: str,
    rules: Rules,
) -> list[list[str]]:
    """Channels of the paths that led to no conversion of the kind."""
    earned = {
        touch.touch_id
        for conversion in conversions
        if conversion.kind == kind
        for touch in kept[conversion.conversion_id]
    }
    longest = max(rules.windows.values())
    paths: list[list[str]] = []
    before: tuple[str, int, bool] | None = None
    for touch in touches:
        if touch.touch_id in earned:
            before = None
            continue
        hours = (rules.end_of_day - touch.at) / timedelta(hours=1)
        place = (touch.person, math.floor(hours / longest), True)
        if place != before:
            paths.append([])
        paths[-1].append(touch.channel)
        before = place
    return paths


def removal_effects(
    converted: list[list[str]], unconverted: list[list[str]]
) -> dict[str, Fraction]:
    """Share of the chance to convert that is lost without each channel, in exact fractions."""
    counts: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for paths, end in ((converted, CONVERSION), (unconverted, NULL)):
        for path in paths:
            states = [START, *path, end]
            for source, target in pairwise(states):
                if source != target:
                    counts[source][target] += 1
    channels = sorted({channel for path in converted + unconverted for channel in path})

    def chance(removed: str | None) -> Fraction:
        states = [START, *(channel for channel in channels if channel != removed)]
        rows = []
        for state in states:
            total = sum(counts[state].values())
            row = [Fraction(int(state == other)) for other in states]
            for other in states:
                row[states.index(other)] -= Fraction(counts[state][other], total or 1)
            rows.append([*row, Fraction(counts[state][CONVERSION], total or 1)])
        return _solved(rows)[0]

    whole = chance(None)
    if not whole:
        return {}
    return {channel: 1 - chance(channel) / whole for channel in channels}


def _solved(rows: list[list[Fraction]]) -> list[Fraction]:
    """Gauss-Jordan on an augmented matrix."""
    size = len(rows)
    for column in range(size):
        pivot = next(row for row in range(column, size) if rows[row][column])
        rows[column], rows[pivot] = rows[pivot], rows[column]
        rows[column] = [value / rows[column][column] for value in rows[column]]
        for row in range(size):
            if row != column and rows[row][column]:
                factor = rows[row][column]
                rows[row] = [
                    value - factor * other
                    for value, other in zip(rows[row], rows[column], strict=True)
                ]
    return [row[-1] for row in rows]


def shapley_shares(
    members: frozenset[str],
    converted: list[list[str]],
    unconverted: list[list[str]],
    prior: int,
) -> dict[str, Fraction]:
    """What each member adds to the chance of a conversion, averaged over all orders of joining."""
    if not members:
        return {}
    paths = converted + unconverted
    mean = Fraction(len(converted), len(paths))

    def blended(channels: frozenset[str], expected: Fraction) -> Fraction:
        won = sum(frozenset(path) == channels for path in converted)
        seen = sum(frozenset(path) == channels for path in paths)
        return (won + prior * expected) / (seen + prior) if seen + prior else Fraction(0)

    def worth(channels: frozenset[str]) -> Fraction:
        if not channels:
            return Fraction(0)
        miss = Fraction(1)
        for channel in channels:
            miss *= 1 - blended(frozenset({channel}), mean)
        return 1 - miss if len(channels) == 1 else blended(channels, 1 - miss)

    known: dict[frozenset[str], Fraction] = {}
    gains = {member: Fraction(0) for member in members}
    orders = list(permutations(sorted(members)))
    for order in orders:
        before: frozenset[str] = frozenset()
        for member in order:
            after = before | {member}
            for channels in (before, after):
                if channels not in known:
                    known[channels] = worth(channels)
            gains[member] += known[after] - known[before]
            before = after
    kept = {member: max(gain / len(orders), Fraction(0)) for member, gain in gains.items()}
    total = sum(kept.values())
    if not total:
        return {member: Fraction(1, len(members)) for member in members}
    return {member: gain / total for member, gain in kept.items()}
