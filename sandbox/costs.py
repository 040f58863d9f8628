"""What marketing costs outside the ad platforms: entries kept by hand, with a correction or two.

An entry is for a day or for a period, both ends included; it counts from the day it was entered. A
later entry of the same number corrects it. Money is int cents in the entry's own currency.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from sandbox.clock import day_of

COST_COLUMNS = ("cost_id", "date", "period_from", "period_to", "cost_type", "channel_id",
                "campaign", "amount", "currency", "note", "entered_by")  # fmt: skip


@dataclass(frozen=True)
class Entry:
    """One line of the cost file of the day `entered`."""

    cost_id: str
    entered: int
    first: int
    last: int
    cost_type: str
    channel: str
    campaign: str
    cents: int
    currency: str
    note: str
    entered_by: str


def make_costs(scale: float, rng: np.random.Generator) -> tuple[Entry, ...]:
    """Entries of the world's three months, ordered by the day of entry.

    Args:
        scale: size of the world against the default one.
    """

    def cents(around: float) -> int:
        return max(round(around * scale * float(rng.uniform(0.9, 1.1)) * 100), 1)

    entries = [
        Entry("C-001", day_of("2026-01-02"), day_of("2026-01-01"), day_of("2026-12-31"), "tools",
              "", "", cents(9_600), "USD", "analytics licence, a year", "finance"),
        Entry("C-002", day_of("2026-01-05"), day_of("2026-01-01"), day_of("2026-03-31"), "tools",
              "email", "", cents(1_400), "EUR", "mailing tool, a quarter", "finance"),
        Entry("C-003", day_of("2026-01-19"), day_of("2026-01-24"), day_of("2026-02-06"), "media",
              "", "winter radio", cents(4_200), "EUR", "local radio", "ana"),
    ]  # fmt: skip
    for number, (month, last) in enumerate(
        (("2026-01", 31), ("2026-02", 28), ("2026-03", 31)), start=1
    ):
        first_day, last_day = day_of(f"{month}-01"), day_of(f"{month}-{last}")
        entries += [
            Entry(f"C-1{number}0", first_day + 1, first_day, last_day, "agency_fee", "", "",
                  cents(3_500), "EUR", "retainer", "finance"),
            Entry(f"C-1{number}1", first_day + 4, first_day, last_day, "innovation_fund", "", "",
                  cents(6_500), "EUR", "15 % set aside", "finance"),
            Entry(f"C-1{number}2", first_day + 9, first_day + 9, first_day + 9, "creative",
                  "paid_social_meta", f"spring set {number}", cents(1_300), "GBP", "", "ben"),
            Entry(f"C-1{number}3", first_day + 14, first_day + 13, first_day + 13, "kol_post",
                  "organic_social", "", cents(9_000), "CNY", "unboxing post", "li"),
        ]  # fmt: skip
    # January's retainer was booked too high; February brings a credit note on the radio.
    booked = next(entry for entry in entries if entry.cost_id == "C-110")
    entries += [
        Entry("C-110", day_of("2026-02-03"), booked.first, booked.last, "agency_fee", "", "",
              booked.cents * 9 // 10, "EUR", "retainer, corrected", "finance"),
        Entry("C-200", day_of("2026-02-20"), day_of("2026-02-18"), day_of("2026-02-18"), "media",
              "", "winter radio", -cents(350), "EUR", "credit note", "finance"),
        Entry("C-201", day_of("2026-03-12"), day_of("2026-03-10"), day_of("2026-03-11"), "other",
              "referral", "", cents(800), "EUR", "partner evening", "ana"),
    ]  # fmt: skip
    return tuple(sorted(entries, key=lambda entry: (entry.entered, entry.cost_id)))


def known_entries(entries: tuple[Entry, ...], as_of: int) -> list[Entry]:
    """The entries that hold on a day: of each number the one entered last."""
    newest: dict[str, Entry] = {}
    for entry in entries:
        if entry.entered <= as_of:
            newest[entry.cost_id] = entry
    return [newest[number] for number in sorted(newest)]


def daily_costs(entry: Entry, as_of: int) -> Iterator[tuple[int, int]]:
    """(day, cents) of an entry up to a day: equal whole cents, what remains on its last day."""
    days = entry.last - entry.first + 1
    each = abs(entry.cents) // days * (1 if entry.cents >= 0 else -1)
    for day in range(entry.first, min(entry.last, as_of) + 1):
        yield day, entry.cents - each * (days - 1) if day == entry.last else each
