"""Euro reference rates as the bank publishes them: a zip with one CSV, newest day first."""

from __future__ import annotations

import io
import zipfile

from sandbox.clock import Clock, iso_day
from sandbox.faults import ECB, Faults, Rule
from sandbox.platforms.common import Answer, Call, Span
from sandbox.rates import HEADER
from sandbox.world import World

PATH = "/stats/eurofxref/eurofxref-hist.zip"


class Ecb:
    """Answers under `/ecb`."""

    name = ECB
    prefix = "/ecb"

    def __init__(self, world: World, clock: Clock, faults: Faults) -> None:
        self._world = world
        self._clock = clock
        self._faults = faults

    def span(self, call: Call) -> Span:
        """The file always holds everything published so far."""
        days = list(self._world.rates.published(self._clock.now))
        return Span("ecb", days[0], days[-1]) if days else Span("ecb")

    def answer(self, call: Call) -> Answer:
        """The file, or the site's page for what it does not have."""
        if call.path != PATH or call.method != "GET":
            return Answer(
                404,
                b"<html><body><h1>404 - page not found</h1></body></html>",
                {"Content-Type": "text/html"},
            )
        text = self._table(call.rule)
        sink = io.BytesIO()
        with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(zipfile.ZipInfo("eurofxref-hist.csv", (2026, 1, 1, 16, 0, 0)), text)
        return Answer(200, sink.getvalue(), {"Content-Type": "application/zip"})

    def refuse(self, rule: Rule, call: Call) -> Answer | None:
        """The site knows no tokens and no versions; it can only ask to come later."""
        if rule.kind == "throttle":
            wait = str(int(rule.parameters.get("wait_s", 2)))
            return Answer(
                429, b"Too Many Requests", {"Content-Type": "text/plain", "Retry-After": wait}
            )
        return None

    def _table(self, wire: Rule | None) -> str:
        rules = self._faults.silent(ECB, "ecb")
        gone = {
            str(rule.parameters.get("currency", "CNY"))
            for rule in rules
            if rule.kind == "missing_rate" and not rule.days
        }
        columns = [currency for currency in HEADER if currency not in gone]
        if wire and wire.kind == "drift_missing_field":
            columns.remove(str(wire.parameters.get("field", "USD")))
        if wire and wire.kind == "drift_new_field":
            columns.append(str(wire.parameters.get("field", "XTS")))
        rows = ["Date," + ",".join(columns) + ","]
        published = self._world.rates.published(self._clock.now)
        if wire and wire.kind == "empty_page":
            published = {}
        for day in sorted(published, reverse=True):
            rates = dict(published[day])
            for rule in rules:
                if not rule.hits(day):
                    continue
                if rule.kind == "missing_rate":
                    rates.pop(str(rule.parameters.get("currency", "CNY")), None)
                elif rule.kind in ("account_silent", "empty_night"):
                    rates = {}
                elif rule.kind == "money_100x":
                    rates = {currency: str(_hundredfold(text)) for currency, text in rates.items()}
            if wire and wire.kind == "drift_retyped_field":
                rates[str(wire.parameters.get("field", "USD"))] = "n/a"
            if rates:
                rows.append(
                    iso_day(day) + "," + ",".join(rates.get(c, "N/A") for c in columns) + ","
                )
        return "\n".join(rows) + "\n"


def _hundredfold(text: str) -> str:
    whole, _, fraction = text.partition(".")
    fraction = fraction.ljust(2, "0")
    return f"{whole}{fraction[:2]}.{fraction[2:] or '0'}"
