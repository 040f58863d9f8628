"""The transport's classes of failure, its waits and its silence about secrets, over real HTTP."""

from __future__ import annotations

import io
import logging
import traceback
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from typing import IO

import pytest

from desilo.transport import (
    AuthError,
    BadRequestError,
    HeaderAuth,
    HttpSession,
    MalformedResponseError,
    Reply,
    SourceError,
    ThrottledError,
    TooBigError,
    TransientError,
    VersionSunsetError,
    check_zip,
    retry_after_s,
)
from tests.unit.sources.stub_server import Answer, Asked, StubServer

OK = Answer({"fine": True})


class Sleeper:
    """Stands in for time.sleep and remembers how long it would have slept."""

    def __init__(self) -> None:
        self.waits: list[float] = []

    def __call__(self, seconds: float) -> None:
        self.waits.append(seconds)


def session(sleeper: Sleeper | None = None, **options: object) -> HttpSession:
    return HttpSession("test", sleep=sleeper or Sleeper(), **options)  # type: ignore[arg-type]


def call(server: StubServer, http: HttpSession, **options: object) -> Reply:
    return http.call("GET", f"{server.url}/things", **options)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (Answer(status=500), TransientError),
        (Answer(status=503), TransientError),
        (Answer(status=408), TransientError),
        (Answer(status=302, headers={"Location": "http://elsewhere.invalid/"}), TransientError),
        (Answer(status=429, headers={"Retry-After": "999999"}), ThrottledError),
        (Answer(status=413), TooBigError),
        (Answer(status=401), AuthError),
        (Answer(status=403), AuthError),
        (Answer(status=400), BadRequestError),
        (Answer(status=404), BadRequestError),
        (Answer(status=410), VersionSunsetError),
        (Answer(status=301, headers={"Location": "http://elsewhere.invalid/"}), BadRequestError),
    ],
)
def test_each_status_ends_in_its_class(answer: Answer, expected: type[SourceError]) -> None:
    with StubServer([answer]) as server, pytest.raises(expected) as caught:
        call(server, session(attempts=2))
    assert type(caught.value) is expected


def test_transient_failures_are_retried_with_growing_pauses() -> None:
    sleeper = Sleeper()
    with StubServer([Answer(status=500), Answer(status=502), Answer(status=504), OK]) as server:
        assert call(server, session(sleeper)).json == {"fine": True}
    assert sleeper.waits == [2, 4, 8]


def test_transient_failures_end_after_the_last_attempt() -> None:
    sleeper = Sleeper()
    with StubServer([Answer(status=500)]) as server:
        with pytest.raises(TransientError):
            call(server, session(sleeper, attempts=3))
        assert len(server.asked) == 3
    assert sleeper.waits == [2, 4]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413])
def test_what_cannot_heal_is_asked_once(status: int) -> None:
    sleeper = Sleeper()
    with StubServer([Answer(status=status)]) as server:
        with pytest.raises(SourceError):
            call(server, session(sleeper))
        assert len(server.asked) == 1
    assert sleeper.waits == []


def test_throttle_waits_as_long_as_the_server_says() -> None:
    sleeper = Sleeper()
    answers = [Answer(status=429, headers={"Retry-After": "27"}), OK]
    with StubServer(answers) as server:
        assert call(server, session(sleeper)).json == {"fine": True}
    assert sleeper.waits == [27]


def test_throttle_is_not_limited_by_the_number_of_attempts() -> None:
    sleeper = Sleeper()
    answers = [Answer(status=429, headers={"Retry-After": "3"})] * 7 + [OK]
    with StubServer(answers) as server:
        assert call(server, session(sleeper, attempts=2)).json == {"fine": True}
    assert sleeper.waits == [3] * 7


def test_throttle_beyond_the_budget_is_raised_without_waiting() -> None:
    sleeper = Sleeper()
    with StubServer([Answer(status=429, headers={"Retry-After": "3600"})]) as server:
        with pytest.raises(ThrottledError) as caught:
            call(server, session(sleeper, max_wait_s=600))
    assert caught.value.wait_s == 3600
    assert sleeper.waits == []


def test_budget_spans_the_session_not_the_call() -> None:
    sleeper = Sleeper()
    throttled = Answer(status=429, headers={"Retry-After": "40"})
    with StubServer([throttled, OK, throttled, OK]) as server:
        http = session(sleeper, max_wait_s=60)
        call(server, http)
        with pytest.raises(ThrottledError):
            call(server, http)
    assert sleeper.waits == [40]


def test_a_pause_never_exceeds_what_is_left_of_the_budget() -> None:
    sleeper = Sleeper()
    http = session(sleeper, max_wait_s=100)
    http.pause(70, "quota")
    http.pause(70, "quota")
    http.pause(70, "quota")
    assert sleeper.waits == [70, 30]


def test_retry_after_understands_seconds_dates_and_nonsense() -> None:
    now = datetime(2026, 3, 31, 12, 0, tzinfo=UTC)
    assert retry_after_s({"retry-after": "12"}) == 12
    assert retry_after_s({"retry-after": "Tue, 31 Mar 2026 12:01:30 GMT"}, now) == 90
    assert retry_after_s({"retry-after": "Tue, 31 Mar 2026 11:00:00 GMT"}, now) == 0
    assert retry_after_s({"retry-after": "soon"}) is None
    assert retry_after_s({}) is None


DAMAGED = {
    "cut stream": Answer(b'{"a": 1, "b": 2}', cut_at=7),
    "length announced too long": Answer(b'{"a": 1}', content_length=4000),
    "length announced too short": Answer(b'{"a": 1}', content_length=5),
    "HTML with 200": Answer(b"<html>sign in</html>", headers={"Content-Type": "text/html"}),
    "HTML called JSON": Answer(b"\n <!doctype html><p>maintenance"),
    "invalid JSON": Answer(b'{"a": NaN,}'),
    "empty body": Answer(b""),
}


def parsed(reply: Reply) -> None:
    assert reply.json is not None


@pytest.mark.parametrize("name", DAMAGED)
def test_damaged_answer_is_asked_for_again(name: str) -> None:
    with StubServer([DAMAGED[name], DAMAGED[name], OK]) as server:
        assert call(server, session(), judge=parsed).json == {"fine": True}
        assert len(server.asked) == 3


@pytest.mark.parametrize("name", DAMAGED)
def test_damaged_answer_is_raised_as_malformed_in_the_end(name: str) -> None:
    with StubServer([DAMAGED[name]]) as server, pytest.raises(MalformedResponseError):
        call(server, session(attempts=2), judge=parsed)


def test_no_connection_is_transient() -> None:
    with StubServer([OK]) as server:
        gone = server.url
    with pytest.raises(TransientError, match="no answer"):
        session(attempts=2).call("GET", f"{gone}/things")


def test_silence_is_transient() -> None:
    with StubServer([Answer(b"{}", content_length=50)]) as server:
        http = session(attempts=1, timeout=(1, 0.05))
        with pytest.raises(TransientError):
            call(server, http)


def zipped(**members: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


@pytest.mark.parametrize(
    "damage",
    [
        lambda whole: Answer(whole[:-30]),
        lambda whole: Answer(whole, cut_at=40),
        lambda whole: Answer(whole.replace(b"hello", b"hallo")),
        lambda whole: Answer(b""),
        lambda whole: Answer(b"<html>", headers={"Content-Type": "text/html"}),
    ],
    ids=["truncated", "cut", "bit rot", "nothing", "HTML"],
)
def test_download_hands_out_only_a_whole_zip(damage: Callable[[bytes], Answer]) -> None:
    whole = zipped(a=b"hello" * 10)
    with StubServer([damage(whole), Answer(whole)]) as server:
        download = session().download("GET", f"{server.url}/zip", check=check_zip)
        with download as (spool, _):
            assert spool.read() == whole
        assert len(server.asked) == 2


def test_download_of_a_refusal_is_judged_by_its_text() -> None:
    def check(spool: IO[bytes], reply: Reply) -> None:
        raise AssertionError("a refusal has nothing to check")

    refused = Answer("no such project", status=400)
    with StubServer([refused]) as server, pytest.raises(BadRequestError, match="no such project"):
        with session().download("GET", f"{server.url}/zip", check=check):
            pass


SECRET = "s3cr3t-token-value"


def refuse(request: Asked) -> Answer:
    """A server that repeats what it was given, as careless servers do."""
    return Answer({"oops": request.headers["authorization"]}, status=int(request.path[1:]))


@pytest.mark.parametrize("status", [400, 401, 429, 500])
def test_secrets_stay_out_of_errors_logs_and_request_lines(
    status: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with StubServer(refuse) as server:
        http = session(attempts=2, max_wait_s=100)
        http.hide(SECRET)
        with pytest.raises(SourceError) as caught:
            http.call(
                "GET", f"{server.url}/{status}", params={"since": "2026-03-01"},
                auth=HeaderAuth({"Authorization": f"Bearer {SECRET}"}),
            )  # fmt: skip
    shown = "".join(traceback.format_exception(caught.value))
    assert "since=2026-03-01" in str(caught.value)
    assert SECRET not in shown + caplog.text


def test_connection_errors_do_not_quote_the_query(caplog: pytest.LogCaptureFixture) -> None:
    with StubServer([OK]) as server:
        gone = server.url
    caplog.set_level(logging.INFO)
    with pytest.raises(TransientError) as caught:
        session(attempts=2).call("GET", f"{gone}/x", params={"access_token": SECRET})
    error: BaseException | None = caught.value
    while error:
        assert SECRET not in str(error)
        error = error.__cause__ or error.__context__
    assert SECRET not in caplog.text


def test_request_line_hides_telling_parameters_and_the_host() -> None:
    line = session().describe(
        "GET", "https://user:pw@host.invalid/v1/x", {"b": "2", "access_token": "abc", "a": "1"}
    )
    assert line == "GET /v1/x?a=1&access_token=***&b=2"


def test_a_proxy_of_the_machine_is_not_used_for_the_machine_itself(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    with StubServer([OK]) as server:
        assert call(server, session(attempts=1)).json == {"fine": True}
