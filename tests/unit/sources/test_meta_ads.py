"""Meta: filters, paging that stays at home, splitting, quota, and its error envelope."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from desilo.sources import Source
from desilo.sources.meta_ads import judge, quota
from desilo.transport import (
    AuthError,
    BadRequestError,
    MalformedResponseError,
    Reply,
    SourceError,
    ThrottledError,
    TooBigError,
    TransientError,
    VersionSunsetError,
)
from tests.unit.sources.stub_server import Answer, Asked, StubServer

Connect = Callable[..., Source]
MARCH_1, MARCH_2 = date(2026, 3, 1), date(2026, 3, 2)


def row(day: str, ad: str = "9", **more: Any) -> dict[str, Any]:
    return {"ad_id": ad, "date_start": day, "date_stop": day, "spend": "1.50", **more}


def error(
    code: int, subcode: int = 0, status: int = 400, message: str = "no", **more: Any
) -> Answer:
    body = {"message": message, "type": "OAuthException", "code": code, "error_subcode": subcode}
    return Answer({"error": {**body, **more}}, status=status)


def fetch(source: Source, stream: str, since: date = MARCH_1, until: date = MARCH_2) -> list[Any]:
    return list(source.fetch(source.stream(stream), "1001", since, until))


def records(pages: list[Any]) -> list[tuple[str, Any]]:
    return [(day, json.loads(text)) for page in pages for day, text in page.rows]


def test_report_asks_for_days_both_windows_and_deleted_ads(connect: Connect) -> None:
    with StubServer([Answer({"data": [row("2026-03-01")]})]) as server:
        pages = fetch(connect("meta_ads", server.url), "ad_daily")
        asked = server.asked[0]
    assert asked.path == "/v26.0/act_1001/insights"
    assert asked.query["level"] == "ad"
    assert asked.query["time_increment"] == "1"
    assert json.loads(asked.query["time_range"]) == {"since": "2026-03-01", "until": "2026-03-02"}
    assert json.loads(asked.query["action_attribution_windows"]) == ["7d_click", "1d_view"]
    condition = json.loads(asked.query["filtering"])[0]
    assert condition["field"] == "ad.effective_status"
    assert {"ARCHIVED", "DELETED", "PAUSED"} <= set(condition["value"])
    assert asked.headers["authorization"] == "Bearer the-password"
    assert "access_token" not in asked.query
    assert records(pages) == [("2026-03-01", row("2026-03-01"))]
    assert pages[-1].covers == (MARCH_1, MARCH_2)
    assert "the-password" not in pages[-1].request
    assert pages[-1].api_version == "v26.0"


def test_paging_stays_at_the_base_url_and_sends_no_token(connect: Connect) -> None:
    after = {
        "next": "https://elsewhere.invalid/v26.0/act_1/insights?access_token=tok&after=MjQZD&limit=500"
    }
    answers = [
        Answer({"data": [row("2026-03-01", "1")], "paging": after}),
        Answer({"data": [], "paging": {**after, "next": after["next"].replace("MjQ", "NDg")}}),
        Answer({"data": [row("2026-03-02", "2")], "paging": {"cursors": {"after": "NDgZD"}}}),
    ]
    with StubServer(answers) as server:
        pages = fetch(connect("meta_ads", server.url), "ad_daily")
        assert [asked.query.get("after") for asked in server.asked] == [None, "MjQZD", "NDgZD"]
        assert all("access_token" not in asked.query for asked in server.asked)
    assert [record["ad_id"] for _, record in records(pages)] == ["1", "2"]
    assert [page.covers for page in pages] == [(), (), (MARCH_1, MARCH_2)]


def test_a_cursor_that_comes_back_is_no_endless_loop(connect: Connect) -> None:
    loop = {"next": "https://x.invalid/?after=same"}
    with StubServer([Answer({"data": [row("2026-03-01")], "paging": loop})]) as server:
        with pytest.raises(MalformedResponseError, match="had before"):
            fetch(connect("meta_ads", server.url), "ad_daily")


def test_no_delivery_is_covered_and_empty(connect: Connect) -> None:
    with StubServer([Answer({"data": []})]) as server:
        pages = fetch(connect("meta_ads", server.url), "campaign_daily")
    assert [(page.rows, page.covers) for page in pages] == [([], (MARCH_1, MARCH_2))]


def days_of(asked: Asked) -> tuple[date, date]:
    span = json.loads(asked.query["time_range"])
    return date.fromisoformat(span["since"]), date.fromisoformat(span["until"])


def test_too_much_halves_the_days_and_then_the_page(connect: Connect) -> None:
    """A span of more than two days, and pages of more than 125 rows, are refused."""

    def answer(asked: Asked) -> Answer:
        since, until = days_of(asked)
        if (until - since).days >= 2 or int(asked.query["limit"]) > 125:
            return error(100, 1487534)
        return Answer({"data": [row(since.isoformat()), row(until.isoformat(), "10")]})

    with StubServer(answer) as server:
        pages = fetch(connect("meta_ads", server.url), "ad_daily", until=date(2026, 3, 5))
    covered = [day for page in pages for day in page.covers]
    assert covered == [date(2026, 3, n) for n in range(1, 6)]


def test_too_much_in_the_middle_keeps_the_cursor_and_doubles_nothing(connect: Connect) -> None:
    def answer(asked: Asked) -> Answer:
        after = asked.query.get("after")
        if after is None:
            nxt = "https://x.invalid/?after=A&limit=500"
            return Answer({"data": [row("2026-03-01", "1")], "paging": {"next": nxt}})
        if int(asked.query["limit"]) > 125:
            return error(1, 0, 500, "Please reduce the amount of data you're asking for")
        return Answer({"data": [row("2026-03-02", "2")]})

    with StubServer(answer) as server:
        pages = fetch(connect("meta_ads", server.url), "ad_daily")
        assert [asked.query["limit"] for asked in server.asked] == ["500", "500", "250", "125"]
    assert [record["ad_id"] for _, record in records(pages)] == ["1", "2"]


def test_too_much_of_the_least_is_raised(connect: Connect) -> None:
    with StubServer([error(100, 1487534)]) as server, pytest.raises(TooBigError):
        fetch(connect("meta_ads", server.url), "ad_daily", until=MARCH_1)


def test_long_ranges_go_in_chunks_that_are_covered_one_by_one(connect: Connect) -> None:
    with StubServer([Answer({"data": []}), error(190, 463)]) as server:
        source = connect("meta_ads", server.url)
        pages = source.fetch(source.stream("ad_daily"), "1001", MARCH_1, date(2026, 4, 5))
        assert len(next(pages).covers) == 30
        with pytest.raises(AuthError):
            next(pages)


def test_hierarchy_is_a_snapshot_of_the_last_day_with_deleted_objects(connect: Connect) -> None:
    with StubServer([Answer({"data": [{"id": "5", "name": "Spring"}]})]) as server:
        for stream, edge in (("campaigns", "campaigns"), ("ad_groups", "adsets"), ("ads", "ads")):
            pages = fetch(connect("meta_ads", server.url), stream)
            asked = server.asked[-1]
            assert asked.path == f"/v26.0/act_1001/{edge}"
            assert {"ARCHIVED", "DELETED"} <= set(json.loads(asked.query["filtering"])[0]["value"])
            assert pages[0].covers == (MARCH_2,)
            assert records(pages) == [("2026-03-02", {"id": "5", "name": "Spring"})]


def test_account_carries_zone_and_currency(connect: Connect) -> None:
    account = {"id": "act_1001", "account_id": "1001", "currency": "USD", "timezone_name": "UTC"}
    with StubServer([Answer(account)]) as server:
        pages = fetch(connect("meta_ads", server.url), "accounts")
        assert server.asked[0].path == "/v26.0/act_1001"
    assert records(pages) == [("2026-03-02", account)]


def usage(name: str, value: Any) -> dict[str, str]:
    return {name: json.dumps(value)}


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, (0, 0)),
        (usage("x-app-usage", {"call_count": 28, "total_time": 91, "total_cputime": 2}), (91, 0)),
        (
            usage("x-fb-ads-insights-throttle", {"app_id_util_pct": 13, "acc_id_util_pct": 88.5}),
            (88.5, 0),
        ),
        (
            usage("x-ad-account-usage", {"acc_id_util_pct": 100, "reset_time_duration": 90}),
            (100, 90),
        ),
        (
            usage(
                "x-business-use-case-usage",
                {
                    "1": [
                        {"type": "ads_insights", "call_count": 20},
                        {
                            "type": "ads_management",
                            "total_time": 100,
                            "estimated_time_to_regain_access": 19,
                        },
                    ]
                },
            ),
            (100, 19 * 60),
        ),
        ({"x-app-usage": "not json"}, (0, 0)),
    ],
)
def test_the_worst_quota_counts_and_minutes_are_minutes(
    headers: dict[str, str], expected: tuple[float, float]
) -> None:
    assert quota(headers) == expected


def test_slows_down_before_the_limit(connect: Connect, naps: list[float]) -> None:
    header = usage("X-FB-Ads-Insights-Throttle", {"acc_id_util_pct": 86})
    with StubServer([Answer({"data": []}, headers=header)]) as server:
        fetch(connect("meta_ads", server.url), "ad_daily")
    assert naps == [120]


def test_throttle_waits_the_minutes_the_header_names(connect: Connect, naps: list[float]) -> None:
    limited = error(80000, 2446079)
    limited.headers = usage(
        "x-business-use-case-usage", {"1": [{"estimated_time_to_regain_access": 3}]}
    )
    with StubServer([limited, Answer({"data": []})]) as server:
        fetch(connect("meta_ads", server.url), "ad_daily")
    assert naps == [180]


@pytest.mark.parametrize(
    ("code", "subcode", "status", "message", "expected"),
    [
        (4, 1504022, 400, "too many calls from this app", ThrottledError),
        (17, 2446079, 400, "User request limit reached", ThrottledError),
        (613, 1487742, 400, "Calls to this api have exceeded the rate limit", ThrottledError),
        (80004, 2446079, 400, "too many calls", ThrottledError),
        (1, 99, 400, "An unknown error occurred", TransientError),
        (2, 0, 500, "Service temporarily unavailable", TransientError),
        (960, 0, 400, "Request timed out", TransientError),
        (100, 0, 400, "Cannot include actions in summary param because", TransientError),
        (1, 0, 500, "Please reduce the amount of data you're asking for", TooBigError),
        (100, 1487534, 400, "too much", TooBigError),
        (190, 463, 400, "Session has expired", AuthError),
        (190, 460, 400, "changed the password", AuthError),
        (100, 33, 400, "Unsupported get request", AuthError),
        (200, 0, 403, "Requires business_management permission", AuthError),
        (100, 0, 400, "(#100) Missing permissions", AuthError),
        (100, 0, 400, "(#100) x is not valid for fields param", BadRequestError),
        (3018, 0, 400, "The start date cannot be beyond 37 months", BadRequestError),
        (2635, 0, 400, "You are calling a deprecated version", VersionSunsetError),
    ],
)
def test_error_codes(
    code: int, subcode: int, status: int, message: str, expected: type[SourceError]
) -> None:
    body = {"error": {"message": message, "code": code, "error_subcode": subcode}}
    with pytest.raises(expected) as caught:
        judge(Reply(status, {}, json.dumps(body).encode(), "GET /x"))
    assert type(caught.value) is expected
    assert message in str(caught.value)


def test_an_error_inside_a_200_is_an_error() -> None:
    with pytest.raises(AuthError):
        judge(Reply(200, {}, b'{"error": {"code": 190, "message": "dead"}}', "GET /x"))


def test_a_refusal_that_cannot_be_read_is_asked_for_again(connect: Connect) -> None:
    with StubServer([Answer(b'{"error": {"code', status=400), Answer({"data": []})]) as server:
        assert fetch(connect("meta_ads", server.url), "ad_daily")[-1].covers == (MARCH_1, MARCH_2)


@pytest.mark.parametrize("body", [b"[]", b"<html>", b'{"data": {}}', b'{"data": ["x"]}'])
def test_an_unexpected_shape_is_malformed(connect: Connect, body: bytes) -> None:
    with StubServer([Answer(body)]) as server, pytest.raises(MalformedResponseError):
        fetch(connect("meta_ads", server.url, attempts=1), "ad_daily")
