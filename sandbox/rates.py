"""Reference rates of the euro: a seeded walk from real-looking levels, on the bank's business
days."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np

from sandbox.clock import DAY, EPOCH, HOUR, LAST_DAY, RATES_HOUR_UTC

# Level at the start and digits after the point, in the column order of the published file.
LEVELS = {
    "USD": (1.0800, 4),
    "JPY": (168.40, 2),
    "BGN": (1.9558, 4),
    "CZK": (24.310, 3),
    "DKK": (7.4620, 4),
    "GBP": (0.86900, 5),
    "HUF": (384.70, 2),
    "PLN": (4.2310, 4),
    "RON": (5.0880, 4),
    "SEK": (10.9420, 4),
    "CHF": (0.9312, 4),
    "ISK": (147.10, 2),
    "NOK": (11.7480, 4),
    "TRY": (49.8800, 4),
    "AUD": (1.7580, 4),
    "BRL": (6.3100, 4),
    "CAD": (1.6090, 4),
    "CNY": (7.8040, 4),
    "HKD": (8.4010, 4),
    "IDR": (17960.10, 2),
    "ILS": (3.7840, 4),
    "INR": (97.4210, 4),
    "KRW": (1712.40, 2),
    "MXN": (19.4200, 4),
    "MYR": (4.4310, 4),
    "NZD": (2.0110, 4),
    "PHP": (63.510, 3),
    "SGD": (1.3920, 4),
    "THB": (34.850, 3),
    "ZAR": (18.1240, 4),
}
# The published file still has columns of currencies that are no longer quoted: N/A in every row.
HEADER = (
    "USD",
    "JPY",
    "BGN",
    "CYP",
    "CZK",
    "DKK",
    "EEK",
    "GBP",
    "HUF",
    "LTL",
    "LVL",
    "MTL",
    "PLN",
    "ROL",
    "RON",
    "SEK",
    "SIT",
    "SKK",
    "CHF",
    "ISK",
    "NOK",
    "HRK",
    "RUB",
    "TRL",
    "TRY",
    "AUD",
    "BRL",
    "CAD",
    "CNY",
    "HKD",
    "IDR",
    "ILS",
    "INR",
    "KRW",
    "MXN",
    "MYR",
    "NZD",
    "PHP",
    "SGD",
    "THB",
    "ZAR",
)
FIRST_RATE_DAY = (date(2025, 12, 15) - EPOCH).days
CLOSED = {
    date(2025, 12, 25),
    date(2025, 12, 26),
    date(2026, 1, 1),
}  # the bank's holidays in the span


def business_days() -> list[int]:
    """Day numbers with published rates, oldest first."""
    days = []
    for day in range(FIRST_RATE_DAY, LAST_DAY + 1):
        when = EPOCH + timedelta(days=day)
        if when.weekday() < 5 and when not in CLOSED:
            days.append(day)
    return days


class Rates:
    """Rates per euro as published text, `{day number: {currency: "1.0815"}}`."""

    def __init__(self, rng: np.random.Generator) -> None:
        days = business_days()
        moves = np.exp(np.cumsum(rng.normal(0, 0.0035, size=(len(days), len(LEVELS))), axis=0))
        self._texts = {
            day: {
                currency: f"{level * moves[row, column]:.{digits}f}"
                for column, (currency, (level, digits)) in enumerate(LEVELS.items())
            }
            for row, day in enumerate(days)
        }

    def published(self, now: int) -> dict[int, dict[str, str]]:
        """What has been published by `now`, oldest day first."""
        return {
            day: texts
            for day, texts in self._texts.items()
            if day * DAY + RATES_HOUR_UTC * HOUR <= now
        }
