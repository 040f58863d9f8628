"""Faults by script: rules that make answers fail on the wire or be wrong in silence.

A rule is `{"match": {...}, "kind": ..., <parameters>}`. Kinds act at one of three places: on the
answer (`WIRE`: the connector should notice), on records (`DRIFT`: a schema check should notice)
and on the numbers (`SILENT`: only the gates can notice). The table in README.md says what each
one does.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, TypeVar

from sandbox.catalog import GOOGLE, META, OCEAN, TIKTOK
from sandbox.clock import day_of, iso_day

AMPLITUDE, ORDER_FILES, ECB = "amplitude", "order_files", "ecb_rates"
SOURCES = (META, GOOGLE, TIKTOK, OCEAN, AMPLITUDE, ORDER_FILES, ECB)
ALIASES = {
    "meta": META,
    "google": GOOGLE,
    "tiktok": TIKTOK,
    "ocean": OCEAN,
    "orders": ORDER_FILES,
    "ecb": ECB,
}
WIRE = frozenset(
    [
        "throttle",
        "http_500",
        "cut_stream",
        "truncated_zip",
        "wrong_length",
        "html_200",
        "invalid_json",
        "token_expired",
        "token_revoked",
        "empty_page",
        "version_sunset",
        "too_big",
    ]
)
DRIFT = frozenset(("drift_new_field", "drift_missing_field", "drift_retyped_field"))
SILENT = frozenset(
    [
        "day_doubled",
        "page_missing",
        "account_silent",
        "money_100x",
        "currency_changed",
        "zone_shift",
        "spend_by_grain",
        "empty_night",
        "missing_rate",
        "order_unknown_currency",
        "order_doubled",
    ]
)
KINDS = WIRE | DRIFT | SILENT
MATCH_KEYS = frozenset(
    ("platform", "path_contains", "account", "day", "level", "nth", "every", "times")
)

L = TypeVar("L")


@dataclass
class Rule:
    """One fault. Counters `nth` (only that match, from 1), `every` (each so-many-th) and `times`
    (the first so many) count requests that match otherwise; they act on wire and drift kinds."""

    kind: str
    platform: str | None = None
    path_contains: str = ""
    account: str | None = None
    days: frozenset[int] = frozenset()  # empty: every day
    level: str | None = None
    nth: int | None = None
    every: int | None = None
    times: int | None = None
    parameters: dict[str, Any] = field(default_factory=dict)
    matched: int = 0

    @classmethod
    def parse(cls, document: Any) -> Rule:
        """Read a rule.

        Raises:
            ValueError: the kind, a match key, the platform or a day is not known.
        """
        if not isinstance(document, dict) or document.get("kind") not in KINDS:
            raise ValueError(f"a rule needs a kind out of {', '.join(sorted(KINDS))}: {document!r}")
        match = document.get("match") or {}
        if unknown := set(match) - MATCH_KEYS:
            raise ValueError(
                f"match does not know {sorted(unknown)}; it knows {sorted(MATCH_KEYS)}"
            )
        platform = match.get("platform")
        platform = ALIASES.get(str(platform), platform)
        if platform is not None and platform not in SOURCES:
            raise ValueError(f"platform {platform!r} is none of {', '.join(SOURCES)}")
        days = match.get("day") or []
        kind = document["kind"]
        times = match.get("times")
        if (
            kind == "token_expired"
            and times is None
            and not match.get("every")
            and not match.get("nth")
        ):
            times = 1  # the next token is good
        return cls(
            kind=kind,
            platform=platform,
            path_contains=match.get("path_contains", ""),
            account=str(match["account"]) if "account" in match else None,
            days=frozenset(day_of(day) for day in ([days] if isinstance(days, str) else days)),
            level=match.get("level"),
            nth=match.get("nth"),
            every=match.get("every"),
            times=times,
            parameters={
                key: value for key, value in document.items() if key not in ("match", "kind")
            },
        )

    def concerns(self, platform: str, account: str | None, level: str | None = None) -> bool:
        """Whether the rule names this platform, account and report level, or leaves them open."""
        return (
            self.platform in (None, platform)
            and (self.account is None or self.account == account)
            and (self.level is None or self.level == level)
        )

    def hits(self, day: int) -> bool:
        """Whether a day is meant."""
        return not self.days or day in self.days

    def overlaps(self, since: int | None, until: int | None) -> bool:
        """Whether a request for these days (None: no days) is meant."""
        if not self.days:
            return True
        return (
            since is not None
            and until is not None
            and any(since <= day <= until for day in self.days)
        )

    def counted(self) -> bool:
        """Count a match and say whether the rule acts this time."""
        self.matched += 1
        if self.nth is not None:
            return self.matched == self.nth
        if self.every is not None and self.matched % self.every:
            return False
        return self.times is None or self.matched <= self.times * (self.every or 1)


class Faults:
    """The rules in force."""

    def __init__(self) -> None:
        self._rules: list[Rule] = []
        self._lock = threading.Lock()

    def set_rules(self, documents: Iterable[Any]) -> list[Rule]:
        """Replace all rules; returns the ones that were in force before."""
        rules = [Rule.parse(document) for document in documents]
        with self._lock:
            before, self._rules = self._rules, rules
        return before

    @property
    def rules(self) -> Sequence[Rule]:
        """The rules in force, in the order given."""
        return tuple(self._rules)

    def for_answer(
        self,
        platform: str,
        path: str,
        account: str | None,
        since: int | None,
        until: int | None,
        level: str | None,
        named_path: bool = False,
    ) -> Rule | None:
        """The first wire or drift rule that acts on this request (`named_path`: out of those
        with a path)."""
        with self._lock:
            for rule in self._rules:
                if (
                    rule.kind not in SILENT
                    and rule.concerns(platform, account, level)
                    and rule.path_contains in path
                    and (rule.path_contains or not named_path)
                    and rule.overlaps(since, until)
                    and rule.counted()
                ):
                    return rule
        return None

    def silent(self, platform: str, account: str | None, level: str | None = None) -> list[Rule]:
        """Rules that falsify this account's data."""
        return [
            rule
            for rule in self._rules
            if rule.kind in SILENT and rule.concerns(platform, account, level)
        ]

    def is_active(self, kind: str, platform: str) -> bool:
        """Whether a rule of the kind is in force for the platform."""
        return any(rule.kind == kind and rule.platform in (None, platform) for rule in self._rules)

    def currency(self, platform: str, account: str, currency: str) -> str:
        """The currency the account claims to be in."""
        for rule in self.silent(platform, account):
            if rule.kind == "currency_changed":
                return str(
                    rule.parameters.get("currency") or ("EUR" if currency == "USD" else "USD")
                )
        return currency

    def zone(self, platform: str, account: str, zone: str) -> str:
        """The time zone the account claims to be in: wrong only if a zone_shift rule names one."""
        for rule in self.silent(platform, account):
            if rule.kind == "zone_shift" and "zone" in rule.parameters:
                return str(rule.parameters["zone"])
        return zone

    def damage_orders(
        self,
        day: int,
        orders: list[dict[str, Any]],
        lines: list[dict[str, Any]],
        refunds: list[dict[str, Any]],
        columns: tuple[str, ...],
    ) -> tuple[list[dict[str, Any]], list[dict[str, Any]], list[dict[str, Any]], tuple[str, ...]]:
        """The day's order records, and columns of `orders.csv`, as the rules for files bend
        them."""
        for rule in self._rules:
            if not rule.concerns(ORDER_FILES, rule.account) or not rule.hits(day):
                continue
            if rule.kind in ("account_silent", "empty_night"):
                orders, lines, refunds = [], [], []
            elif rule.kind == "day_doubled":
                orders, lines, refunds = orders * 2, lines * 2, refunds * 2
            elif rule.kind == "order_doubled" and orders:
                again = orders[0]["order_id"]
                orders = [*orders, orders[0]]
                lines = [*lines, *(line for line in lines if line["order_id"] == again)]
            elif rule.kind == "order_unknown_currency" and orders:
                orders = [
                    {**orders[0], "currency": rule.parameters.get("currency", "XTS")},
                    *orders[1:],
                ]
            elif rule.kind == "page_missing":
                gone = {order["order_id"] for order in orders[len(orders) // 2 :]}
                orders = [order for order in orders if order["order_id"] not in gone]
                lines = [line for line in lines if line["order_id"] not in gone]
            elif rule.kind == "money_100x":
                lines = [
                    {**line, "unit_price": str(Decimal(line["unit_price"]) * 100)} for line in lines
                ]
            elif rule.kind in DRIFT:
                orders = [drifted(rule, order, "ordered_at") for order in orders]
                name = rule.parameters.get("field", "ordered_at")
                if rule.kind == "drift_new_field":
                    columns = (*columns, rule.parameters.get("field", "new_field"))
                elif rule.kind == "drift_missing_field":
                    columns = tuple(column for column in columns if column != name)
        return orders, lines, refunds, columns


def file_days(rules: Iterable[Rule]) -> set[int] | None:
    """Days whose order files the rules can touch; None for all days."""
    days: set[int] = set()
    for rule in rules:
        if rule.kind not in WIRE and rule.platform in (None, ORDER_FILES):
            if not rule.days:
                return None
            days |= rule.days
    return days


def drifted(rule: Rule | None, record: dict[str, Any], default: str) -> dict[str, Any]:
    """The record with its schema changed: a field more, one less, or one of another type."""
    if rule is None or rule.kind not in DRIFT:
        return record
    if rule.kind == "drift_new_field":
        return {**record, rule.parameters.get("field", "new_field"): "1"}
    name = rule.parameters.get("field", default)
    if rule.kind == "drift_missing_field":
        return {key: value for key, value in record.items() if key != name}
    return {key: {"value": value} if key == name else value for key, value in record.items()}


def damaged(
    rules: Iterable[Rule],
    level: str,
    since: int,
    until: int,
    lines: list[L],
    shifted: Callable[[int, int], list[L]],
) -> list[L]:
    """Report lines (with `day` and `cents`) as the silent rules bend them.

    Args:
        level: `ad` or `campaign`; some kinds spare the campaign level.
        shifted: gives the true lines of a day, labelled with another one: `shifted(true day,
        label)`.
    """
    for rule in rules:
        hit = [line for line in lines if rule.hits(line.day)]  # type: ignore[attr-defined]
        rest = [line for line in lines if not rule.hits(line.day)]  # type: ignore[attr-defined]
        if rule.kind in ("account_silent", "empty_night"):
            lines = rest
        elif rule.kind == "day_doubled":
            lines = _by_day([*lines, *hit])
        elif rule.kind == "page_missing":
            lines = _by_day([*rest, *hit[: len(hit) // 2]])
        elif rule.kind == "money_100x":
            lines = _by_day([*rest, *(_times(line, 100, 1) for line in hit)])
        elif rule.kind == "spend_by_grain" and level == "ad":
            lines = _by_day([*rest, *(_times(line, 3, 2) for line in hit)])
        elif rule.kind == "zone_shift":
            by = int(rule.parameters.get("days", 1))
            moved = [
                line
                for day in range(since, until + 1)
                if rule.hits(day)
                for line in shifted(day - by, day)
            ]
            lines = _by_day([*rest, *moved])
    return lines


def _times(line: L, factor: int, divisor: int) -> L:
    return replace(line, cents=line.cents * factor // divisor)  # type: ignore[type-var, attr-defined]


def _by_day(lines: list[L]) -> list[L]:
    return sorted(lines, key=lambda line: line.day)  # type: ignore[attr-defined]


def describe(rule: Rule | None) -> str | None:
    """A rule in a word or two, for the request log."""
    if rule is None:
        return None
    days = ",".join(iso_day(day) for day in sorted(rule.days))
    return f"{rule.kind}({days})" if days else rule.kind
