"""Just enough of the Google Ads query language: SELECT, FROM, WHERE with AND, ORDER BY, LIMIT."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sandbox.clock import day_of

_CLAUSES = re.compile(
    r"^\s*SELECT\s+(?P<select>.+?)\s+FROM\s+(?P<resource>\w+)(?:\s+WHERE\s+(?P<where>.+?))?"
    r"(?:\s+ORDER\s+BY\s+(?P<order>.+?))?(?:\s+LIMIT\s+(?P<limit>\d+))?(?:\s+PARAMETERS\s+.+)?\s*;?\s*$",
    re.IGNORECASE | re.DOTALL,
)
_CONDITION = re.compile(
    r"^(?P<field>[a-z_.]+)\s*(?P<operator>!=|>=|<=|=|>|<|\bNOT\s+IN\b|\bIN\b|\bBETWEEN\b|\bDURING\b)\s*(?P<value>.+)$",
    re.IGNORECASE | re.DOTALL,
)
_DURING = {
    "TODAY": (0, 0),
    "YESTERDAY": (1, 1),
    "LAST_7_DAYS": (7, 1),
    "LAST_14_DAYS": (14, 1),
    "LAST_30_DAYS": (30, 1),
}


class QueryError(Exception):
    """A query the service refuses; carries the member of `queryError`."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class Condition:
    """`name operator value`; the value of IN is a tuple."""

    name: str
    operator: str
    value: Any

    def holds(self, value: Any) -> bool:
        """Whether a row with this value stays."""
        if self.operator in ("IN", "NOT IN"):
            return (str(value) in self.value) == (self.operator == "IN")
        if self.operator in ("=", "!="):
            return (str(value) == self.value) == (self.operator == "=")
        left, right = float(value), float(self.value)
        order = {">": left > right, "<": left < right, ">=": left >= right, "<=": left <= right}
        return order[self.operator]


@dataclass(frozen=True)
class Query:
    """A parsed query; `since` and `until` are day numbers, None where the query leaves a side
    open."""

    select: tuple[str, ...]
    resource: str
    since: int | None
    until: int | None
    conditions: tuple[Condition, ...] = ()
    order: tuple[tuple[str, bool], ...] = field(default=())  # (field, descending)
    limit: int | None = None


def parse(text: str, today: int) -> Query:
    """Parse a query; `today` is the customer's day, for DURING.

    Raises:
        QueryError: it is not such a query.
    """
    found = _CLAUSES.match(text)
    if not found:
        raise QueryError(
            "UNEXPECTED_INPUT", f"Error in query: unexpected input {text.strip()[:40]}."
        )
    since: int | None = None
    until: int | None = None
    conditions = []
    for part in _split_and(found["where"] or ""):
        match = _CONDITION.match(part)
        if not match:
            raise QueryError("BAD_VALUE", f"Error in WHERE clause: {part}.")
        name, operator, value = (
            match["field"],
            re.sub(r"\s+", " ", match["operator"].upper()),
            match["value"].strip(),
        )
        if name == "segments.date":
            low, high = _days(operator, value, today)
            since = low if since is None or (low is not None and low > since) else since
            until = high if until is None or (high is not None and high < until) else until
        elif operator in ("IN", "NOT IN"):
            conditions.append(
                Condition(
                    name, operator, tuple(_bare(item) for item in value.strip("()").split(","))
                )
            )
        elif operator in ("BETWEEN", "DURING"):
            raise QueryError(
                "INVALID_VALUE_WITH_DURING_OPERATOR", f"{operator} does not fit {name}."
            )
        else:
            conditions.append(Condition(name, operator, _bare(value)))
    order = []
    for item in (found["order"] or "").split(","):
        if words := item.split():
            order.append((words[0], len(words) > 1 and words[1].upper() == "DESC"))
    return Query(
        select=tuple(item.strip() for item in found["select"].split(",") if item.strip()),
        resource=found["resource"],
        since=since,
        until=until,
        conditions=tuple(conditions),
        order=tuple(order),
        limit=int(found["limit"]) if found["limit"] else None,
    )


def _split_and(text: str) -> list[str]:
    """Conditions of a WHERE clause; the AND of a BETWEEN stays inside its condition."""
    parts: list[str] = []
    for part in re.split(r"\s+AND\s+", text.strip(), flags=re.IGNORECASE):
        if parts and re.search(r"\bBETWEEN\s+'[^']*'$", parts[-1], re.IGNORECASE):
            parts[-1] = f"{parts[-1]} AND {part}"
        elif part:
            parts.append(part)
    return parts


def _days(operator: str, value: str, today: int) -> tuple[int | None, int | None]:
    try:
        if operator == "BETWEEN":
            low, high = (
                day_of(_bare(side)) for side in re.split(r"\s+AND\s+", value, flags=re.IGNORECASE)
            )
            return low, high
        if operator == "DURING":
            back, gap = _DURING[_bare(value).upper()]
            return today - back, today - gap
        day = day_of(date.fromisoformat(_bare(value)).isoformat())
    except (ValueError, KeyError):
        raise QueryError(
            "INVALID_VALUE_WITH_BETWEEN_OPERATOR", f"Invalid date value {value}."
        ) from None
    sides = {
        "=": (day, day),
        ">=": (day, None),
        "<=": (None, day),
        ">": (day + 1, None),
        "<": (None, day - 1),
    }
    if operator not in sides:
        raise QueryError("BAD_OPERATOR", f"Operator {operator} is not supported for segments.date.")
    return sides[operator]


def _bare(text: str) -> str:
    return text.strip().strip("'\"")
