"""LTV, CAC, costs and retention told once more in plain Python, over made-up worlds.

Nothing here follows the SQL's way: values are summed per person and age from the orders, never
cumulated in steps, and every exact number is a fraction until it is compared.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from scipy.stats import chi2

from tests.oracle.project import Project, Table

AS_OF = date(2026, 3, 31)
START = date(2026, 1, 1)
AGES = (0, 7, 30, 60)
Z = 1.96
MINIMUM = 2
SEEDS = {
    "ltv_horizons": "age_days\n" + "\n".join(map(str, AGES)) + "\n",
    "thresholds": "threshold_name,threshold_value,unit,note\n"
    f"interval_z,{Z},,\nmin_cohort_customers,{MINIMUM},,\n",
}
PAID = ("paid_search_google", "paid_social_meta")
FREE = ("email", "direct")
CREDITS = ((1,), (0.5, 0.5), (0.25, 0.75), (0.333333333, 0.666666667), (0.4, 0.2, 0.4))
CASES = settings(
    max_examples=12,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
MONEY = "decimal(18, 6)"


@dataclass
class Order:
    key: str
    day: date
    revenue: Decimal
    cost: Decimal
    refunds: list[tuple[date, Decimal]] = field(default_factory=list)


@dataclass
class Person:
    name: str
    orders: list[Order]
    credits: dict[str, list[tuple[str, Decimal]]]  # by model

    @property
    def first(self) -> date:
        return min(order.day for order in self.orders)


def amounts(low: int, high: int) -> st.SearchStrategy[Decimal]:
    return st.integers(low, high).map(lambda cents: Decimal(cents).scaleb(-2))


days = st.integers(0, 89).map(lambda number: START + timedelta(days=number))


@st.composite
def people(draw: st.DrawFn) -> list[Person]:
    made = []
    for number in range(draw(st.integers(1, 7))):
        orders = []
        for which in range(draw(st.integers(1, 4))):
            revenue = draw(amounts(0, 20_000))
            order = Order(f"o{number}-{which}", draw(days), revenue, draw(amounts(0, 9_000)))
            for _ in range(draw(st.integers(0, 2))):
                # A refund may be booked before the order it is for, as shops with two clocks do.
                when = order.day + timedelta(days=draw(st.integers(-2, 40)))
                order.refunds.append((when, draw(amounts(1, 3_000))))
            orders.append(order)
        credits = {}
        for model in ("one", "two"):
            shares = [Decimal(str(share)) for share in draw(st.sampled_from(CREDITS))]
            channels = draw(st.permutations([*PAID, *FREE]))[: len(shares)]
            credits[model] = list(zip(channels, shares, strict=True))
        made.append(Person(f"p{number}", orders, credits))
    return made


spends = st.lists(st.tuples(days, st.sampled_from(PAID), amounts(1, 90_000)), max_size=6)


@st.composite
def entries(draw: st.DrawFn) -> list[dict[str, Any]]:
    made = []
    for number in range(draw(st.integers(0, 5))):
        start = START + timedelta(days=draw(st.integers(-20, 89)))
        made.append(
            {
                "source": "cost_files", "account_id": "books", "cost_id": f"c{number}",
                "entered_date": START, "load_id": "L",
                "cost_type": draw(st.sampled_from(["tools", "agency_fee", "innovation_fund"])),
                "channel_id": draw(st.sampled_from([None, *PAID, *FREE])),
                "period_from_date": start,
                "period_to_date": start + timedelta(days=draw(st.integers(0, 45))),
                "currency": draw(st.sampled_from(["EUR", "USD"])),
                "amount_native": draw(amounts(-50_000, 50_000)),
            }
        )  # fmt: skip
    return made


def rate_of(day: date) -> Decimal:
    return Decimal("0.9") + Decimal((day - START).days) / 1000


RATES = Table(
    {"currency": "varchar", "date_day": "date", "fx_rate": "decimal(18, 8)", "fx_date": "date"},
    [
        {"currency": "USD", "date_day": day, "fx_rate": rate_of(day), "fx_date": day}
        for day in (START + timedelta(days=n) for n in range(-30, 90))
    ],
)
ENTRY_TYPES = {
    "source": "varchar", "account_id": "varchar", "cost_id": "varchar", "entered_date": "date",
    "load_id": "varchar", "cost_type": "varchar", "channel_id": "varchar", "campaign": "varchar",
    "note": "varchar", "entered_by": "varchar", "period_from_date": "date",
    "period_to_date": "date", "period_days": "bigint", "currency": "varchar",
    "amount_native": MONEY,
}  # fmt: skip


def cost_table(made: list[dict[str, Any]]) -> Table:
    rows = [
        {**row, "period_days": (row["period_to_date"] - row["period_from_date"]).days + 1}
        for row in made
    ]
    return Table(ENTRY_TYPES, rows)


def sources(kind: str, through: date) -> Table:
    types = {"kind": "varchar", "is_enabled": "boolean", "data_through_date": "date"}
    return Table(types, [{"kind": kind, "is_enabled": True, "data_through_date": through}])


def ledger(world: list[Person]) -> dict[str, Table]:
    conversions, lines, refunds, credited = [], [], [], []
    for person in world:
        ordered = sorted(person.orders, key=lambda order: (order.day, order.key))
        for order in ordered:
            kind = "first_order" if order is ordered[0] else "repeat_order"
            conversions.append(
                {"conversion_id": order.key, "conversion_kind": kind, "person_id": person.name,
                 "conversion_date": order.day}
            )  # fmt: skip
            lines.append(
                {"person_id": person.name, "order_date": order.day, "gross": order.revenue + 1,
                 "discount": 1, "refund": sum(amount for _, amount in order.refunds),
                 "cost": order.cost, "is_valid": True}
            )  # fmt: skip
            refunds += [
                {"order_key": order.key, "refund_date": day, "amount": amount}
                for day, amount in order.refunds
            ]
            credited += [
                {"person_id": person.name, "model": model, "channel_id": channel,
                 "conversion_kind": kind, "conversion_date": order.day, "credit": credit}
                for model, parts in person.credits.items()
                for channel, credit in parts
            ]  # fmt: skip
    # A cancelled order is in the ledger and nowhere in a value.
    lines.append(
        {"person_id": world[0].name, "order_date": START, "gross": 999, "discount": 0, "refund": 0,
         "cost": 0, "is_valid": False}
    )  # fmt: skip
    named = dict.fromkeys(["conversion_id", "conversion_kind", "person_id"], "varchar")
    return {
        "int_conversions": Table({**named, "conversion_date": "date"}, conversions),
        "int_orders_valued": Table(
            {"person_id": "varchar", "order_date": "date", "gross": MONEY, "discount": MONEY,
             "refund": MONEY, "cost": MONEY, "is_valid": "boolean"}, lines,
        ),
        "int_orders_refunds": Table(
            {"order_key": "varchar", "refund_date": "date", "amount": MONEY}, refunds
        ),
        "int_conversions_credited": Table(
            {"person_id": "varchar", "model": "varchar", "channel_id": "varchar",
             "conversion_kind": "varchar", "conversion_date": "date", "credit": "decimal(18, 9)"},
            credited,
        ),
    }  # fmt: skip


def rounded(value: Fraction | None) -> Decimal | None:
    if value is None:
        return None
    scaled = Decimal(value.numerator * 10**12) / value.denominator
    return (scaled / 10**12).quantize(Decimal("0.000001"), ROUND_HALF_UP)


def month_of(day: date) -> date:
    return day.replace(day=1)


def spread(row: dict[str, Any]) -> dict[date, Decimal]:
    """Cents by day, the last day the rest; days past the night are not known."""
    length = (row["period_to_date"] - row["period_from_date"]).days + 1
    cents = int(row["amount_native"] * 100)
    each = int(math.copysign(abs(cents) // length, cents))
    parts = [each] * (length - 1) + [cents - each * (length - 1)]
    dated = {
        row["period_from_date"] + timedelta(days=n): Decimal(part).scaleb(-2)
        for n, part in enumerate(parts)
    }
    return {day: part for day, part in dated.items() if day <= AS_OF}


def in_base(row: dict[str, Any], day: date, part: Decimal) -> Fraction:
    return Fraction(part) * (Fraction(rate_of(day)) if row["currency"] == "USD" else 1)


def value_at(person: Person, age: int, through: date, margin: bool) -> Fraction:
    total = Fraction(0)
    for order in person.orders:
        if order.day <= through and (order.day - person.first).days <= age:
            total += Fraction(order.revenue - (order.cost if margin else 0))
        for booked, amount in order.refunds:
            day = max(booked, order.day)
            if day <= through and (day - person.first).days <= age:
                total -= Fraction(amount)
    return total


def scopes(
    world: list[Person], model: str
) -> dict[tuple[date, str], list[tuple[Person, Fraction]]]:
    """Who is in which cohort row with which weight."""
    found: dict[tuple[date, str], dict[str, tuple[Person, Fraction]]] = defaultdict(dict)
    for person in world:
        for channel, credit in person.credits[model]:
            group = "(paid)" if channel in PAID else "(organic)"
            for scope in (channel, group, "(all)"):
                key = (month_of(person.first), scope)
                _, before = found[key].get(person.name, (person, Fraction(0)))
                found[key][person.name] = (person, before + Fraction(credit))
    return {key: list(members.values()) for key, members in found.items()}


def close(found: Decimal | None, wanted: float | None, share: float = 1e-5) -> bool:
    if found is None or wanted is None:
        return found is None and wanted is None
    return math.isclose(float(found), wanted, rel_tol=share, abs_tol=1e-5)


def byar(count: float) -> tuple[float | None, float]:
    base = 1 - 1 / (9 * count) - Z / (3 * math.sqrt(count))
    above = count + 1
    return (
        count * base**3 if base > 0 else None,
        above * (1 - 1 / (9 * above) + Z / (3 * math.sqrt(above))) ** 3,
    )


def cac_bounds(cost: Fraction | None, weights: list[Fraction]) -> tuple[float | None, float | None]:
    total = float(sum(weights))
    if cost is None or not weights:
        return None, None
    count = total**2 / float(sum(weight**2 for weight in weights))
    low, high = byar(count)
    cac = float(cost) / total
    return cac * count / high, cac * count / low if low is not None else None


@CASES
@given(people(), spends, entries(), st.integers(20, 95))
def test_ltv_and_cac_are_what_plain_sums_say(
    project: Project,
    world: list[Person],
    spent: list[tuple[date, str, Decimal]],
    costs: list[dict[str, Any]],
    seen_days: int,
) -> None:
    through = min(AS_OF, START + timedelta(days=seen_days))
    tables = {
        **ledger(world),
        "meta_sources": sources("order_files", START + timedelta(days=seen_days)),
        "fct_ad_spend": Table(
            {"date_day": "date", "channel_id": "varchar", "spend": MONEY},
            [{"date_day": d, "channel_id": c, "spend": s} for d, c, s in spent],
        ),
        "int_cost_entries": cost_table(costs),
        "int_fx_rates_daily": RATES,
    }
    rows = project.run("fct_ltv_cac", tables, seeds=SEEDS)["fct_ltv_cac"]
    found = {(r["model"], r["cohort_month"], r["channel_id"], r["age_days"]): r for r in rows}
    wanted_keys = set()
    for model in ("one", "two"):
        cohorts = scopes(world, model)
        for (month, scope), members in cohorts.items():
            weights = [weight for _, weight in members]
            total = sum(weights, Fraction(0))
            media = _media(spent, month, scope)
            other = _others(costs, month, scope)
            paid_members = [w for _, w in cohorts.get((month, "(paid)"), [])]
            everybody = [w for _, w in cohorts[month, "(all)"]]
            blended = _media(spent, month, "(all)")
            has_costs = _others(costs, month, "(all)") is not None
            loaded = None
            if has_costs and (media is not None or other is not None):
                loaded = (media or Fraction(0)) + (other or Fraction(0))
            paid_cost = _media(spent, month, "(paid)") if scope == "(all)" else media
            paid_weights = paid_members if scope == "(all)" else weights
            compared = (blended, everybody) if scope == "(all)" else (media, weights)
            payback = None
            for age in AGES:
                key = (model, month, scope, age)
                wanted_keys.add(key)
                row = found[key]
                mature = all(person.first + timedelta(days=age) <= through for person, _ in members)
                seen = sum(
                    (w for p, w in members if p.first + timedelta(days=age) <= through), Fraction(0)
                )
                margins = [(value_at(p, age, through, True), w) for p, w in members]
                margin = sum((value * w for value, w in margins), Fraction(0))
                revenue = sum(
                    (value_at(p, age, through, False) * w for p, w in members), Fraction(0)
                )
                if mature and media and margin >= media and payback is None:
                    payback = age
                assert row["members"] == len(members)
                assert row["customers"] == rounded(total)
                assert row["observed_share"] == rounded(
                    Fraction(row["observed_customers"]) / Fraction(row["customers"])
                )
                assert row["observed_customers"] == rounded(seen)
                assert row["is_mature"] is mature
                assert close(row["cumulative_revenue"], float(revenue))
                assert close(row["cumulative_margin"], float(margin))
                assert close(row["ltv_revenue"], float(revenue / total) if mature else None)
                assert close(row["ltv_margin"], float(margin / total) if mature else None)
                variance = None
                if mature and len(members) > 1:
                    mean = margin / total
                    squares = sum(w**2 * (value - mean) ** 2 for value, w in margins)
                    variance = float(squares / total**2) * len(members) / (len(members) - 1)
                    width = Z * math.sqrt(variance)
                    assert close(row["ltv_margin_low"], float(mean) - width)
                    assert close(row["ltv_margin_high"], float(mean) + width)
                else:
                    assert row["ltv_margin_low"] is None and row["ltv_margin_high"] is None
                assert row["has_costs"] is has_costs
                for name, cost, by in (
                    ("cac_blended", blended, everybody),
                    ("cac_paid", paid_cost, paid_weights),
                    ("cac_fully_loaded", loaded, weights),
                ):
                    value = float(cost / sum(by)) if cost is not None and by else None
                    assert close(row[name], value), (name, key)
                    if cost is not None and cost > 0 and by:
                        low, high = cac_bounds(cost, by)
                        assert close(row[f"{name}_low"], low, 1e-4)
                        assert close(row[f"{name}_high"], high, 1e-4)
                small = rounded(total) < MINIMUM
                assert row["is_small"] is small
                cost, by = compared
                ratio = None
                if mature and cost and not small:
                    ratio = float((margin / total) / (cost / sum(by)))
                assert close(row["ltv_cac_ratio"], ratio), key
                if ratio is not None and variance is not None and margin > 0:
                    count = float(total) ** 2 / float(sum(w**2 for w in weights))
                    error = math.sqrt(variance / float(margin / total) ** 2 + 1 / count)
                    assert close(row["ltv_cac_ratio_low"], ratio * math.exp(-Z * error))
                    # A mean hardly above 0 has no upper bound that a column can hold.
                    high = ratio * math.exp(Z * error) if Z * error < 300 else math.inf
                    assert close(row["ltv_cac_ratio_high"], high if high < 1e12 else None, 1e-3)
                else:
                    assert row["ltv_cac_ratio_low"] is None
            for age in AGES:
                row = found[model, month, scope, age]
                status = "no spend" if not media else "not yet" if payback is None else "paid back"
                assert (row["payback_status"], row["payback_age_days"]) == (status, payback)
    assert set(found) == wanted_keys


def _media(spent: list[tuple[date, str, Decimal]], month: date, scope: str) -> Fraction | None:
    parts = [
        Fraction(amount)
        for day, channel, amount in spent
        if month_of(day) == month and scope in (channel, "(paid)", "(all)")
    ]
    return sum(parts, Fraction(0)) if parts else None


def _others(costs: list[dict[str, Any]], month: date, scope: str) -> Fraction | None:
    parts = []
    for row in costs:
        channel = row["channel_id"]
        group = None if channel is None else "(paid)" if channel in PAID else "(organic)"
        if row["cost_type"] == "innovation_fund" or scope not in (channel, group, "(all)"):
            continue
        parts += [
            in_base(row, day, part) for day, part in spread(row).items() if month_of(day) == month
        ]
    return sum(parts, Fraction(0)) if parts else None


@CASES
@given(entries())
def test_a_cost_is_spread_over_its_days_to_the_cent(
    project: Project, costs: list[dict[str, Any]]
) -> None:
    tables = {"int_cost_entries": cost_table(costs), "int_fx_rates_daily": RATES}
    rows = project.run("fct_marketing_costs", tables)["fct_marketing_costs"]
    found = {(r["cost_id"], r["date_day"]): (r["amount_native"], r["amount"]) for r in rows}
    wanted = {
        (row["cost_id"], day): (part, rounded(in_base(row, day, part)))
        for row in costs
        for day, part in spread(row).items()
    }
    assert {key: native for key, (native, _) in found.items()} == {
        key: native for key, (native, _) in wanted.items()
    }
    for key, (_, amount) in wanted.items():
        assert amount is not None and abs(found[key][1] - amount) <= Decimal("0.000001")


@CASES
@given(
    st.lists(
        st.tuples(
            st.integers(60, 89),
            st.sampled_from([*PAID, *FREE]),
            st.sets(st.integers(50, 95), max_size=8),
            st.booleans(),
        ),
        min_size=1,
        max_size=9,
    ),
    st.integers(60, 95),
)
def test_retention_counts_who_did_anything_on_the_day(
    project: Project, folk: list[tuple[int, str, set[int], bool]], seen: int
) -> None:
    def day(number: int) -> date:
        return START + timedelta(days=number)

    through = min(AS_OF, day(seen))
    tables = {
        "int_identity_profiles": Table(
            {"person_id": "varchar", "registration_at": "timestamp", "registration_date": "date",
             "acquisition_channel_id": "varchar"},
            [{"person_id": f"p{n}", "acquisition_channel_id": channel,
              "registration_date": day(on) if registered else None,
              "registration_at": datetime.combine(day(on), datetime.min.time())
              if registered else None}
             for n, (on, channel, _, registered) in enumerate(folk)],
        ),
        "int_identity_owner_days": Table(
            {"person_id": "varchar", "event_date": "date"},
            [{"person_id": f"p{n}", "event_date": day(each)}
             for n, (on, _, active, _) in enumerate(folk)
             for each in sorted(active | {on}) if day(each) <= AS_OF],
        ),
        "meta_sources": sources("amplitude", day(seen)),
    }  # fmt: skip
    rows = project.run("fct_retention", tables, seeds={"retention_days": "day_n\n0\n1\n7\n14\n"})[
        "fct_retention"
    ]
    found = {
        (r["cohort_date"], r["channel_id"], r["day_n"]): (
            r["row_kind"], r["is_paid"], r["eligible"], r["retained"], r["is_complete"],
        )
        for r in rows
    }  # fmt: skip
    wanted = {}
    for on in {on for on, _, _, registered in folk if registered}:
        for scope in ("(all)", "(paid)", "(organic)", *PAID, *FREE):
            group = [
                active | {on}
                for joined, channel, active, registered in folk
                if registered and joined == on
                and scope in ("(all)", channel, "(paid)" if channel in PAID else "(organic)")
            ]  # fmt: skip
            if not group:
                continue
            kind = "all" if scope == "(all)" else "group" if scope[0] == "(" else "channel"
            paid = None if kind == "all" else scope in (*PAID, "(paid)")
            for n in (0, 1, 7, 14):
                over = day(on + n) <= through
                back = sum(on + n in active for active in group) if over else None
                wanted[day(on), scope, n] = (kind, paid, len(group), back, over)
    assert found == wanted


@pytest.mark.parametrize("count", [5, 12, 30, 200, 5000])
def test_the_bounds_of_a_count_are_those_of_the_exact_poisson_interval(count: int) -> None:
    low, high = byar(count)
    exact = chi2.ppf(0.025, 2 * count) / 2, chi2.ppf(0.975, 2 * count + 2) / 2
    assert low == pytest.approx(exact[0], rel=0.01)
    assert high == pytest.approx(exact[1], rel=0.01)
