"""Words and numbers in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from pathlib import Path

import yaml

LANGUAGES = ("en", "zh")
SYMBOLS = {"EUR": "€", "USD": "$", "CNY": "¥", "GBP": "£", "JPY": "¥"}
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@cache
def catalogue() -> Mapping[str, tuple[str, str]]:
    """Every phrase by its key, in the order of `LANGUAGES`."""
    text = Path(__file__).with_name("phrases.yml").read_text("utf-8")
    return {key: (str(pair[0]), str(pair[1])) for key, pair in yaml.safe_load(text).items()}


class Phrases:
    """The page's voice in one language. Calling it with an unknown key is a KeyError."""

    def __init__(self, language: str) -> None:
        self.language = language
        self._index = LANGUAGES.index(language)

    def __call__(self, key: str, **values: object) -> str:
        return catalogue()[key][self._index].format(**values)

    def day(self, value: date) -> str:
        """`31 Mar 2026`, `2026年3月31日`."""
        if self.language == "zh":
            return f"{value.year}年{value.month}月{value.day}日"
        return f"{value.day} {MONTHS[value.month - 1]} {value.year}"

    def first_day(self, start: date, end: date) -> str:
        """The first day of a window, without the year where it is that of the last day."""
        is_plain = self.language == "en" and start.year == end.year
        return self.short_day(start) if is_plain else self.day(start)

    def short_day(self, value: date) -> str:
        """A day where the year is plain from what stands around it."""
        if self.language == "zh":
            return f"{value.month}月{value.day}日"
        return f"{value.day} {MONTHS[value.month - 1]}"

    def month(self, value: date) -> str:
        if self.language == "zh":
            return f"{value.year}年{value.month}月"
        return f"{MONTHS[value.month - 1]} {value.year}"

    def instant(self, value: datetime) -> str:
        """Day and minute of an instant that is already in UTC."""
        return f"{self.day(value.date())} {value:%H:%M}"


def money(value: Decimal, currency: str | None, places: int = 0) -> str:
    """`€12,345`; a currency without a sign of its own is written as its code."""
    number = decimal(abs(value), places)
    sign = "−" if rounded(value, places) < 0 else ""
    if currency is None:
        return f"{sign}{number}"
    symbol = SYMBOLS.get(currency)
    return f"{sign}{symbol}{number}" if symbol else f"{sign}{currency} {number}"


def decimal(value: Decimal | int, places: int = 0) -> str:
    """Grouped by thousands, halves away from zero as on an invoice."""
    return f"{rounded(Decimal(value), places):,}".replace("-", "−")


def percent(share: Decimal, places: int = 0) -> str:
    return f"{rounded(share * 100, places)} %"


def signed_percent(share: Decimal) -> str:
    number = rounded(share * 100, 0)
    return f"{'+' if number > 0 else '−' if number < 0 else '±'}{abs(number)} %"


def rounded(value: Decimal, places: int) -> Decimal:
    return value.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)
