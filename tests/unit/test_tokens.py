"""Rotating tokens: stored before they are used, renewed by one at a time, never seen by others."""

from __future__ import annotations

import json
import stat
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from desilo import durable
from desilo.source_errors import AuthError, TransientError
from desilo.tokens import LOCK_WAIT_S, Grant, RotatingTokens

NOON = datetime(2026, 4, 1, 12, tzinfo=UTC)
DAY_S, MONTH_S = 86_400.0, 30 * 86_400.0


class Platform:
    """Gives the next pair for the refresh token in force, and refuses every other."""

    def __init__(self) -> None:
        self.number = 0
        self.now = NOON
        self.asked: list[str] = []
        self.hidden: set[str] = set()
        self._alone = threading.Lock()

    def refresh(self, given: str) -> Grant:
        assert self._alone.acquire(blocking=False), "two renewals at once"
        try:
            self.asked.append(given)
            if given != f"refresh-{self.number}":
                raise AuthError("refresh token is invalid")
            self.number += 1
            return Grant(f"access-{self.number}", f"refresh-{self.number}", DAY_S, MONTH_S)
        finally:
            self._alone.release()

    def tokens(self, access: str = "access-0", lock_wait_s: float = LOCK_WAIT_S) -> RotatingTokens:
        """The tokens as one process holds them."""
        return RotatingTokens(
            "fake",
            access_token=access,
            refresh_token="refresh-0",
            refresh=self.refresh,
            clock=lambda: self.now,
            hide=lambda *tokens: self.hidden.update(tokens),
            lock_wait_s=lock_wait_s,
        )


@pytest.fixture
def platform(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Platform:
    monkeypatch.setenv("DESILO_HOME", str(tmp_path))
    monkeypatch.delenv("DESILO_CRASH_AT", raising=False)
    return Platform()


def test_the_pair_of_the_connection_is_used_until_the_platform_refuses_it(
    platform: Platform,
) -> None:
    tokens = platform.tokens()
    assert tokens.access() == "access-0"
    assert not tokens.path.exists()
    assert tokens.after_refusal("access-0", is_expired=True) == "access-1"
    assert platform.tokens().access() == "access-1"


def test_a_pair_is_renewed_by_the_clock_shortly_before_it_expires(platform: Platform) -> None:
    tokens = platform.tokens(access="")
    assert tokens.access() == "access-1"
    platform.now = NOON + timedelta(hours=23, minutes=49)
    assert tokens.access() == "access-1"
    platform.now = NOON + timedelta(hours=23, minutes=50)
    assert tokens.access() == "access-2"
    assert platform.asked == ["refresh-0", "refresh-1"]


def test_a_clock_that_goes_back_or_ahead_does_not_end_the_authorisation(
    platform: Platform,
) -> None:
    tokens = platform.tokens(access="")
    tokens.access()
    platform.now = NOON - timedelta(days=3)
    assert tokens.access() == "access-1"
    assert tokens.after_refusal("access-1", is_expired=True) == "access-2"
    platform.now = NOON + timedelta(days=60)  # the platform is the judge of its tokens, not we
    assert tokens.access() == "access-3"


def test_everybody_who_finds_it_expired_at_once_shares_one_renewal(platform: Platform) -> None:
    platform.tokens(access="").access()
    platform.now = NOON + timedelta(days=1)
    start = threading.Barrier(8)

    def use(_: int) -> str:
        tokens = platform.tokens()
        start.wait()
        return tokens.access()

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(use, range(8))) == {"access-2"}
    assert platform.asked == ["refresh-0", "refresh-1"]


def test_a_token_that_somebody_else_replaced_is_not_renewed_again(platform: Platform) -> None:
    tokens = platform.tokens()
    platform.tokens().after_refusal("access-0", is_expired=True)
    assert tokens.after_refusal("access-0", is_expired=False) == "access-1"
    assert tokens.after_refusal("access-0", is_expired=True) == "access-1"
    assert platform.asked == ["refresh-0"]


def test_a_withdrawn_access_is_an_error_and_spends_no_refresh_token(platform: Platform) -> None:
    with pytest.raises(AuthError, match="withdrawn; authorise the app again"):
        platform.tokens().after_refusal("access-0", is_expired=False)
    assert platform.asked == []


def test_a_refusal_after_an_interrupted_renewal_tells_of_it(platform: Platform) -> None:
    genuine = platform.refresh

    def killed(given: str) -> Grant:
        genuine(given)
        raise KeyboardInterrupt

    platform.refresh = killed  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        platform.tokens().after_refusal("access-0", is_expired=True)
    platform.refresh = genuine  # type: ignore[method-assign]
    with pytest.raises(AuthError, match=r"interrupted before.*stored.*authorise the app again"):
        platform.tokens().after_refusal("access-0", is_expired=False)


def test_a_renewal_that_never_reached_the_platform_is_made_up_for(platform: Platform) -> None:
    genuine = platform.refresh

    def unreachable(given: str) -> Grant:
        raise TransientError("no answer")

    platform.refresh = unreachable  # type: ignore[method-assign]
    with pytest.raises(TransientError):
        platform.tokens(access="").access()
    platform.refresh = genuine  # type: ignore[method-assign]
    assert platform.tokens(access="").access() == "access-1"


def test_the_new_pair_is_stored_before_anybody_has_it(platform: Platform) -> None:
    tokens = platform.tokens(access="")
    before: list[str] = []
    genuine = platform.refresh

    def refresh(given: str) -> Grant:
        before.append(json.loads(tokens.path.read_text())["asked_at"])
        return genuine(given)

    platform.refresh = refresh  # type: ignore[method-assign]
    tokens = platform.tokens(access="")
    access = tokens.access()
    assert before == [NOON.isoformat()]
    stored = json.loads(tokens.path.read_text())
    assert (stored["access_token"], stored["asked_at"]) == (access, "")
    assert {"access-1", "refresh-1", "refresh-0"} <= platform.hidden


def test_a_store_that_cannot_be_written_stops_before_the_old_pair_is_spent(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, content: bytes, mode: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(durable, "write_file", full)
    with pytest.raises(OSError, match="No space"):
        platform.tokens(access="").access()
    assert platform.asked == []


def test_only_the_owner_can_read_the_store(platform: Platform, tmp_path: Path) -> None:
    tokens = platform.tokens(access="")
    tokens.access()
    assert stat.S_IMODE(tokens.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(tokens.path.parent.stat().st_mode) == 0o700
    assert tokens.path.parent == tmp_path / "tokens"


def test_a_store_that_others_could_read_is_closed_and_told(
    platform: Platform, caplog: pytest.LogCaptureFixture
) -> None:
    tokens = platform.tokens(access="")
    tokens.access()
    tokens.path.chmod(0o644)
    assert tokens.access() == "access-1"
    assert stat.S_IMODE(tokens.path.stat().st_mode) == 0o600
    assert "others could read" in caplog.text


@pytest.mark.parametrize("damage", ["cut", "edited", "emptied", "a list", "a field more"])
def test_a_store_that_was_changed_is_refused_and_named(platform: Platform, damage: str) -> None:
    tokens = platform.tokens(access="")
    tokens.access()
    text = tokens.path.read_text()
    tokens.path.write_text(
        {
            "cut": text[: len(text) // 2],
            "edited": text.replace("refresh-1", "refresh-9"),
            "emptied": "",
            "a list": "[]",
            "a field more": json.dumps({**json.loads(text), "more": "1"}),
        }[damage]
    )
    with pytest.raises(AuthError, match="damaged or was changed by hand") as caught:
        tokens.access()
    assert str(tokens.path) in str(caught.value)
    assert "refresh-9" not in str(caught.value)


def test_a_refresh_token_that_expired_says_when(platform: Platform) -> None:
    tokens = platform.tokens(access="")
    tokens.access()
    platform.now, platform.number = NOON + timedelta(days=31), 7
    with pytest.raises(AuthError, match=r"expired at 2026-05-01T12:00.*authorise the app again"):
        tokens.access()


def test_a_pair_spent_elsewhere_names_the_store(platform: Platform) -> None:
    platform.number = 3
    with pytest.raises(AuthError, match="spent elsewhere or withdrawn") as caught:
        platform.tokens(access="").access()
    assert "tokens/fake-" in str(caught.value)


def test_a_connection_that_was_authorised_again_begins_a_store_of_its_own(
    platform: Platform,
) -> None:
    old = platform.tokens(access="")
    old.access()
    again = RotatingTokens(
        "fake", access_token="access-x", refresh_token="refresh-x", refresh=platform.refresh,
        clock=lambda: NOON, hide=lambda *_: None,
    )  # fmt: skip
    assert again.access() == "access-x"
    assert again.path != old.path
    assert "refresh-x" not in again.path.name


def test_a_connection_without_a_refresh_token_is_an_auth_error(platform: Platform) -> None:
    tokens = RotatingTokens(
        "fake", access_token="", refresh_token="", refresh=platform.refresh,
        clock=lambda: NOON, hide=lambda *_: None,
    )  # fmt: skip
    with pytest.raises(AuthError, match="holds no refresh_token"):
        tokens.access()


def test_a_renewal_that_does_not_end_is_tried_again_later(platform: Platform) -> None:
    tokens = platform.tokens(access="", lock_wait_s=0)
    with durable.lock(tokens.path.with_suffix(".lock"), what="it", wait_s=0):
        with pytest.raises(TransientError, match="in use by process"):
            tokens.access()
    assert tokens.access() == "access-1"
