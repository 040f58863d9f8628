"""From facts to what the templates show: tiles, charts and funnel, each with its small print."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from markupsafe import Markup

from desilo.war_room import charts
from desilo.war_room.facts import (
    CohortCell,
    Day,
    Facts,
    Sum,
    Window,
    cac_days,
    ratio_of,
)
from desilo.war_room.phrases import Phrases, decimal, money, percent, signed_percent

ALARM_FLOOR = Decimal(3)
"""LTV : CAC below this brings marketing and operations together."""


@dataclass(frozen=True)
class SmallPrint:
    """What stands under every number: no number is shown without it."""

    definition: str
    owner: str
    window: str
    currency: str
    through: str


@dataclass(frozen=True)
class Tile:
    """One big number. `tone` is plain, good, alarm or absent."""

    key: str
    title: str
    value: str
    tone: str
    notes: tuple[str, ...]
    print: SmallPrint
    unit: str = ""
    spark: Markup = field(default_factory=Markup)


class View:
    """The page's content in one language."""

    def __init__(self, facts: Facts, say: Phrases, manifest: Mapping[str, Any]) -> None:
        self.facts = facts
        self.say = say
        self.currency = facts.base_currency
        self.release_id = str(manifest.get("release_id") or "–")
        self.release_day = _as_day(manifest.get("day"))
        self.published_at = _as_instant(manifest.get("published_at"))
        self.code_version = str(manifest.get("code_version") or "")[:12]

    # ------------------------------------------------------------------ headline

    def tiles(self) -> list[Tile]:
        return [self._spend_tile(), self._customers_tile(), self._cac_tile(), self._ltv_tile()]

    def _spend_tile(self) -> Tile:
        total = self.facts.spend
        notes = self._comparison(total)
        if total and total.provisional_share:
            notes.append(self.say("provisional_note", share=percent(total.provisional_share)))
        notes += self._behind()
        known = total.value if total else None
        return Tile(
            key="spend",
            title=self.say("spend"),
            value=self.say("missing") if known is None else self.money(known),
            tone="absent" if known is None else "plain",
            notes=tuple(notes),
            print=self.small_print(
                "spend",
                "marketing",
                total.window if total else None,
                self.facts.coverage.spend_through,
            ),
            spark=charts.sparkline(self.facts.spend_days, name="spend"),
        )

    def _customers_tile(self) -> Tile:
        total = self.facts.new_customers
        known = total.value if total else None
        notes = self._comparison(total)
        last = self.facts.coverage.orders_last
        if known == 0 and last:
            notes = [self.say("last_customer", day=self.say.day(last))]
        return Tile(
            key="new_customers",
            title=self.say("new_customers"),
            value=self.say("missing") if known is None else decimal(known),
            tone="absent" if known is None else "plain",
            notes=tuple(notes),
            print=self.small_print(
                "new_customers",
                "growth",
                total.window if total else None,
                self.facts.coverage.orders_through,
                is_money=False,
            ),
            spark=charts.sparkline(self.facts.customer_days, name="customers"),
        )

    def _cac_tile(self) -> Tile:
        spend, customers = self.facts.shared_spend, self.facts.shared_customers
        value, reason = self._cac(spend, customers)
        notes = []
        if value is not None and spend and customers:
            before = ratio_of(spend.previous, customers.previous)
            notes = self._change(value, before, spend.window)
            notes += self._behind()
        return Tile(
            key="cac",
            title=self.say("cac"),
            value=self.money(value, 2) if value is not None else self.say(reason),
            tone="plain" if value is not None else "absent",
            notes=tuple(notes),
            print=self.small_print(
                "cac",
                "marketing",
                spend.window if spend else None,
                self.facts.coverage.shared_through,
            ),
            spark=charts.sparkline(cac_days(self.facts), name="cac"),
        )

    @staticmethod
    def _cac(spend: Sum | None, customers: Sum | None) -> tuple[Decimal | None, str]:
        """CAC, or the phrase that says why there is none."""
        if spend is None or customers is None:
            return None, "missing"
        if spend.value is None or customers.value is None:
            return None, "not_together"
        if not spend.value:
            return None, "no_spend"
        if not customers.value:
            return None, "no_customers"
        return spend.value / customers.value, ""

    def _ltv_tile(self) -> Tile:
        cell = self.facts.headline
        if cell is None:
            is_waiting = bool(self.facts.cohorts)
            value, tone, notes = self.say("not_mature" if is_waiting else "missing"), "absent", []
        else:
            notes = [
                self.say(
                    "ltv_cac_scope",
                    month=self.say.month(cell.cohort_month),
                    age=cell.age_days,
                    customers=decimal(cell.customers),
                )
            ]
            value, tone = self._ltv_value(cell, notes)
        return Tile(
            key="ltv_cac",
            title=self.say("ltv_cac"),
            value=value,
            unit="" if tone == "absent" else ": 1",
            tone=tone,
            notes=tuple(notes),
            print=SmallPrint(
                definition=self.say("ltv_cac_definition"),
                owner=self.say("owner_both"),
                window=self.say.month(cell.cohort_month) if cell else "–",
                currency=self.currency or "–",
                through=self.day(cell.observed_through if cell else None),
            ),
        )

    def _ltv_value(self, cell: CohortCell, notes: list[str]) -> tuple[str, str]:
        if cell.ratio is None:
            if cell.ltv_margin is not None:
                notes.append(self.say("ltv_value", value=self.money(cell.ltv_margin, 2)))
            return self.say("too_few" if cell.cac else "no_spend"), "absent"
        if cell.ratio_low is not None and cell.ratio_high is not None:
            low, high = (decimal(edge, 2) for edge in (cell.ratio_low, cell.ratio_high))
            notes.append(self.say("ltv_cac_range", low=low, high=high))
        notes.append(self.payback(cell))
        is_alarm = cell.ratio < ALARM_FLOOR
        notes.append(self.say("ltv_cac_alarm" if is_alarm else "ltv_cac_good"))
        return decimal(cell.ratio, 2), "alarm" if is_alarm else "good"

    def _comparison(self, total: Sum | None) -> list[str]:
        if total is None or total.value is None:
            return []
        return self._change(total.value, total.previous, total.window)

    def _change(self, value: Decimal, before: Decimal | None, window: Window) -> list[str]:
        if not before:
            return [self.say("no_before")]
        change = signed_percent(value / before - 1)
        return [self.say("vs_before", change=change, days=len(window.days))]

    def _behind(self) -> list[str]:
        """The ad accounts whose spend is not yet in the newest days."""
        through = self.facts.coverage.spend_through
        late = []
        for account in self.facts.accounts:
            if not (account.is_ad_account and account.is_enabled) or through is None:
                continue
            name = account.account_name or f"{account.source} {account.account_id}"
            if account.data_through is None:
                late.append(self.say("behind_never", account=name))
            elif account.data_through < through:
                day = self.say.short_day(account.data_through)
                late.append(self.say("behind_account", account=name, day=day))
        return [self.say("behind_note", accounts=", ".join(late))] if late else []

    # ------------------------------------------------------------------ small print and words

    def small_print(
        self,
        key: str,
        owner: str,
        window: Window | None,
        through: date | None,
        *,
        is_money: bool = True,
    ) -> SmallPrint:
        return SmallPrint(
            definition=self.say(f"{key}_definition"),
            owner=self.say(f"owner_{owner}"),
            window=self.window(window),
            currency=(self.currency or "–") if is_money else self.say("no_currency"),
            through=self.day(through),
        )

    def window(self, window: Window | None) -> str:
        if window is None:
            return "–"
        return self.say(
            "window_days",
            start=self.say.first_day(window.start, window.end),
            end=self.say.day(window.end),
            days=len(window.days),
        )

    def day(self, value: date | None) -> str:
        return self.say.day(value) if value else self.say("missing")

    def instant(self, value: datetime | None) -> str:
        return self.say.instant(value) if value else "–"

    def money(self, value: Decimal, places: int = 0) -> str:
        return money(value, self.currency, places)

    def payback(self, cell: CohortCell) -> str:
        if cell.payback_status == "paid back" and cell.payback_age_days is not None:
            return self.say("payback_done", age=cell.payback_age_days)
        return self.say("payback_none" if cell.payback_status == "no spend" else "payback_open")

    # ------------------------------------------------------------------ day by day

    def daily(self) -> list[dict[str, Any]]:
        """The two charts: title, pictures, and the rows behind them."""
        return [
            self._series("spend", self.facts.spend_days, lambda value: self.money(value)),
            self._series("customers", self.facts.customer_days, decimal),
        ]

    def daily_print(self) -> SmallPrint:
        days = self.facts.spend_days or self.facts.customer_days
        window = Window(days[0].day, days[-1].day) if days else None
        coverage = self.facts.coverage
        through = max(filter(None, (coverage.spend_through, coverage.orders_through)), default=None)
        return self.small_print("daily", "both", window, through)

    def _series(self, name: str, days: Sequence[Day], word: Any) -> dict[str, Any]:
        title = self.say("spend" if name == "spend" else "new_customers")
        if not days:
            return {"title": title, "name": name, "days": [], "charts": []}
        labels = charts.Labels(
            title=self.say(
                f"chart_{name}_label",
                start=self.say.day(days[0].day),
                end=self.say.day(days[-1].day),
            ),
            tick=lambda day: self.say.short_day(day.day),
            tip=lambda day: " · ".join(self._day_words(day, word)),
            value=word,
        )
        pictures = [
            charts.day_bars(days, labels, name=name, is_phone=is_phone)
            for is_phone in (False, True)
        ]
        rows = [(*self._day_words(day, word), day.state) for day in reversed(days)]
        span = f"{self.say.day(days[0].day)} – {self.say.day(days[-1].day)}"
        return {"title": title, "name": name, "days": rows, "charts": pictures, "span": span}

    def _day_words(self, day: Day, word: Any) -> tuple[str, str, str]:
        value = self.say("missing") if day.value is None else word(day.value)
        return self.say.day(day.day), value, self.say(f"state_{day.state}")

    def states_shown(self) -> list[str]:
        """The states a reader of the charts meets, for the legend."""
        seen = {day.state for day in (*self.facts.spend_days, *self.facts.customer_days)}
        return [
            state for state in ("final", "provisional", "incomplete", "missing") if state in seen
        ]

    # ------------------------------------------------------------------ funnel

    def funnel(self) -> list[dict[str, Any]]:
        """Steps with their count, their rate of the step before and a bar per mille."""
        steps, before = [], None
        landed = dict(self.facts.funnel).get("landings") or 0
        for key, count in self.facts.funnel:
            is_person = key not in ("impressions", "clicks")
            rate = None
            if count is not None and before:
                rate = Decimal(count) / before
            steps.append(
                {
                    "key": key,
                    "name": self.say(f"step_{key}"),
                    "count": self.say("missing") if count is None else decimal(count),
                    "is_known": count is not None,
                    "is_person": is_person,
                    "rate": "–"
                    if rate is None
                    else percent(rate, 1 if rate < Decimal("0.1") else 0),
                    "bar": count * 1000 // landed if is_person and count and landed else 0,
                }
            )
            before = count
        return steps

    def funnel_print(self) -> SmallPrint:
        return self.small_print(
            "funnel",
            "both",
            self.facts.funnel_window,
            self.facts.coverage.events_through,
            is_money=False,
        )


def _as_day(value: Any) -> date | None:
    return date.fromisoformat(str(value)[:10]) if value else None


def _as_instant(value: Any) -> datetime | None:
    """An instant in UTC without its zone: the page says UTC itself."""
    if not value:
        return None
    instant = datetime.fromisoformat(str(value))
    return instant.astimezone(UTC).replace(tzinfo=None) if instant.tzinfo else instant
