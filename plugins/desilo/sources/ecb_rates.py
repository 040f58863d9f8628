"""Reference rates of the European Central Bank: one currency a column, one business day a row.

    GET {base}/stats/eurofxref/eurofxref-hist.zip -> eurofxref-hist.csv -> rates

Units of the currency for one euro, as text with the digits the bank published; ``N/A`` means not
quoted that day and is left out. Weekends and holidays have no row: they are covered and empty, the
rate of the last business day is carried forward later.
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterator, Mapping
from datetime import date
from typing import IO, ClassVar

from desilo.days import days_between
from desilo.sources.base import Page, Source, Stream, dumps
from desilo.transport import MalformedResponseError, Reply, check_zip

API_VERSION = "eurofxref"
BASE_URL = "https://www.ecb.europa.eu"
PATH = "/stats/eurofxref/eurofxref-hist.zip"
NOT_QUOTED = frozenset({"", "N/A"})
DATE_COLUMN = "Date"


class EcbRates(Source):
    """The only account is ``ecb``; the connection needs no login."""

    kind: ClassVar[str] = "ecb_rates"
    api_version: ClassVar[str] = API_VERSION
    default_base_url: ClassVar[str] = BASE_URL
    max_span_days: ClassVar[int] = 36_500  # one file holds every day since 1999
    streams: ClassVar[tuple[Stream, ...]] = (
        Stream(
            "rates",
            ("date",),
            {"date": "string", "rates": "object"},
            "One record per business day of the ECB.",
        ),
    )

    def fetch(self, stream: Stream, account_id: str, since: date, until: date) -> Iterator[Page]:
        """See :meth:`Source.fetch`. Covers through the newest published day."""
        url = f"{self.base_url}{PATH}"
        with self.http.download("GET", url, check=check_rates) as (spool, reply):
            rows, newest = [], date.min
            for day, rates in records(spool, reply.line):
                newest = max(newest, day)
                if since <= day <= until:
                    text = dumps({"date": day.isoformat(), "rates": rates})
                    rows.append((day.isoformat(), text))
            rows.sort()
            covers = tuple(days_between(since, min(until, newest)))
            yield Page(rows, covers, API_VERSION, reply.line)


def check_rates(spool: IO[bytes], reply: Reply) -> None:
    """Read the whole file once, so that a damaged one is fetched again."""
    check_zip(spool, reply)
    if next(records(spool, reply.line), None) is None:
        raise MalformedResponseError(f"{reply.line}: no day in the file")
    for _ in records(spool, reply.line):
        pass


def records(spool: IO[bytes], line: str) -> Iterator[tuple[date, Mapping[str, str]]]:
    """(day, currency -> rate as text), in the order of the file: newest first."""
    with zipfile.ZipFile(spool) as archive:
        names = [name for name in archive.namelist() if name.lower().endswith(".csv")]
        if len(names) != 1:
            raise MalformedResponseError(f"{line}: one CSV expected in the zip, found {names}")
        with archive.open(names[0]) as member:
            table = csv.reader(io.TextIOWrapper(member, "utf-8-sig"))
            header = [name.strip() for name in next(table, [])]
            if header[:1] != [DATE_COLUMN] or len(header) < 2:
                raise MalformedResponseError(f"{line}: the header is not the known one: {header}")
            for row in table:
                if not row:
                    continue
                try:
                    day = date.fromisoformat(row[0].strip())
                except ValueError:
                    reason = f"line {table.line_num} starts with {row[0]!r}, not a day"
                    raise MalformedResponseError(f"{line}: {reason}") from None
                pairs = zip(header[1:], (value.strip() for value in row[1:]), strict=False)
                yield day, {name: rate for name, rate in pairs if name and rate not in NOT_QUOTED}
