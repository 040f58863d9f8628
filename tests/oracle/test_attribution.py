"""The eleven models against brute force, on small worlds full of ties, edges and repeats."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.oracle.attribution import MODELS, Conversion, Rules, Touch, attribute
from tests.oracle.project import Project, Table

START = datetime(2026, 1, 10, 12)
CHANNELS = ("direct", "email", "organic_search", "paid_search_google", "paid_social_meta")
PAID = frozenset({"paid_search_google", "paid_social_meta"})
END_OF_DAY = datetime(2026, 4, 1)

GENERAL = {("*", "*", "*"): 720, ("*", "*", "install"): 168}
SPECIAL = {
    ("*", "*", "*"): 100,
    ("*", "*", "install"): 24,
    ("*", "email", "*"): 60,
    ("last", "*", "*"): 48,
    ("markov", "direct", "*"): 36,
}

TOUCHES = {
    "touch_id": "varchar", "person_id": "varchar", "touched_at": "timestamp", "touch_date": "date",
    "touchpoint_key": "varchar", "channel_id": "varchar", "platform": "varchar",
    "campaign_id": "varchar",
}  # fmt: skip
ORDERS = {
    "conversion_id": "varchar", "conversion_kind": "varchar", "person_id": "varchar",
    "order_id": "varchar", "conversion_at": "timestamp", "conversion_date": "date",
    "revenue": "decimal(18, 6)", "contribution_margin": "decimal(18, 6)",
}  # fmt: skip

Event = tuple[str, str, datetime, str, str | None]
"""Touch id, person, instant, touchpoint, channel."""
Order = tuple[str, str, datetime, Decimal, Decimal]
"""Order id, person, instant, revenue, margin."""


@st.composite
def worlds(draw: st.DrawFn) -> tuple[list[Event], list[Order]]:
    """Few instants on a grid of 12 hours, so that touches tie and windows end on touches."""
    instant = st.integers(0, 70).map(lambda step: START + timedelta(hours=12 * step))
    person = st.sampled_from(("ada", "ben", "cyd", "dee", "eli", "fay"))
    arrival = st.tuples(
        person, instant, st.sampled_from(("landing_view", "landing_view", "install")),
        st.sampled_from(CHANNELS),
    )  # fmt: skip
    step = st.tuples(person, instant, st.sampled_from(("lead_form", "registration")), st.none())
    happened = draw(st.lists(st.one_of(arrival, arrival, arrival, step), max_size=40))
    names = draw(st.permutations(range(len(happened))))
    cents = st.integers(-500, 99_999).map(lambda value: Decimal(value) / 100)
    orders = draw(st.lists(st.tuples(person, instant, cents, cents), max_size=8))
    return (
        [(f"t{name:02}", *event) for name, event in zip(names, happened, strict=True)],
        [(f"o{number}", *order) for number, order in enumerate(orders)],
    )


def first_orders(orders: Sequence[Order]) -> dict[str, str]:
    firsts: dict[str, tuple[datetime, str]] = {}
    for name, person, at, _, _ in orders:
        firsts[person] = min(firsts.get(person, (at, name)), (at, name))
    return {person: name for person, (_, name) in firsts.items()}


def tables(events: Sequence[Event], orders: Sequence[Order]) -> dict[str, Table]:
    firsts = first_orders(orders)
    touches = [
        {
            "touch_id": name, "person_id": person, "touched_at": at, "touch_date": at.date(),
            "touchpoint_key": touchpoint, "channel_id": channel,
        }
        for name, person, at, touchpoint, channel in events
    ]  # fmt: skip
    ledger = [
        {
            "conversion_id": f"shop/{name}", "person_id": person, "order_id": name,
            "conversion_kind": "first_order" if firsts[person] == name else "repeat_order",
            "conversion_at": at, "conversion_date": at.date(), "revenue": revenue,
            "contribution_margin": margin,
        }
        for name, person, at, revenue, margin in orders
    ]  # fmt: skip
    return {"fct_touchpoints": Table(TOUCHES, touches), "int_conversions": Table(ORDERS, ledger)}


def seeds(windows: dict[tuple[str, str, str], int], **limits: int) -> dict[str, str]:
    rows = "".join(f"{model},{channel},{key},{hours}\n"
                   for (model, channel, key), hours in windows.items())  # fmt: skip
    thresholds = {
        "attribution_touches_per_conversion": 500,
        "attribution_touches_per_person": 100_000,
        "attribution_shapley_exact_channels": 12,
        "attribution_shapley_samples": 1000,
        "attribution_shapley_prior_paths": 30,
        **limits,
    }
    return {
        "attribution_windows": "model,channel_id,touchpoint_key,window_hours\n" + rows,
        "thresholds": "threshold_name,threshold_value,unit,note\n"
        + "".join(f"{name},{value},,\n" for name, value in thresholds.items()),
    }


def conversions(events: Sequence[Event], orders: Sequence[Order]) -> list[Conversion]:
    firsts = first_orders(orders)
    found = [
        Conversion(
            f"shop/{name}", "first_order" if firsts[person] == name else "repeat_order", person, at
        )
        for name, person, at, _, _ in orders
    ]
    for touchpoint, kind in (("lead_form", "lead"), ("registration", "registration")):
        earliest: dict[str, tuple[datetime, str]] = {}
        for name, person, at, key, _ in events:
            if key == touchpoint:
                earliest[person] = min(earliest.get(person, (at, name)), (at, name))
        found += [
            Conversion(f"{kind}/{name}", kind, person, at)
            for person, (at, name) in earliest.items()
        ]
    return found


def arrivals(events: Sequence[Event]) -> list[Touch]:
    return [
        Touch(name, person, at, channel, touchpoint)
        for name, person, at, touchpoint, channel in events
        if channel
    ]


def by_conversion(rows: Sequence[dict[str, Any]]) -> dict[tuple[str, str], dict[str | None, Any]]:
    found: dict[tuple[str, str], dict[str | None, Any]] = defaultdict(dict)
    for row in rows:
        found[row["conversion_id"], row["model"]][row["touch_id"]] = row
    return found


CASES = pytest.mark.parametrize(
    ("windows", "per_conversion", "per_person"),
    [(GENERAL, 500, 100_000), (SPECIAL, 500, 100_000), (GENERAL, 4, 9)],
    ids=["general windows", "windows by model and channel", "few touches kept"],
)


@CASES
@settings(
    max_examples=12, deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip
@given(world=worlds())
def test_credit_is_that_of_looking_at_each_conversion_by_itself(
    project: Project,
    windows: dict[tuple[str, str, str], int],
    per_conversion: int,
    per_person: int,
    world: tuple[list[Event], list[Order]],
) -> None:
    events, orders = world
    made = project.run(
        ["fct_attribution", "meta_attribution_caps"],
        tables(events, orders),
        seeds=seeds(
            windows,
            attribution_touches_per_conversion=per_conversion,
            attribution_touches_per_person=per_person,
        ),
    )
    rules = Rules(PAID, windows, END_OF_DAY, per_conversion=per_conversion, per_person=per_person)
    expected, cuts = attribute(arrivals(events), conversions(events, orders), rules)
    found = by_conversion(made["fct_attribution"])
    assert found.keys() == expected.keys()
    for key, credits in expected.items():
        rows = found[key]
        assert {name for name, credit in credits.items() if credit > 1e-8} <= rows.keys(), key
        assert rows.keys() <= credits.keys(), key
        for name, row in rows.items():
            assert float(row["credit"]) == pytest.approx(credits[name], abs=2e-9), key
    reported = {row["conversion_kind"]: row for row in made["meta_attribution_caps"]}
    for kind, row in reported.items():
        assert (row["conversions_cut"], row["touches_cut"]) == cuts[kind]
    conserved(made["fct_attribution"], events, orders)


def conserved(
    rows: Sequence[dict[str, Any]], events: Sequence[Event], orders: Sequence[Order]
) -> None:
    """Every model gives every conversion away once, with its money, to the last digit."""
    sums: dict[tuple[str, str], list[Decimal]] = defaultdict(lambda: [Decimal(0)] * 3)
    for row in rows:
        key = row["conversion_id"], row["model"]
        parts = (row["credit"], row["revenue"], row["contribution_margin"])
        sums[key] = [total + part for total, part in zip(sums[key], parts, strict=True)]
        assert 0 < row["credit"] <= 1
        assert (row["touch_id"] is None) == (row["channel_id"] == "(unattributed)")
        assert (row["touch_date"] is None) == (row["touch_id"] is None)
        assert (row["order_id"] is None) == (row["conversion_kind"] in ("lead", "registration"))
    money = {f"shop/{name}": (revenue, margin) for name, _, _, revenue, margin in orders}
    expected = {
        (conversion.conversion_id, model): [
            Decimal(1), *money.get(conversion.conversion_id, (Decimal(0), Decimal(0)))
        ]
        for conversion in conversions(events, orders)
        for model in MODELS
    }  # fmt: skip
    assert sums == expected


@settings(
    max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(world=worlds(), seed=st.integers(0, 99))
def test_the_order_of_the_rows_that_come_in_changes_nothing(
    project: Project, world: tuple[list[Event], list[Order]], seed: int
) -> None:
    events, orders = world
    shuffled = [list(events), list(orders)]
    for rows in shuffled:
        random.Random(seed).shuffle(rows)
    made = [
        project.run("fct_attribution", tables(*rows), seeds=seeds(GENERAL))["fct_attribution"]
        for rows in ((events, orders), shuffled)
    ]
    one, other = (
        sorted(rows, key=lambda row: (row["conversion_id"], row["model"], row["touch_id"] or ""))
        for rows in made
    )
    assert one == other


def credited(
    project: Project, events: list[Event], orders: list[Order], **options: Any
) -> dict[str, dict[str | None, float]]:
    """Credit of the first order by model and touch."""
    rows = project.run(
        "fct_attribution", tables(events, orders), seeds=options.get("seeds", seeds(GENERAL))
    )["fct_attribution"]
    found: dict[str, dict[str | None, float]] = defaultdict(dict)
    for row in rows:
        if row["conversion_kind"] == "first_order":
            found[row["model"]][row["touch_id"]] = float(row["credit"])
    return found


def test_a_path_of_five_touches_as_the_definitions_say(project: Project) -> None:
    def at(days: float) -> datetime:
        return START + timedelta(days=days)

    events: list[Event] = [
        ("a", "ada", at(0), "landing_view", "paid_social_meta"),
        ("b", "ada", at(2), "landing_view", "email"),
        ("x", "ada", at(3), "lead_form", None),
        ("c", "ada", at(5), "landing_view", "paid_search_google"),
        ("d", "ada", at(6), "landing_view", "email"),
        ("e", "ada", at(7), "landing_view", "direct"),
    ]
    models = credited(project, events, [("1", "ada", at(7), Decimal(10), Decimal(4))])
    assert models["first"] == models["first_paid"] == {"a": 1}
    assert models["last"] == {"e": 1}
    assert models["last_non_direct"] == {"d": 1}
    assert models["last_paid"] == {"c": 1}
    assert models["linear"] == dict.fromkeys("abcde", 0.2)
    assert models["time_decay"]["e"] == pytest.approx(2 * models["time_decay"]["a"], abs=1e-8)
    middle = dict.fromkeys("bcd", 0.2 / 3)
    assert models["position"] == pytest.approx({"a": 0.4, **middle, "e": 0.4}, abs=2e-9)
    assert models["w_shaped"] == {"a": 0.3, "b": 0.3, "c": 0.05, "d": 0.05, "e": 0.3}
    assert models["shapley"]["b"] == models["shapley"]["d"]
    assert models["markov"]["b"] == models["markov"]["d"]


@pytest.mark.parametrize(
    ("touches", "position", "w_shaped"),
    [(1, [1.0], [1.0]), (2, [0.5, 0.5], [2 / 3, 1 / 3]), (3, [0.4, 0.2, 0.4], [0.6, 0.1, 0.3])],
)
def test_on_short_paths_places_that_coincide_are_added(
    project: Project, touches: int, position: list[float], w_shaped: list[float]
) -> None:
    events: list[Event] = [
        (f"t{n}", "ada", START + timedelta(days=n), "landing_view", "email") for n in range(touches)
    ]
    events.append(("x", "ada", START + timedelta(hours=1), "registration", None))
    order = ("1", "ada", START + timedelta(days=9), Decimal(10), Decimal(4))
    models = credited(project, events, [order])
    for model, shares in (("position", position), ("w_shaped", w_shaped)):
        found = [models[model][f"t{n}"] for n in range(touches)]
        assert found == pytest.approx(shares, abs=2e-9)


def test_a_model_of_paid_touches_leaves_an_unpaid_path_unattributed(project: Project) -> None:
    events: list[Event] = [("t", "ada", START, "landing_view", "email")]
    order = ("1", "ada", START + timedelta(hours=1), Decimal(10), Decimal(4))
    models = credited(project, events, [order])
    assert models["first_paid"] == models["last_paid"] == {None: 1}
    assert models["first"] == {"t": 1}


def test_both_ends_of_a_window_belong_to_it_and_an_install_has_its_own(project: Project) -> None:
    order_at = START + timedelta(days=40)
    moment = timedelta(microseconds=1)
    events: list[Event] = [
        ("before", "ada", order_at - timedelta(hours=720) - moment, "landing_view", "email"),
        ("edge", "ada", order_at - timedelta(hours=720), "landing_view", "email"),
        ("old install", "ada", order_at - timedelta(hours=168) - moment, "install", "email"),
        ("install", "ada", order_at - timedelta(hours=168), "install", "email"),
        ("at once", "ada", order_at, "landing_view", "email"),
        ("after", "ada", order_at + moment, "landing_view", "email"),
    ]
    models = credited(project, events, [("1", "ada", order_at, Decimal(10), Decimal(4))])
    assert models["linear"].keys() == {"edge", "install", "at once"}


def test_a_bot_costs_the_sum_of_its_touches_and_orders_and_is_reported(project: Project) -> None:
    events: list[Event] = [
        (f"t{n:04}", "bot", START + timedelta(minutes=n), "landing_view", CHANNELS[n % 5])
        for n in range(1500)
    ]
    orders: list[Order] = [
        (f"o{n:03}", "bot", START + timedelta(minutes=10 * n + 5), Decimal(1), Decimal(1))
        for n in range(150)
    ]
    made = project.run(
        ["int_attribution_pairs", "fct_attribution", "meta_attribution_caps"],
        tables(events, orders),
        seeds=seeds(GENERAL, attribution_touches_per_person=900),
    )
    assert len(made["int_attribution_pairs"]) == 150 * 6
    caps = {row["conversion_kind"]: row for row in made["meta_attribution_caps"]}
    assert caps["repeat_order"]["conversions_cut"] == 149
    seen = sum(min(1500, 10 * n + 6) for n in range(1, 150))
    assert caps["repeat_order"]["touches"] == seen
    assert caps["repeat_order"]["touches_cut"] == seen - 149 * 6
    conserved(made["fct_attribution"], events, orders)


def test_a_large_channel_set_is_sampled_near_the_exact_value_with_its_error(
    project: Project,
) -> None:
    generator = random.Random(5)
    events: list[Event] = []
    orders: list[Order] = []
    for number in range(120):
        person = f"p{number:03}"
        size = generator.randint(1, 5)
        for place, channel in enumerate(generator.sample(CHANNELS, size)):
            at = START + timedelta(hours=place)
            events.append((f"{person}-{place}", person, at, "landing_view", channel))
        if generator.random() < 0.15 * size:
            at = START + timedelta(hours=9)
            orders.append((person, person, at, Decimal(10), Decimal(4)))
    exact, sampled = (
        {
            (row["channel_set"], row["channel_id"]): row
            for row in project.run(
                "int_attribution_shapley",
                tables(events, orders),
                seeds=seeds(
                    GENERAL,
                    attribution_shapley_exact_channels=limit,
                    attribution_shapley_samples=2000,
                    attribution_shapley_prior_paths=5,
                ),
            )["int_attribution_shapley"]
        }
        for limit in (12, 2)
    )
    assert exact.keys() == sampled.keys()
    large = [key for key, row in sampled.items() if not row["is_exact"]]
    assert large
    assert all(row["is_exact"] and row["standard_error"] == 0 for row in exact.values())
    for key in large:
        error = sampled[key]["standard_error"]
        assert abs(sampled[key]["share"] - exact[key]["share"]) <= 5 * error + 0.005
        assert error < 0.05
    assert any(sampled[key]["standard_error"] > 0 for key in large)


def test_leads_and_registrations_are_credited_and_no_order(project: Project) -> None:
    events: list[Event] = [
        ("t", "ada", START, "landing_view", "email"),
        ("x", "ada", START + timedelta(hours=1), "lead_form", None),
        ("y", "ada", START + timedelta(hours=2), "registration", None),
        ("z", "ada", START + timedelta(hours=3), "lead_form", None),
    ]
    spend = {
        "date_day": "date", "channel_id": "varchar", "campaign_id": "varchar",
        "impressions": "bigint", "clicks": "bigint", "spend": "decimal(18, 6)",
        "platform_click_conversions": "decimal(18, 6)",
        "platform_view_conversions": "decimal(18, 6)", "is_provisional": "boolean",
    }  # fmt: skip
    paid = {
        "date_day": date(2026, 1, 10), "channel_id": "paid_social_meta", "campaign_id": "c",
        "impressions": 9, "clicks": 1, "spend": 5, "platform_click_conversions": 3,
        "platform_view_conversions": 4, "is_provisional": False,
    }  # fmt: skip
    made = project.run(
        "fct_channel_performance",
        {**tables(events, []), "fct_ad_spend": Table(spend, [paid])},
        seeds=seeds(GENERAL),
    )["fct_channel_performance"]
    for model in MODELS:
        rows = {row["channel_id"]: row for row in made if row["model"] == model}
        meta = rows.pop("paid_social_meta")
        assert (meta["spend"], meta["leads"], meta["cac"]) == (5, 0, None)
        assert (meta["platform_click_conversions"], meta["platform_view_conversions"]) == (3, 4)
        (one,) = rows.values()
        assert (one["leads"], one["registrations"]) == (1, 1)
        assert (one["new_customers"], one["orders"], one["revenue"]) == (0, 0, 0)
