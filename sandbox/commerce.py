"""What the shop sells: when people order, what they pay, what comes back.

Money is int64 cents in the order's currency; days are 0-based days of the world, seconds count
from midnight of the company zone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sandbox.clock import COMPANY_ZONE, DAY, DAYS, FIRST_DAY, SECOND, local_day, utc_us
from sandbox.people import People

PER_EUR = np.array([1.0, 1.08, 7.80])  # price lists, by market
PRODUCTS = 48
COUPONS = (
    ("WELCOME10", "Welcome, 10 % off", "2026-01-01", "2026-03-31", 10),
    ("WINTER15", "Winter clearance", "2026-01-12", "2026-02-15", 15),
    ("SPRING20", "Spring launch", "2026-03-02", "2026-03-22", 20),
)
REASONS = ("damaged", "did not fit", "late", "changed mind")


@dataclass(frozen=True)
class Plan:
    """Orders somebody is going to place: row per order, before the session that carries it is
    known."""

    person: np.ndarray
    day: np.ndarray
    is_first: np.ndarray


def plan_orders(people: People, rng: np.random.Generator) -> Plan:
    """First orders soon after arrival, then repeats whose intervals grow; nothing past the last
    day."""
    buyer = np.flatnonzero(people.is_buyer)
    same_day = rng.random(len(buyer)) < 0.4
    wait = np.where(same_day, 0, 1 + rng.exponential(7.0, len(buyer)).astype(np.int64))
    first = people.arrival_day[buyer] + wait
    persons, days, firsts = [buyer], [first], [np.ones(len(buyer), bool)]
    previous, owner = first, buyer
    for number in range(1, 9):
        stays = rng.random(len(owner)) < (0.50 if number == 1 else 0.62)
        owner, previous = owner[stays], previous[stays]
        previous = previous + 3 + rng.exponential(19.0 + number, len(owner)).astype(np.int64)
        persons.append(owner)
        days.append(previous)
        firsts.append(np.zeros(len(owner), bool))
    person, day, is_first = np.concatenate(persons), np.concatenate(days), np.concatenate(firsts)
    kept = day < DAYS
    return Plan(person[kept], day[kept], is_first[kept])


@dataclass(frozen=True)
class Shop:
    """Orders, their lines and refunds (columns are aligned within each group)."""

    # orders, ordered by time
    person: np.ndarray
    session: np.ndarray
    user: np.ndarray  # app account that was signed in, -1 for a guest
    customer: (
        np.ndarray
    )  # the shop's customer record: of the app account, or a new one per guest checkout
    ordered_at: np.ndarray
    day: np.ndarray  # company-zone day number
    market: np.ndarray
    is_cancelled: np.ndarray
    coupon: np.ndarray  # row of COUPONS or -1
    uses_second_email: np.ndarray
    junk_user: np.ndarray  # row of JUNK_IDS written into a guest's user_id, or -1
    # lines, ordered by order and line number
    line_order: np.ndarray
    line_no: np.ndarray
    product: np.ndarray
    quantity: np.ndarray
    unit_price: np.ndarray
    line_discount: np.ndarray
    unit_cost: np.ndarray
    # refunds, ordered by time
    refund_order: np.ndarray
    refund_line: np.ndarray  # line number, 0 for the order as a whole
    refund_cents: np.ndarray
    refunded_at: np.ndarray
    refund_day: np.ndarray
    refund_reason: np.ndarray

    def order_cents(self) -> np.ndarray:
        """What was to be paid per order: lines after discount."""
        net = self.quantity * self.unit_price - self.line_discount
        return np.bincount(self.line_order, net, minlength=len(self.person)).astype(np.int64)

    def refunded_cents(self, until_day: int) -> np.ndarray:
        """Refunds per order that were made by the end of a company-zone day."""
        known = self.refund_day <= until_day
        return np.bincount(
            self.refund_order[known], self.refund_cents[known], minlength=len(self.person)
        ).astype(np.int64)


def make_shop(
    people: People,
    person: np.ndarray,
    session: np.ndarray,
    user: np.ndarray,
    ordered_at: np.ndarray,
    rng: np.random.Generator,
) -> Shop:
    """Fill the orders with lines, discounts and refunds. Inputs are per order, in any sequence."""
    by_time = np.argsort(ordered_at, kind="stable")
    person, session, user, ordered_at = (a[by_time] for a in (person, session, user, ordered_at))
    count = len(person)
    guests = user < 0
    customer = np.where(guests, len(people.user_person) + np.arange(count), user)
    market = people.market[person]
    day = local_day(ordered_at, COMPANY_ZONE)
    coupon = _coupons(day, rng)
    lines = _lines(count, market, coupon, rng)
    is_cancelled = rng.random(count) < 0.03
    refunds = _refunds(count, lines, ordered_at, is_cancelled, rng)
    return Shop(
        person=person, session=session, user=user, customer=customer,
        ordered_at=ordered_at, day=day,
        market=market, is_cancelled=is_cancelled, coupon=coupon,
        # A second address appears at guest checkouts and on the account that was opened with it.
        uses_second_email=people.has_second_email[person]
        & np.where(guests, rng.random(count) < 0.5, people.user_uses_second_email[user]),
        junk_user=np.where(guests & (rng.random(count) < 0.06), rng.integers(0, 6, count), -1),
        **lines, **refunds,
    )  # fmt: skip


def _coupons(day: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    coupon = np.full(len(day), -1)
    for number, (_, _, starts, ends, _) in enumerate(COUPONS):
        span = (day >= _day(starts)) & (day <= _day(ends))
        coupon = np.where(span & (rng.random(len(day)) < (0.12, 0.2, 0.3)[number]), number, coupon)
    return coupon


def _day(text: str) -> int:
    return int(np.datetime64(text, "D").astype(np.int64))


def _lines(
    count: int, market: np.ndarray, coupon: np.ndarray, rng: np.random.Generator
) -> dict[str, np.ndarray]:
    price = rng.integers(9, 72, size=PRODUCTS) * 100 - np.array([1, 5, 10])[np.arange(PRODUCTS) % 3]
    cost_share = rng.uniform(0.34, 0.46, size=PRODUCTS)
    per_order = rng.choice([1, 2, 3, 4], size=count, p=(0.55, 0.28, 0.12, 0.05))
    line_order = np.repeat(np.arange(count), per_order)
    line_no = (
        np.arange(len(line_order)) - np.repeat(np.cumsum(per_order) - per_order, per_order) + 1
    )
    product = (rng.integers(0, PRODUCTS, size=count)[line_order] + 7 * line_no) % PRODUCTS
    rate = PER_EUR[market[line_order]]
    unit_price = np.rint(price[product] * rate).astype(np.int64)
    unit_cost = np.rint(price[product] * cost_share[product] * rate).astype(np.int64)
    quantity = rng.choice([1, 2, 3], size=len(line_order), p=(0.86, 0.11, 0.03))
    percent = np.array([entry[4] for entry in COUPONS] + [0])[coupon[line_order]]
    discount = np.rint(quantity * unit_price * percent / 100).astype(np.int64)
    return {
        "line_order": line_order, "line_no": line_no, "product": product, "quantity": quantity,
        "unit_price": unit_price, "line_discount": discount, "unit_cost": unit_cost,
    }  # fmt: skip


def _refunds(
    count: int,
    lines: dict[str, np.ndarray],
    ordered_at: np.ndarray,
    is_cancelled: np.ndarray,
    rng: np.random.Generator,
) -> dict[str, np.ndarray]:
    """Five kinds: whole order, each line by itself, in two parts, one line, goodwill on the
    order."""
    net = lines["quantity"] * lines["unit_price"] - lines["line_discount"]
    total = np.bincount(lines["line_order"], net, minlength=count).astype(np.int64)
    start = np.searchsorted(lines["line_order"], np.arange(count))
    stop = np.searchsorted(lines["line_order"], np.arange(count), side="right")
    chosen = np.flatnonzero(~is_cancelled & (rng.random(count) < 0.07))
    kind = rng.choice(5, size=len(chosen), p=(0.38, 0.10, 0.07, 0.30, 0.15))
    waits = (rng.uniform(1.5, 24.0, size=(len(chosen), 2)) * DAY).astype(np.int64)
    rows: list[tuple[int, int, int, int]] = []
    for order, what, (first, second) in zip(
        chosen.tolist(), kind.tolist(), waits.tolist(), strict=True
    ):
        cents, at = int(total[order]), int(ordered_at[order])
        if what == 0:
            rows.append((order, 0, cents, at + first))
        elif what == 1:
            rows += [
                (order, no + 1, int(net[start[order] + no]), at + first)
                for no in range(stop[order] - start[order])
            ]
        elif what == 2:
            rows += [
                (order, 0, cents // 3, at + first),
                (order, 0, cents - cents // 3, at + first + second),
            ]
        elif what == 3:
            rows.append((order, 1, int(net[start[order]]) // (1 + order % 2), at + first))
        else:
            rows.append((order, 0, max(cents // 10, 1), at + first))
    table = np.array(rows, dtype=np.int64).reshape(-1, 4)
    # The office sends money back between eight and eighteen.
    at_day = local_day(table[:, 3], COMPANY_ZONE)
    clock = (8 * 3600 + rng.integers(0, 10 * 3600, size=len(table))) * SECOND
    refunded_at = utc_us(at_day * DAY + clock, COMPANY_ZONE)
    kept = at_day < FIRST_DAY + DAYS
    table, refunded_at, at_day = table[kept], refunded_at[kept], at_day[kept]
    by_time = np.lexsort((table[:, 1], table[:, 0], refunded_at))
    return {
        "refund_order": table[by_time, 0], "refund_line": table[by_time, 1],
        "refund_cents": table[by_time, 2], "refunded_at": refunded_at[by_time],
        "refund_day": at_day[by_time],
        "refund_reason": rng.integers(0, len(REASONS), size=len(table)),
    }  # fmt: skip
