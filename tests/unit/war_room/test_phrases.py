"""Both languages say the same, and nothing is said in vain."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from desilo import war_room
from desilo.war_room.phrases import (
    LANGUAGES,
    Phrases,
    catalogue,
    decimal,
    money,
    percent,
    signed_percent,
)

PACKAGE = Path(war_room.__file__).parent
COMPOSED = ("owner_", "legend_", "state_", "step_", "status_", "gate_", "severity_", "key_", "do_",
            "checks_", "nav_", "night_", "chart_", "claims_")  # fmt: skip


@pytest.mark.parametrize("key", sorted(catalogue()))
def test_both_languages_fill_in_the_same_names(key: str) -> None:
    english, chinese = catalogue()[key]
    names = [sorted(re.findall(r"\{(\w+)\}", text)) for text in (english, chinese)]
    assert english and chinese and names[0] == names[1]


def test_every_phrase_is_used() -> None:
    code = "".join(
        path.read_text("utf-8")
        for path in PACKAGE.rglob("*")
        if path.suffix in (".py", ".j2") and path.is_file()
    )
    unused = [
        key
        for key in catalogue()
        if f'"{key}"' not in code
        and f"'{key}'" not in code
        and not key.startswith(COMPOSED)
        and not key.endswith(("_definition", "_one"))
    ]
    assert unused == []


def test_unknown_phrase_is_an_error() -> None:
    with pytest.raises(KeyError):
        Phrases("en")("no_such_phrase")


@pytest.mark.parametrize("language", LANGUAGES)
def test_days_and_months_are_worded(language: str) -> None:
    say = Phrases(language)
    expected = {"en": ("31 Mar 2026", "Mar 2026"), "zh": ("2026年3月31日", "2026年3月")}[language]
    assert (say.day(date(2026, 3, 31)), say.month(date(2026, 3, 31))) == expected


def test_window_over_the_new_year_keeps_both_years() -> None:
    say = Phrases("en")
    assert say.first_day(date(2025, 12, 30), date(2026, 1, 26)) == "30 Dec 2025"
    assert say.first_day(date(2026, 1, 1), date(2026, 1, 28)) == "1 Jan"


@pytest.mark.parametrize(
    ("value", "currency", "places", "expected"),
    [
        ("1234567.5", "EUR", 0, "€1,234,568"),
        ("0.125", "USD", 2, "$0.13"),
        ("-12.5", "CNY", 1, "−¥12.5"),
        ("-0.001", "EUR", 2, "€0.00"),
        ("99", "CHF", 0, "CHF 99"),
        ("99", None, 0, "99"),
    ],
)
def test_money_is_grouped_rounded_and_signed(
    value: str, currency: str | None, places: int, expected: str
) -> None:
    assert money(Decimal(value), currency, places) == expected


def test_shares_are_worded() -> None:
    assert percent(Decimal("0.125")) == "13 %"
    assert [signed_percent(Decimal(x)) for x in ("0.1", "-0.1", "0.001")] == [
        "+10 %",
        "−10 %",
        "±0 %",
    ]
    assert decimal(Decimal("1234.5"), 1) == "1,234.5"
