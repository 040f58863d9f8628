"""Google Ads: OAuth, the streamed array, errors in an array or an object, and the sunset."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from desilo.sources import Source, google_ads
from desilo.sources.google_ads import json_array, judge
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
EMPTY = [{"fieldMask": "campaign.id", "requestId": "r"}]


def row(day: str, campaign: str = "7") -> dict[str, Any]:
    return {
        "campaign": {"resourceName": f"customers/2/campaigns/{campaign}", "id": campaign},
        "metrics": {"costMicros": "36150000", "conversions": 0.5, "conversionsValue": 12.5},
        "segments": {"date": day},
    }


def failure(status: int, grpc: str, family: str = "", name: str = "", **more: Any) -> Any:
    failures = [{"errorCode": {family: name}, "message": "why", **more}] if family else []
    details = [{"@type": "GoogleAdsFailure", "errors": failures, "requestId": "xyz"}]
    return {"error": {"code": status, "message": "outer", "status": grpc, "details": details}}


class Google:
    """Answers token requests by itself (tok-1, tok-2, ...) and queries from a list."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers)
        self.tokens = 0
        self.queries: list[Asked] = []

    def __call__(self, asked: Asked) -> Answer:
        if asked.path == "/token":
            self.tokens += 1
            return Answer({"access_token": f"tok-{self.tokens}", "expires_in": 3599})
        self.queries.append(asked)
        return self.answers[min(len(self.queries), len(self.answers)) - 1]


def wire(connect: Connect, server: StubServer, **options: Any) -> Source:
    extra = {
        "client_id": "ci",
        "client_secret": "the-client-secret",
        "refresh_token": "the-refresh-token",
        "token_url": f"{server.url}/token",
        "login_customer_id": "111-222-3333",
    }
    return connect("google_ads", server.url, extra=extra, **options)


def fetch(source: Source, stream: str, since: date = MARCH_1, until: date = MARCH_2) -> list[Any]:
    return list(source.fetch(source.stream(stream), "2000000001", since, until))


def test_one_query_a_stream_with_days_and_manager(connect: Connect) -> None:
    google = Google(Answer([{"results": [row("2026-03-01"), row("2026-03-02")]}]))
    with StubServer(google) as server:
        pages = fetch(wire(connect, server), "campaign_daily")
    asked = google.queries[0]
    assert asked.path == "/v26/customers/2000000001/googleAds:searchStream"
    assert asked.headers["authorization"] == "Bearer tok-1"
    assert asked.headers["login-customer-id"] == "1112223333"
    assert "developer-token" not in asked.headers
    query = json.loads(asked.body)["query"]
    assert query.endswith("FROM campaign WHERE segments.date BETWEEN '2026-03-01' AND '2026-03-02'")
    assert "metrics.conversions_value" in query
    assert [(day, json.loads(text)) for day, text in pages[0].rows] == [
        ("2026-03-01", row("2026-03-01")), ("2026-03-02", row("2026-03-02")),
    ]  # fmt: skip
    assert pages[-1].covers == (MARCH_1, MARCH_2)


def test_batches_are_pages_and_the_last_one_covers(connect: Connect) -> None:
    batches = [{"results": [row("2026-03-01", str(n))]} for n in range(3)]
    with StubServer(Google(Answer([*batches, *EMPTY]))) as server:
        pages = fetch(wire(connect, server), "campaign_daily")
    assert [len(page.rows) for page in pages] == [1, 1, 1, 0]
    assert [bool(page.covers) for page in pages] == [False, False, False, True]


@pytest.mark.parametrize("body", [[], EMPTY])
def test_no_rows_are_covered_and_empty(connect: Connect, body: Any) -> None:
    with StubServer(Google(Answer(body))) as server:
        pages = fetch(wire(connect, server), "ad_daily")
    assert [(page.rows, page.covers) for page in pages] == [([], (MARCH_1, MARCH_2))]


def test_snapshots_have_no_days(connect: Connect) -> None:
    google = Google(Answer([{"results": [{"customer": {"id": "2000000001"}}]}]))
    with StubServer(google) as server:
        source = wire(connect, server)
        for stream in ("accounts", "campaigns", "ad_groups", "ads"):
            pages = fetch(source, stream)
            assert pages[-1].covers == (MARCH_2,)
            assert "segments" not in json.loads(google.queries[-1].body)["query"]


EXPIRED = Answer(failure(401, "UNAUTHENTICATED", "authenticationError", "OAUTH_TOKEN_EXPIRED"), 401)


def test_a_token_that_expires_in_the_middle_is_renewed_once(connect: Connect) -> None:
    google = Google(Answer([{"results": [row("2026-03-01")]}]), EXPIRED, Answer(EMPTY))
    with StubServer(google) as server:
        source = wire(connect, server)
        fetch(source, "campaign_daily")
        pages = fetch(source, "campaign_daily")
    assert pages[-1].covers == (MARCH_1, MARCH_2)
    assert google.tokens == 2
    assert google.queries[-1].headers["authorization"] == "Bearer tok-2"


def test_a_token_refused_twice_is_an_auth_error(connect: Connect) -> None:
    google = Google(EXPIRED)
    with StubServer(google) as server, pytest.raises(AuthError, match="OAUTH_TOKEN_EXPIRED"):
        fetch(wire(connect, server), "campaign_daily")
    assert len(google.queries) == 2


def test_a_missing_permission_does_not_renew_the_token(connect: Connect) -> None:
    refused = failure(403, "PERMISSION_DENIED", "authorizationError", "USER_PERMISSION_DENIED")
    google = Google(Answer([refused], status=403))
    with StubServer(google) as server, pytest.raises(AuthError, match="USER_PERMISSION_DENIED"):
        fetch(wire(connect, server), "campaign_daily")
    assert google.tokens == 1


def test_a_withdrawn_refresh_token_is_an_auth_error_without_secrets(connect: Connect) -> None:
    def answer(asked: Asked) -> Answer:
        return Answer({"error": "invalid_grant", "error_description": asked.body.decode()}, 400)

    with StubServer(answer) as server, pytest.raises(AuthError, match="invalid_grant") as caught:
        fetch(wire(connect, server), "campaign_daily")
    assert "the-refresh-token" not in str(caught.value)
    assert "the-client-secret" not in str(caught.value)
    assert len(server.asked) == 1


def test_missing_credentials_are_named(connect: Connect) -> None:
    source = connect("google_ads", "http://127.0.0.1:9", extra={"client_id": "ci"})
    with pytest.raises(AuthError, match="lacks client_secret, refresh_token"):
        fetch(source, "accounts")


def test_an_array_cut_in_the_middle_is_fetched_again_before_a_row_leaves(connect: Connect) -> None:
    whole = json.dumps([{"results": [row("2026-03-01", str(n))]} for n in range(4)]).encode()
    google = Google(Answer(whole[: len(whole) // 2]), Answer(whole[:-1]), Answer(whole))
    with StubServer(google) as server:
        pages = fetch(wire(connect, server), "campaign_daily")
    ids = [json.loads(text)["campaign"]["id"] for page in pages for _, text in page.rows]
    assert ids == ["0", "1", "2", "3"]


def test_an_error_after_rows_in_the_same_stream_gives_no_rows(
    connect: Connect, naps: list[float]
) -> None:
    broken = [{"results": [row("2026-03-01")]}, failure(503, "UNAVAILABLE")]
    google = Google(Answer(broken), Answer([{"results": [row("2026-03-01")]}]))
    with StubServer(google) as server:
        pages = fetch(wire(connect, server), "campaign_daily")
    assert sum(len(page.rows) for page in pages) == 1
    assert naps == [2]


def test_throttle_waits_for_the_retry_delay(connect: Connect, naps: list[float]) -> None:
    limited = failure(
        429, "RESOURCE_EXHAUSTED", "quotaError", "RESOURCE_EXHAUSTED",
        details={"quotaErrorDetails": {"rateScope": "DEVELOPER", "retryDelay": "27s"}},
    )  # fmt: skip
    google = Google(Answer(limited, 429), Answer([limited], 429), Answer(EMPTY))
    with StubServer(google) as server:
        fetch(wire(connect, server), "campaign_daily")
    assert naps == [27, 27]


def test_a_day_of_quota_is_not_waited_for(connect: Connect, naps: list[float]) -> None:
    limited = failure(
        429, "RESOURCE_EXHAUSTED", "quotaError", "RESOURCE_EXHAUSTED",
        details={"quotaErrorDetails": {"retryDelay": "41000s"}},
    )  # fmt: skip
    with StubServer(Google(Answer(limited, 429))) as server:
        with pytest.raises(ThrottledError) as caught:
            fetch(wire(connect, server), "campaign_daily")
    assert caught.value.wait_s == 41000
    assert naps == []


@pytest.mark.parametrize(
    "refusal", [Answer(b"", 413), Answer(failure(504, "DEADLINE_EXCEEDED"), 504)]
)
def test_too_big_halves_the_days(connect: Connect, refusal: Answer) -> None:
    google = Google(refusal, Answer(EMPTY))
    with StubServer(google) as server:
        pages = fetch(wire(connect, server), "campaign_daily")
    assert [page.covers for page in pages] == [(MARCH_1,), (MARCH_2,)]


def test_a_deadline_at_one_day_is_tried_again(connect: Connect, naps: list[float]) -> None:
    google = Google(Answer(failure(504, "DEADLINE_EXCEEDED"), 504), Answer(EMPTY))
    with StubServer(google) as server:
        pages = fetch(wire(connect, server), "campaign_daily", MARCH_1, MARCH_1)
    assert pages[-1].covers == (MARCH_1,)
    assert naps == [2]


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (404, b"<html>Error 404</html>", VersionSunsetError),
        (404, json.dumps(failure(404, "NOT_FOUND")).encode(), VersionSunsetError),
        (
            400,
            failure(400, "INVALID_ARGUMENT", "requestError", "UNSUPPORTED_VERSION"),
            VersionSunsetError,
        ),
        (
            400,
            failure(400, "INVALID_ARGUMENT", "queryError", "UNRECOGNIZED_FIELD"),
            BadRequestError,
        ),
        (400, [failure(400, "INVALID_ARGUMENT", "queryError", "BAD_FIELD_NAME")], BadRequestError),
        (
            403,
            failure(403, "PERMISSION_DENIED", "authorizationError", "CUSTOMER_NOT_ENABLED"),
            AuthError,
        ),
        (
            429,
            failure(429, "RESOURCE_EXHAUSTED", "quotaError", "RESOURCE_TEMPORARILY_EXHAUSTED"),
            ThrottledError,
        ),
        (500, failure(500, "INTERNAL", "internalError", "TRANSIENT_ERROR"), TransientError),
        (503, failure(503, "UNAVAILABLE"), TransientError),
        (504, b"upstream request timeout", TransientError),
        (413, b"", TooBigError),
    ],
)
def test_errors(status: int, body: Any, expected: type[SourceError]) -> None:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    with pytest.raises(expected) as caught:
        judge(Reply(status, {}, raw, "POST /x"))
    assert type(caught.value) is expected


@pytest.mark.parametrize("window", [1, 3, 64])
def test_array_is_read_through_a_window_of_any_size(
    monkeypatch: pytest.MonkeyPatch, window: int
) -> None:
    monkeypatch.setattr(google_ads, "READ_BYTES", window)
    value = [{"a": 'ü] , [\\"'}, [], 12.25, 7, "x", None, {"long": "y" * 500}]
    text = "\ufeff " + json.dumps(value, ensure_ascii=False, indent=2) + " \n"
    assert list(json_array(io.BytesIO(text.encode()), "X")) == value


@pytest.mark.parametrize(
    "text", ["", "{}", "[", "[1", "[1,", "[1 2]", "[1,]", "[1] 2", "[1]]", '["a', "nonsense"]
)
def test_what_is_no_array_is_malformed(text: str) -> None:
    with pytest.raises(MalformedResponseError):
        list(json_array(io.BytesIO(text.encode()), "X"))
