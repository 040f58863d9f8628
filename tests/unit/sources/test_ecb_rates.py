"""The bank's real file format, and which days it covers."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from datetime import date

import pytest

from desilo.sources import Source
from desilo.transport import MalformedResponseError
from tests.unit.sources.stub_server import Answer, StubServer

Connect = Callable[..., Source]
CSV = (
    "Date,USD,JPY,CNY,RUB,\n"
    "2026-03-31,1.0815,161.83,7.8420,N/A,\n"
    "2026-03-30,1.0801,161.9,7.8301,N/A,\n"
    "2026-03-27,1.08,162,7.83,85.5,\n"
)


def zipped(text: str, name: str = "eurofxref-hist.csv") -> Answer:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, text)
    return Answer(buffer.getvalue(), headers={"Content-Type": "application/zip"})


def fetch(connect: Connect, url: str, since: date, until: date, **options: int) -> list:
    source = connect("ecb_rates", url, **options)
    return list(source.fetch(source.stream("rates"), "ecb", since, until))


def test_one_record_a_business_day_and_weekends_covered_empty(connect: Connect) -> None:
    with StubServer([zipped(CSV)]) as server:
        (page,) = fetch(connect, server.url, date(2026, 3, 27), date(2026, 3, 30))
        assert server.asked[0].path == "/stats/eurofxref/eurofxref-hist.zip"
    assert [(day, json.loads(text)) for day, text in page.rows] == [
        ("2026-03-27", {"date": "2026-03-27",
                        "rates": {"USD": "1.08", "JPY": "162", "CNY": "7.83", "RUB": "85.5"}}),
        ("2026-03-30", {"date": "2026-03-30",
                        "rates": {"USD": "1.0801", "JPY": "161.9", "CNY": "7.8301"}}),
    ]  # fmt: skip
    assert page.covers == tuple(date(2026, 3, day) for day in (27, 28, 29, 30))


def test_days_not_published_yet_are_not_covered(connect: Connect) -> None:
    with StubServer([zipped(CSV)]) as server:
        (page,) = fetch(connect, server.url, date(2026, 3, 31), date(2026, 4, 3))
        assert page.covers == (date(2026, 3, 31),)
        (page,) = fetch(connect, server.url, date(2026, 4, 1), date(2026, 4, 3))
    assert (page.rows, page.covers) == ([], ())


@pytest.mark.parametrize(
    "broken",
    [
        zipped("Datum,USD,\n2026-03-31,1.08,\n"),
        zipped("Date,USD,\n"),
        zipped("Date,USD,\n2026-03-31,1.08,\n31.03.2026,1.08,\n"),
        zipped(CSV, "readme.txt"),
        Answer(zipped(CSV).body[:-20]),
        Answer(b"<html>", headers={"Content-Type": "text/html"}),
    ],
    ids=["header", "no day", "date form", "no CSV", "truncated", "HTML"],
)
def test_another_format_is_malformed_and_asked_again(connect: Connect, broken: Answer) -> None:
    since, until = date(2026, 3, 27), date(2026, 3, 31)
    with StubServer([broken, zipped(CSV)]) as server:
        assert len(fetch(connect, server.url, since, until)[0].rows) == 3
    with StubServer([broken]) as server, pytest.raises(MalformedResponseError):
        fetch(connect, server.url, since, until, attempts=2)
