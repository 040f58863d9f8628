"""Ocean Engine: the code before the data, two clocks, settled days only, tokens that rotate."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from desilo.sources import Source
from desilo.sources.ocean_engine import LIST_PAGE_ROWS, REPORT_PAGE_ROWS
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
ADVERTISER = "1800000000000001"
MARCH_1, MARCH_2 = date(2026, 3, 1), date(2026, 3, 2)
PAIR = {
    "app_id": "1800000000",
    "secret": "the-app-secret",
    "access_token": "the-first-access",
    "refresh_token": "the-first-refresh",
}
REPORT, REFRESH = "/open_api/v3.0/report/custom/get/", "/open_api/oauth2/refresh_token/"


@pytest.fixture
def source(connect: Connect, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Connect:
    """A source whose tokens are kept below the test's own folder."""
    monkeypatch.setenv("DESILO_HOME", str(tmp_path))

    def make(base_url: str, *, pair: dict[str, str] | None = None, **more: Any) -> Source:
        return connect("ocean_engine", base_url, extra=PAIR if pair is None else pair, **more)

    return make


def envelope(
    records: list[Any], page: int = 1, pages: int = 1, total: int | None = None, name: str = "rows"
) -> Answer:
    info = {"page": page, "page_size": 100, "total_page": pages}
    info["total_number"] = len(records) if total is None else total
    return fine({name: records, "page_info": info})


def fine(data: Any) -> Answer:
    return Answer({"code": 0, "message": "OK", "request_id": "r", "data": data})


def refusal(code: int, message: str = "no", status: int = 200) -> Answer:
    body = {"code": code, "message": message, "request_id": "r", "data": {}}
    return Answer(body, status=status)


def row(day: str, material: str = "1", **metrics: Any) -> dict[str, Any]:
    return {"dimensions": {"stat_time_day": day, "material_id": material}, "metrics": metrics}


def fetch(source: Source, stream: str, since: date = MARCH_1, until: date = MARCH_2) -> list[Any]:
    return list(source.fetch(source.stream(stream), ADVERTISER, since, until))


def records(pages: list[Any]) -> list[tuple[str, Any]]:
    return [(day, json.loads(text)) for page in pages for day, text in page.rows]


def test_report_parameters_are_json_text_and_ask_for_both_clocks(source: Connect) -> None:
    answer = row("2026-03-01", stat_cost="20.00", convert_cnt="3", attribution_convert_cnt="2")
    with StubServer([envelope([answer])]) as server:
        pages = fetch(source(server.url), "ad_daily")
        asked = server.asked[0]
    assert (asked.method, asked.path) == ("GET", REPORT)
    assert asked.headers["access-token"] == "the-first-access"
    assert json.loads(asked.query["dimensions"]) == [
        "stat_time_day", "cdp_project_id", "cdp_promotion_id", "material_id",
    ]  # fmt: skip
    metrics = set(json.loads(asked.query["metrics"]))
    assert {"stat_cost", "convert_cnt", "attribution_convert_cnt"} <= metrics
    assert (asked.query["filters"], asked.query["order_by"]) == ("[]", "[]")
    assert (asked.query["data_topic"], asked.query["page_size"]) == ("MATERIAL_DATA", "100")
    assert (asked.query["start_time"], asked.query["end_time"]) == ("2026-03-01", "2026-03-02")
    assert records(pages) == [("2026-03-01", answer)]
    assert pages[-1].covers == (MARCH_1, MARCH_2)


def test_every_page_is_read(source: Connect) -> None:
    def answer(asked: Asked) -> Answer:
        page = int(asked.query["page"])
        return envelope([row("2026-03-01", str(page))], page, 3, total=3)

    with StubServer(answer) as server:
        pages = fetch(source(server.url), "ad_daily")
    assert [each["dimensions"]["material_id"] for _, each in records(pages)] == ["1", "2", "3"]
    assert [bool(page.covers) for page in pages] == [False, False, True]


def test_an_empty_page_is_covered_and_empty(source: Connect) -> None:
    with StubServer([envelope([])]) as server:
        pages = fetch(source(server.url), "ad_daily")
    assert [(page.rows, page.covers) for page in pages] == [([], (MARCH_1, MARCH_2))]


def test_fewer_records_than_announced_cover_nothing(source: Connect) -> None:
    with StubServer([envelope([row("2026-03-01")], total=2)]) as server:
        with pytest.raises(MalformedResponseError, match="1 records on 1 pages, 2 announced"):
            fetch(source(server.url), "ad_daily")


def test_a_record_that_comes_twice_or_in_another_shape_lands_as_it_came(source: Connect) -> None:
    odd = [row("2026-03-01"), row("2026-03-01"), row("2026-03-01", stat_cost={"value": "1"})]
    with StubServer([envelope(odd)]) as server:
        assert [each for _, each in records(fetch(source(server.url), "ad_daily"))] == odd


def test_ranges_are_cut_at_thirty_days(source: Connect) -> None:
    with StubServer([envelope([])]) as server:
        until = date(2026, 4, 5)
        pages = fetch(source(server.url, now="2026-04-20T08:30"), "campaign_daily", until=until)
        spans = [(asked.query["start_time"], asked.query["end_time"]) for asked in server.asked]
    assert spans == [("2026-03-01", "2026-03-30"), ("2026-03-31", "2026-04-05")]
    assert [len(page.covers) for page in pages] == [30, 6]


@pytest.mark.parametrize(
    ("now", "last"),
    [
        ("2026-03-02T23:59:59", 1),  # 07:59:59 on the 3rd in Shanghai: the 2nd still moves
        ("2026-03-03T00:00:00", 2),
        ("2026-03-02T00:00:00", 1),
        ("2026-03-01T15:00:00", None),  # 23:00 on the 1st
    ],
)
def test_a_day_is_asked_for_when_it_has_settled_in_shanghai(
    source: Connect, now: str, last: int | None
) -> None:
    with StubServer([envelope([])]) as server:
        pages = fetch(source(server.url, now=now), "ad_daily")
        asked = [each.query["end_time"] for each in server.asked]
    assert asked == ([] if last is None else [f"2026-03-0{last}"])
    assert [day.day for page in pages for day in page.covers] == list(range(1, (last or 0) + 1))


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (40002, AuthError), (40101, AuthError), (40103, AuthError), (40104, AuthError),
        (40105, AuthError), (40107, AuthError), (40000, BadRequestError),
        (40001, BadRequestError), (41000, BadRequestError), (50000, TransientError),
        (50001, TransientError), (50002, TransientError),
    ],
)  # fmt: skip
def test_codes_inside_a_200(source: Connect, code: int, expected: type[SourceError]) -> None:
    with StubServer([refusal(code, "metrics: ['x'] are unknown")]) as server:
        with pytest.raises(expected, match="are unknown") as caught:
            fetch(source(server.url, attempts=2), "ad_daily")
        assert len(server.asked) == (2 if expected is TransientError else 1)
    assert type(caught.value) is expected


def test_a_span_that_is_too_large_is_halved(source: Connect) -> None:
    def answer(asked: Asked) -> Answer:
        since, until = asked.query["start_time"], asked.query["end_time"]
        if since != until:
            return refusal(40001, "the time span of the report is too large")
        return envelope([row(since)])

    with StubServer(answer) as server:
        pages = fetch(source(server.url), "ad_daily", until=date(2026, 3, 3))
    assert [day for day, _ in records(pages)] == ["2026-03-01", "2026-03-02", "2026-03-03"]
    assert [day.day for page in pages for day in page.covers] == [1, 2, 3]


def test_one_day_that_is_too_large_is_raised(source: Connect) -> None:
    with StubServer([refusal(40001, "is too large")]) as server, pytest.raises(TooBigError):
        fetch(source(server.url), "ad_daily", until=MARCH_1)


@pytest.mark.parametrize(
    "gone", [refusal(40105, "this API version is no longer supported"), refusal(0, status=404)]
)
def test_a_version_that_is_gone_says_so(source: Connect, gone: Answer) -> None:
    with StubServer([gone]) as server:
        with pytest.raises(VersionSunsetError, match=r"sunset|we speak v3\.0"):
            fetch(source(server.url), "ad_daily")
        assert len(server.asked) == 1


@pytest.mark.parametrize("code", [40100, 40110, 40130])
def test_every_rate_limit_tries_the_next_second_then_waits_longer(
    source: Connect, naps: list[float], code: int
) -> None:
    limit, good = refusal(code), envelope([])
    with StubServer([limit, limit, good, limit, good]) as server:
        made = source(server.url)
        fetch(made, "ad_daily")
        assert naps == [2, 60]
        fetch(made, "ad_daily")
    assert naps == [2, 60, 2]


def test_rate_limit_without_end_uses_up_the_budget(source: Connect, naps: list[float]) -> None:
    with StubServer([refusal(40110)]) as server, pytest.raises(ThrottledError):
        fetch(source(server.url, max_wait_s=130), "ad_daily")
    assert naps == [2, 60, 60]


@pytest.mark.parametrize("body", [{"data": {}}, [], {"code": 0}, {"code": 0, "data": {"rows": 1}}])
def test_an_unexpected_shape_is_malformed(source: Connect, body: Any) -> None:
    with StubServer([Answer(body)]) as server, pytest.raises(MalformedResponseError):
        fetch(source(server.url, attempts=1), "ad_daily")


def test_lists_include_deleted_objects_and_are_asked_for_in_small_pages(source: Connect) -> None:
    with StubServer([envelope([{"project_id": 1}], name="list")]) as server:
        for stream, path, status in (
            ("campaigns", "project", "PROJECT_STATUS_ALL"), ("ad_groups", "promotion", "ALL"),
        ):  # fmt: skip
            pages = fetch(source(server.url), stream)
            asked = server.asked[-1]
            assert asked.path == f"/open_api/v3.0/{path}/list/"
            assert json.loads(asked.query["filtering"]) == {"status": status}
            assert asked.query["page_size"] == str(LIST_PAGE_ROWS) != str(REPORT_PAGE_ROWS)
            assert pages[-1].covers == (MARCH_2,)
            assert pages[-1].rows[0][0] == "2026-03-02"


def test_the_materials_of_every_promotion_are_its_ads(source: Connect) -> None:
    video, image = {"material_id": 7301234567890123456, "video_id": "v"}, {"material_id": 2}
    promotions = [
        {"promotion_id": 10, "project_id": 1, "promotion_materials": {
            "video_material_list": [video], "image_material_list": [image],
            "title_material_list": [{"title": "not an ad"}]}},
        {"promotion_id": 11, "project_id": 1,
         "promotion_materials": {"video_material_list": [video], "image_material_list": None}},
        {"promotion_id": 12, "project_id": 1},
    ]  # fmt: skip
    with StubServer([envelope(promotions, name="list")]) as server:
        found = records(fetch(source(server.url), "ads"))
    parents = [(each["promotion_id"], each["material_type"], each["material"]) for _, each in found]
    assert parents == [(10, "video", video), (10, "image", image), (11, "video", video)]


def test_the_account_is_the_one_that_was_asked_for(source: Connect) -> None:
    mine = {"id": int(ADVERTISER), "name": "Desilo"}
    with StubServer([fine([{"id": 1}, mine]), fine([{"id": 1}])]) as server:
        made = source(server.url)
        pages = fetch(made, "accounts")
        assert server.asked[0].path == "/open_api/2/advertiser/info/"
        assert json.loads(server.asked[0].query["advertiser_ids"]) == [int(ADVERTISER)]
        assert records(pages) == [("2026-03-02", mine)]
        with pytest.raises(AuthError, match="sees no advertiser"):
            fetch(made, "accounts")


def pair(number: int, **more: Any) -> Answer:
    return fine(
        {
            "access_token": f"access-number-{number}",
            "expires_in": 86_400,
            "refresh_token": f"refresh-number-{number}",
            "refresh_token_expires_in": 2_592_000,
            **more,
        }
    )


def test_an_expired_token_is_renewed_and_the_call_made_again(source: Connect) -> None:
    answers = [refusal(40102), pair(1), envelope([row("2026-03-01")])]
    with StubServer(answers) as server:
        made = source(server.url)
        assert len(records(fetch(made, "ad_daily"))) == 1
        asked = server.asked
    assert [each.path for each in asked] == [REPORT, REFRESH, REPORT]
    assert json.loads(asked[1].body) == {
        "app_id": "1800000000",
        "secret": "the-app-secret",
        "grant_type": "refresh_token",
        "refresh_token": "the-first-refresh",
    }
    assert asked[2].headers["access-token"] == "access-number-1"


def test_the_next_process_uses_the_renewed_pair(source: Connect) -> None:
    with StubServer([refusal(40102), pair(1), envelope([])]) as server:
        fetch(source(server.url), "ad_daily")
        fetch(source(server.url), "ad_daily")
        assert server.asked[-1].headers["access-token"] == "access-number-1"


def test_a_token_is_renewed_before_it_expires(source: Connect) -> None:
    with StubServer([refusal(40102), pair(1), envelope([]), pair(2), envelope([])]) as server:
        fetch(source(server.url, now="2026-03-10T08:00"), "ad_daily")
        fetch(source(server.url, now="2026-03-11T07:55"), "ad_daily")
        asked = server.asked[3:]
    assert [each.path for each in asked] == [REFRESH, REPORT]
    assert json.loads(asked[0].body)["refresh_token"] == "refresh-number-1"


def test_a_connection_without_an_access_token_begins_with_a_renewal(source: Connect) -> None:
    with StubServer([pair(1), envelope([])]) as server:
        fetch(source(server.url, pair={**PAIR, "access_token": ""}), "ad_daily")
        assert [each.path for each in server.asked] == [REFRESH, REPORT]


def test_a_new_token_that_is_refused_too_ends_it(source: Connect) -> None:
    with StubServer([refusal(40102), pair(1), refusal(40102)]) as server:
        with pytest.raises(AuthError, match="though its token is new") as caught:
            fetch(source(server.url), "ad_daily")
        assert len(server.asked) == 3
    assert type(caught.value) is AuthError


def test_an_expired_refresh_token_says_so_and_what_to_do(source: Connect) -> None:
    with StubServer([refusal(40102), refusal(40103)]) as server:
        with pytest.raises(AuthError, match=r"refresh token expired.*authorise the app again"):
            fetch(source(server.url), "ad_daily")


def test_a_lost_answer_of_a_renewal_says_that_the_pair_may_be_lost(source: Connect) -> None:
    cut = Answer(b'{"code":0,"data":{"access', content_length=300, cut_at=20)
    with StubServer([refusal(40102), cut, refusal(40107)]) as server:
        with pytest.raises(AuthError, match=r"an earlier try brought no answer.*authorise the app"):
            fetch(source(server.url), "ad_daily")


def test_no_token_is_seen_in_texts_or_logs(
    source: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG", logger="desilo")
    told = "access-number-1 refresh-number-1 the-first-refresh the-app-secret"
    with StubServer([refusal(40102), pair(1), refusal(40001, told)]) as server:
        with pytest.raises(BadRequestError) as caught:
            fetch(source(server.url), "ad_daily")
    shown = f"{caught.value} {caplog.text} {caught.value.__cause__!r}"
    assert not [secret for secret in told.split() if secret in shown]
