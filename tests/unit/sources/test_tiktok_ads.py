"""TikTok: the code before the data, JSON text in the query, nothing hidden, pages complete."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from desilo.sources import Source
from desilo.transport import (
    AuthError,
    BadRequestError,
    MalformedResponseError,
    SourceError,
    ThrottledError,
    TooBigError,
    TransientError,
    VersionSunsetError,
)
from tests.unit.sources.stub_server import Answer, Asked, StubServer

Connect = Callable[..., Source]
ADVERTISER = "7002238017842757633"
MARCH_1, MARCH_2 = date(2026, 3, 1), date(2026, 3, 2)


def envelope(records: list[Any], page: int = 1, pages: int = 1, total: int | None = None) -> Answer:
    info = {"page": page, "page_size": 1000, "total_page": pages}
    info["total_number"] = len(records) if total is None else total
    data = {"list": records, "page_info": info}
    return Answer({"code": 0, "message": "OK", "request_id": "r", "data": data})


def refusal(code: int, message: str = "no", status: int = 200) -> Answer:
    body = {"code": code, "message": message, "request_id": "r", "data": {}}
    return Answer(body, status=status)


def row(day: str, ad: str = "1", **metrics: Any) -> dict[str, Any]:
    return {"dimensions": {"ad_id": ad, "stat_time_day": f"{day} 00:00:00"}, "metrics": metrics}


def fetch(source: Source, stream: str, since: date = MARCH_1, until: date = MARCH_2) -> list[Any]:
    return list(source.fetch(source.stream(stream), ADVERTISER, since, until))


def records(pages: list[Any]) -> list[tuple[str, Any]]:
    return [(day, json.loads(text)) for page in pages for day, text in page.rows]


def test_report_parameters_are_json_text_and_hide_nothing(connect: Connect) -> None:
    with StubServer([envelope([row("2026-03-01", spend="20.00", conversion="-")])]) as server:
        pages = fetch(connect("tiktok_ads", server.url), "ad_daily")
        asked = server.asked[0]
    assert asked.path == "/open_api/v1.3/report/integrated/get/"
    assert asked.headers["access-token"] == "the-password"
    assert json.loads(asked.query["dimensions"]) == ["ad_id", "stat_time_day"]
    assert {"spend", "campaign_id", "vta_conversion"} <= set(json.loads(asked.query["metrics"]))
    status = json.loads(asked.query["filtering"])[0]
    assert status["field_name"] == "ad_status"
    assert json.loads(status["filter_value"]) == ["STATUS_ALL"]
    assert (asked.query["page_size"], asked.query["data_level"]) == ("1000", "AUCTION_AD")
    assert (asked.query["start_date"], asked.query["end_date"]) == ("2026-03-01", "2026-03-02")
    assert records(pages) == [("2026-03-01", row("2026-03-01", spend="20.00", conversion="-"))]
    assert pages[-1].covers == (MARCH_1, MARCH_2)


def test_every_page_is_read(connect: Connect) -> None:
    def answer(asked: Asked) -> Answer:
        page = int(asked.query["page"])
        return envelope([row("2026-03-01", str(page))], page, 3, total=3)

    with StubServer(answer) as server:
        pages = fetch(connect("tiktok_ads", server.url), "ad_daily")
    assert [each["dimensions"]["ad_id"] for _, each in records(pages)] == ["1", "2", "3"]
    assert [bool(page.covers) for page in pages] == [False, False, True]


def test_fewer_records_than_announced_cover_nothing(connect: Connect) -> None:
    with StubServer([envelope([row("2026-03-01")], total=2)]) as server:
        source = connect("tiktok_ads", server.url)
        with pytest.raises(MalformedResponseError, match="1 records on 1 pages, 2 announced"):
            fetch(source, "ad_daily")


def test_ranges_are_cut_at_thirty_days(connect: Connect) -> None:
    with StubServer([envelope([])]) as server:
        pages = fetch(connect("tiktok_ads", server.url), "campaign_daily", until=date(2026, 4, 5))
        spans = [(asked.query["start_date"], asked.query["end_date"]) for asked in server.asked]
    assert spans == [("2026-03-01", "2026-03-30"), ("2026-03-31", "2026-04-05")]
    assert [len(page.covers) for page in pages] == [30, 6]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (40001, AuthError), (40102, AuthError), (40104, AuthError), (40105, AuthError),
        (40000, BadRequestError), (40002, BadRequestError), (41000, BadRequestError),
        (40200, TransientError), (40700, TransientError), (50000, TransientError),
        (50002, TransientError), (51010, TransientError),
    ],
)  # fmt: skip
def test_codes_inside_a_200(connect: Connect, code: int, expected: type[SourceError]) -> None:
    with StubServer([refusal(code, "Invalid metric fields: ['x']")]) as server:
        with pytest.raises(expected, match="Invalid metric fields") as caught:
            fetch(connect("tiktok_ads", server.url, attempts=2), "ad_daily")
        assert len(server.asked) == (2 if expected is TransientError else 1)
    assert type(caught.value) is expected


def test_a_span_that_is_too_large_is_halved(connect: Connect) -> None:
    def answer(asked: Asked) -> Answer:
        since, until = asked.query["start_date"], asked.query["end_date"]
        if since != until:
            return refusal(40002, "The time span of the report is too large.")
        return envelope([row(since)])

    with StubServer(answer) as server:
        pages = fetch(connect("tiktok_ads", server.url), "ad_daily", until=date(2026, 3, 3))
    assert [day for day, _ in records(pages)] == ["2026-03-01", "2026-03-02", "2026-03-03"]
    assert [day.day for page in pages for day in page.covers] == [1, 2, 3]


def test_one_day_that_is_too_large_and_a_sunset_are_raised(connect: Connect) -> None:
    with StubServer([refusal(40002, "is too large")]) as server, pytest.raises(TooBigError):
        fetch(connect("tiktok_ads", server.url), "ad_daily", until=MARCH_1)
    gone = refusal(40002, "This API version is no longer supported.")
    with StubServer([gone]) as server, pytest.raises(VersionSunsetError):
        fetch(connect("tiktok_ads", server.url), "ad_daily")


def test_rate_limit_tries_the_next_second_then_the_suspension(
    connect: Connect, naps: list[float]
) -> None:
    limit, fine = refusal(40100), envelope([])
    with StubServer([limit, limit, fine, limit, fine]) as server:
        source = connect("tiktok_ads", server.url)
        fetch(source, "ad_daily")
        assert naps == [2, 300]
        fetch(source, "ad_daily")
    assert naps == [2, 300, 2]


def test_rate_limit_without_end_uses_up_the_budget(connect: Connect, naps: list[float]) -> None:
    with StubServer([refusal(40100)]) as server, pytest.raises(ThrottledError):
        fetch(connect("tiktok_ads", server.url, max_wait_s=700), "ad_daily")
    assert naps == [2, 300, 300]


@pytest.mark.parametrize("body", [{"data": {}}, [], {"code": 0}, {"code": 0, "data": {"list": 1}}])
def test_an_unexpected_shape_is_malformed(connect: Connect, body: Any) -> None:
    with StubServer([Answer(body)]) as server, pytest.raises(MalformedResponseError):
        fetch(connect("tiktok_ads", server.url, attempts=1), "ad_daily")


def test_lists_include_deleted_objects(connect: Connect) -> None:
    with StubServer([envelope([{"campaign_id": "1"}])]) as server:
        for stream, path in (("campaigns", "campaign"), ("ad_groups", "adgroup"), ("ads", "ad")):
            pages = fetch(connect("tiktok_ads", server.url), stream)
            asked = server.asked[-1]
            assert asked.path == f"/open_api/v1.3/{path}/get/"
            assert json.loads(asked.query["filtering"])["secondary_status"].endswith("_STATUS_ALL")
            assert pages[-1].covers == (MARCH_2,)
            assert pages[-1].rows[0][0] == "2026-03-02"


def test_an_advertiser_the_token_cannot_see_is_an_auth_error(connect: Connect) -> None:
    with StubServer([envelope([{"advertiser_id": "1"}])]) as server:
        with pytest.raises(AuthError, match="sees no advertiser"):
            fetch(connect("tiktok_ads", server.url), "accounts")


def test_recorded_rows_pass_verbatim_and_their_totals_hold(
    connect: Connect, recorded: Callable[[str], Path]
) -> None:
    text = recorded("tiktok/expected_records.jsonl").read_text("utf-8")
    streams: dict[str, list[Any]] = {}
    for line in text.splitlines():
        entry = json.loads(line)
        streams.setdefault(entry["stream"], []).append(entry["data"])

    def answer(asked: Asked) -> Answer:
        if "advertiser/info" in asked.path:
            return envelope(streams["advertisers"])
        if "report" in asked.path:
            level = asked.query["data_level"]
            name = "ads" if level == "AUCTION_AD" else "campaigns"
            return envelope(streams[f"{name}_reports_daily"])
        return envelope(streams["campaigns"])

    with StubServer(answer) as server:
        source = connect("tiktok_ads", server.url)
        account = records(fetch(source, "accounts"))[0][1]
        campaigns = records(fetch(source, "campaigns"))
        since, until = date(2021, 10, 10), date(2021, 11, 5)
        daily = records(fetch(source, "ad_daily", since, until))
    assert (account["currency"], account["display_timezone"]) == ("USD", "America/Los_Angeles")
    assert len(account["email"]) == len(account["cellphone_number"]) == 64
    assert [each for _, each in campaigns] == streams["campaigns"]
    assert [each for _, each in daily] == streams["ads_reports_daily"]
    assert sorted(day for day, _ in daily) == ["2021-10-20", "2021-10-25", "2021-10-26"]
    assert sum(Decimal(each["metrics"]["spend"]) for _, each in daily) == Decimal("60.00")
    assert {each["metrics"]["campaign_id"] for _, each in daily} == {1714125042508817}
