"""What the page knows: plain values read from one release, before any of them is worded.

Absence is `None` and never 0: a sum over days nobody delivered is unknown, a sum over delivered
days without rows is 0. Money is `Decimal` in the base currency.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

WINDOW_DAYS = 28
CHART_DAYS = 90
MODEL = "last_non_direct"
EVERYBODY = "(all)"
GROUPS = ("(paid)", "(organic)")
HEADLINE_MIN_AGE_DAYS = 30
"""Younger ages are mature within days and say little about what a customer is worth."""


@dataclass(frozen=True)
class Window:
    """Days from `start` to `end`, both included."""

    start: date
    end: date

    @classmethod
    def ending(cls, end: date, days: int = WINDOW_DAYS) -> Window:
        return cls(end - timedelta(days=days - 1), end)

    @property
    def days(self) -> list[date]:
        return [self.start + timedelta(n) for n in range((self.end - self.start).days + 1)]

    def before(self) -> Window:
        """The window of the same length that ends the day before this one starts."""
        return Window.ending(self.start - timedelta(days=1), len(self.days))


@dataclass(frozen=True)
class Account:
    """How fresh one account of one source is."""

    kind: str
    source: str
    account_id: str
    account_name: str | None
    currency: str | None
    is_ad_account: bool
    is_enabled: bool
    data_through: date | None
    last_loaded_at: datetime | None
    rows_last_night: int | None
    status: str
    lag_days: int | None


@dataclass(frozen=True)
class Coverage:
    """Through which day each side of the house is known; None where nothing came yet."""

    spend_first: date | None
    spend_through: date | None
    spend_complete_through: date | None
    orders_first: date | None
    orders_last: date | None
    orders_through: date | None
    events_through: date | None

    @property
    def shared_through(self) -> date | None:
        if self.spend_through is None or self.orders_through is None:
            return None
        return min(self.spend_through, self.orders_through)

    def knows_spend(self, window: Window) -> bool:
        return overlaps(window, self.spend_first, self.spend_through)

    def knows_orders(self, window: Window) -> bool:
        return overlaps(window, self.orders_first, self.orders_through)


@dataclass(frozen=True)
class Sum:
    """A total over a window, the total over the window before, and what of it may still move."""

    window: Window
    value: Decimal | None
    previous: Decimal | None = None
    provisional_share: Decimal | None = None


@dataclass(frozen=True)
class Day:
    """One day of a series. `state` is final, provisional, incomplete or missing."""

    day: date
    value: Decimal | None
    state: str = "final"


@dataclass(frozen=True)
class Channel:
    """One channel's window; a value is None where that side of the house is not known."""

    channel_id: str
    name: str
    name_zh: str
    is_paid: bool
    spend: Decimal | None
    new_customers: Decimal | None
    revenue: Decimal | None
    claims: Decimal | None
    is_provisional: bool

    @property
    def cac(self) -> Decimal | None:
        return ratio_of(self.spend, self.new_customers)

    @property
    def roas(self) -> Decimal | None:
        return ratio_of(self.revenue, self.spend)


@dataclass(frozen=True)
class CohortCell:
    """A cohort's worth at one age; value and ratio are None unless every member was observed."""

    cohort_month: date
    channel_id: str
    age_days: int
    customers: Decimal
    observed_share: Decimal | None
    is_mature: bool
    ltv_margin: Decimal | None
    cac: Decimal | None
    ratio: Decimal | None
    ratio_low: Decimal | None
    ratio_high: Decimal | None
    payback_age_days: int | None
    payback_status: str | None
    observed_through: date | None


@dataclass(frozen=True)
class Check:
    """The result of one named check of a gate."""

    gate: str
    suite: str
    name: str
    severity: str
    is_success: bool
    observed: str | None
    unexpected: int | None
    details: str | None
    subject: str | None

    @property
    def outcome(self) -> str:
        if self.is_success:
            return "passed"
        return "failed" if self.severity == "critical" else "warned"


@dataclass(frozen=True)
class Facts:
    """Everything the page shows, read in one go from one release."""

    base_currency: str | None
    coverage: Coverage
    accounts: tuple[Account, ...]
    checks: tuple[Check, ...]
    spend: Sum | None
    new_customers: Sum | None
    shared_spend: Sum | None
    shared_customers: Sum | None
    spend_days: tuple[Day, ...]
    customer_days: tuple[Day, ...]
    headline: CohortCell | None
    cohorts: tuple[CohortCell, ...]
    funnel: tuple[tuple[str, int | None], ...]
    funnel_window: Window | None
    channels: tuple[Channel, ...]
    channel_window: Window | None
    channel_names: Mapping[str, tuple[str, str]]


def headline(cohorts: Sequence[CohortCell]) -> CohortCell | None:
    """The youngest cohort with a mature cell of at least 30 days, at its greatest mature age."""
    mature = [
        cell
        for cell in cohorts
        if cell.channel_id == EVERYBODY
        and cell.is_mature
        and cell.age_days >= HEADLINE_MIN_AGE_DAYS
    ]
    return max(mature, key=lambda cell: (cell.cohort_month, cell.age_days), default=None)


def overlaps(window: Window, first: date | None, through: date | None) -> bool:
    """A delivery without a single row has no first day and still says: nothing happened."""
    if through is None or window.start > through:
        return False
    return first is None or first <= window.end


def ratio_of(numerator: Decimal | None, denominator: Decimal | None) -> Decimal | None:
    return numerator / denominator if numerator is not None and denominator else None


def cac_days(facts: Facts) -> tuple[Day, ...]:
    """CAC of the seven days that end at each day; None where one of them is not known."""
    if [day.day for day in facts.spend_days] != [day.day for day in facts.customer_days]:
        return ()
    both = list(zip(facts.spend_days, facts.customer_days, strict=True))
    days = []
    for end in range(6, len(both)):
        week = both[end - 6 : end + 1]
        spend = [one.value for one, _ in week if one.value is not None]
        customers = [one.value for _, one in week if one.value is not None]
        is_known = len(spend) == len(customers) == 7
        cac = ratio_of(sum(spend, Decimal(0)), sum(customers, Decimal(0))) if is_known else None
        days.append(Day(both[end][0].day, cac))
    return tuple(days)
