"""Amplitude: whole days only, no data is no error, halving, verbatim lines, hashed persons."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import zipfile
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from desilo.sources import Source, amplitude
from desilo.transport import (
    AuthError,
    BadRequestError,
    MalformedResponseError,
    ThrottledError,
    TooBigError,
    TransientError,
)
from tests.unit.sources.stub_server import Answer, Asked, StubServer

Connect = Callable[..., Source]
DAY = date(2026, 3, 30)


def event(n: int = 1, uploaded: str = "2026-03-30 11:09:22.761000", **more: Any) -> str:
    record = {"uuid": f"u{n}", "event_type": "Landing Viewed", "server_upload_time": uploaded}
    return json.dumps({**record, **more}, ensure_ascii=False, separators=(",", ":"))


def export(**parts: list[str]) -> Answer:
    """A zip of gzipped files; names like h11_0 become ``434000//434000_2026-03-30_11#0``."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, lines in parts.items():
            hour, part = name.removeprefix("h").split("_")
            member = f"434000//434000_2026-03-30_{int(hour)}#{part}.json.gz"
            archive.writestr(member, gzip.compress(("\n".join(lines) + "\n").encode()))
    return Answer(buffer.getvalue(), headers={"Content-Type": "application/zip"})


NO_DATA = Answer(
    "Raw data files were not found.", status=404, headers={"Content-Type": "text/plain"}
)


def fetch(source: Source, since: date = DAY, until: date = DAY) -> list[Any]:
    return list(source.fetch(source.stream("events"), "434000", since, until))


def rows(pages: list[Any]) -> list[tuple[str, str]]:
    return [each for page in pages for each in page.rows]


def test_a_day_is_asked_by_hours_in_utc_with_basic_auth(connect: Connect) -> None:
    with StubServer([export(h0_0=[event()])]) as server:
        pages = fetch(connect("amplitude", server.url))
        asked = server.asked[0]
    assert asked.path == "/api/2/export"
    assert asked.query == {"start": "20260330T00", "end": "20260330T23"}
    assert asked.headers["authorization"] == "Basic dGhlLWxvZ2luOnRoZS1wYXNzd29yZA=="
    assert rows(pages) == [("2026-03-30", event())]
    assert pages[-1].covers == (DAY,)


@pytest.mark.parametrize(
    ("now", "days"),
    [
        ("2026-03-31T01:59:00", []),
        ("2026-03-31T02:00:00", [30]),
        ("2026-04-01T01:00:00", [30]),
        ("2026-04-01T08:30:00", [30, 31]),
    ],
)
def test_only_days_whose_hours_are_all_complete_are_asked(
    connect: Connect, now: str, days: list[int]
) -> None:
    with StubServer([NO_DATA]) as server:
        pages = fetch(connect("amplitude", server.url, now=now), DAY, date(2026, 4, 2))
        asked = [int(asked.query["end"][6:8]) for asked in server.asked]
    assert asked == days
    assert [day.day for page in pages for day in page.covers] == days


def test_no_data_is_covered_and_empty(connect: Connect) -> None:
    with StubServer([NO_DATA]) as server:
        pages = fetch(connect("amplitude", server.url))
    assert [(page.rows, page.covers) for page in pages] == [([], (DAY,))]


def test_a_404_page_of_somebody_else_is_an_error(connect: Connect) -> None:
    page = Answer("<html>not found", status=404, headers={"Content-Type": "text/html"})
    with StubServer([page]) as server, pytest.raises(BadRequestError):
        fetch(connect("amplitude", server.url))


def test_all_parts_of_all_hours_are_read(connect: Connect) -> None:
    parts = export(h0_0=[event(1), event(2)], h0_1=[event(3)], h23_0=[event(4)], h5_0=[])
    with StubServer([parts]) as server:
        pages = fetch(connect("amplitude", server.url))
    assert [json.loads(text)["uuid"] for _, text in rows(pages)] == ["u1", "u2", "u3", "u4"]


def test_pages_are_small_and_the_last_one_covers(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(amplitude, "PAGE_LINES", 2)
    with StubServer([export(h0_0=[event(n) for n in range(4)])]) as server:
        pages = fetch(connect("amplitude", server.url))
    assert [len(page.rows) for page in pages] == [2, 2, 0]
    assert [page.covers for page in pages] == [(), (), (DAY,)]


@pytest.mark.parametrize("status", [400, 504])
def test_too_much_halves_the_hours_and_the_last_piece_covers(connect: Connect, status: int) -> None:
    def answer(asked: Asked) -> Answer:
        first, last = int(asked.query["start"][-2:]), int(asked.query["end"][-2:])
        if last - first >= 8:
            return Answer("too large", status=status)
        return export(**{f"h{first}_0": [event(first)]})

    with StubServer(answer) as server:
        pages = fetch(connect("amplitude", server.url))
    hours = [int(json.loads(text)["uuid"][1:]) for _, text in rows(pages)]
    assert hours == [0, 6, 12, 18]
    assert [day for page in pages for day in page.covers] == [DAY]
    assert pages[-1].covers == (DAY,)


@pytest.mark.parametrize(("status", "expected"), [(400, BadRequestError), (504, TransientError)])
def test_one_hour_cannot_be_halved(connect: Connect, status: int, expected: type) -> None:
    with StubServer([Answer("invalid start", status=status)]) as server:
        with pytest.raises(expected) as caught:
            fetch(connect("amplitude", server.url, attempts=2))
        assert type(caught.value) is not TooBigError
        assert server.asked[-1].query == {"start": "20260330T00", "end": "20260330T00"}


def test_wrong_key_and_too_many_exports(connect: Connect) -> None:
    with StubServer([Answer("forbidden", status=403)]) as server, pytest.raises(AuthError):
        fetch(connect("amplitude", server.url))
    with StubServer([Answer("busy", status=429)]) as server, pytest.raises(ThrottledError):
        fetch(connect("amplitude", server.url, max_wait_s=30))


def test_a_truncated_zip_is_fetched_again_before_a_line_leaves(connect: Connect) -> None:
    whole = export(h0_0=[event(1)], h1_0=[event(2)])
    cut = Answer(whole.body[:-40], headers=whole.headers)
    with StubServer([cut, whole]) as server:
        pages = fetch(connect("amplitude", server.url))
    assert len(rows(pages)) == 2


def test_a_broken_gzip_inside_a_whole_zip_covers_nothing(connect: Connect) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        packed = gzip.compress(b"\n".join(event(n).encode() for n in range(50)))
        archive.writestr("434000//434000_2026-03-30_0#0.json.gz", packed[:-12])
    with StubServer([Answer(buffer.getvalue())]) as server:
        with pytest.raises(MalformedResponseError, match="damaged gzip"):
            fetch(connect("amplitude", server.url))


def test_day_is_the_upload_day_whatever_the_properties_say(connect: Connect) -> None:
    lines = [
        event(1, "2026-03-30 00:00:00.000000"),
        event(2, "2026-03-30 09:00:00", event_properties={"server_upload_time": "2020-01-01"}),
        event(3, "2026-03-29 23:59:59.999999"),
        '{"uuid":"u4","server_upload_time":null}',
        '{"uuid":"u5"}',
    ]
    with StubServer([export(h0_0=lines)]) as server:
        pages = fetch(connect("amplitude", server.url))
    assert [day for day, _ in rows(pages)] == [
        "2026-03-30", "2026-03-30", "2026-03-29", "2026-03-30", "2026-03-30",
    ]  # fmt: skip
    assert [text for _, text in rows(pages)] == lines


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def test_personal_fields_are_hashed_and_nothing_else_changes(connect: Connect) -> None:
    personal = event(
        1,
        user_properties={"email": " Anna@Example.org", "phone": "+49 171 2345678", "plan": "pro"},
        event_properties={"email": "b@example.org", "path": "/é"},
    )  # fmt: skip
    plain = event(2, user_properties={"plan": "emailed"}, spaced={"a": 1.50})
    empty = event(3, user_properties={"email": None, "phone": ""})
    with StubServer([export(h0_0=[personal, plain, empty])]) as server:
        pages = fetch(connect("amplitude", server.url))
    texts = [text for _, text in rows(pages)]
    assert json.loads(texts[0]) == {
        **json.loads(personal),
        "user_properties": {
            "email": sha("anna@example.org"), "phone": sha("+491712345678"), "plan": "pro",
        },
        "event_properties": {"email": sha("b@example.org"), "path": "/é"},
    }  # fmt: skip
    assert texts[1] == plain
    assert json.loads(texts[2])["user_properties"] == {"email": None, "phone": None}


def test_a_user_id_that_is_an_address_is_hashed(connect: Connect) -> None:
    lines = [event(1, user_id="Anna@Example.org "), event(2, user_id="u-17", note="mail @ noon")]
    with StubServer([export(h0_0=lines)]) as server:
        pages = fetch(connect("amplitude", server.url))
    texts = [text for _, text in rows(pages)]
    assert json.loads(texts[0])["user_id"] == sha("anna@example.org")
    assert texts[1] == lines[1]


def test_own_personal_fields_come_from_the_options(connect: Connect) -> None:
    options = {"pii": {"user_properties.tel": "phone"}, "country_code": 49}
    with StubServer([export(h0_0=[event(user_properties={"tel": "0171 2345678"})])]) as server:
        pages = fetch(connect("amplitude", server.url, options=options))
    assert json.loads(rows(pages)[0][1])["user_properties"]["tel"] == sha("+491712345678")


def test_a_broken_line_lands_and_shows_no_person(connect: Connect) -> None:
    personal = '{"user_properties":{"email":"anna@example.org"'
    lines = [event(1), '{"uuid":"u2","event_type"', personal]
    with StubServer([export(h0_0=lines)]) as server:
        pages = fetch(connect("amplitude", server.url))
    texts = [text for _, text in rows(pages)]
    assert texts[:2] == lines[:2]
    assert "anna" not in texts[2]
    assert "[masked]" in json.loads(texts[2])["unparsable"]


def test_the_recorded_export_gives_its_four_events(
    connect: Connect, recorded: Callable[[str], Path]
) -> None:
    body = recorded("amplitude/events_request_content.zip").read_bytes()
    with StubServer([Answer(body, headers={"Content-Type": "application/zip"})]) as server:
        source = connect("amplitude", server.url, now="2023-08-02T08:00:00")
        day = date(2023, 8, 1)
        pages = list(source.fetch(source.stream("events"), "434735", day, day))
    events = [json.loads(text) for _, text in rows(pages)]
    assert len(events) == 4
    assert {day for day, _ in rows(pages)} == {"2023-08-01"}
    assert {event["app"] for event in events} == {434735}
    assert len({event["uuid"] for event in events}) == 4
    assert sum(event["event_properties"]["ad_metrics.impressions"] for event in events) == 14856
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        raw = b"".join(gzip.decompress(archive.read(name)) for name in archive.namelist())
    assert [text for _, text in rows(pages)] == raw.decode().splitlines()
