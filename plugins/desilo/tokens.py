"""Tokens that rotate: a short access token, and a refresh token whose use ends the pair before it.

The new pair exists once, in the platform's answer. So it is stored before it is used, under a lock
that every process of this house takes, in a file of its own:

1. take the lock and read the store: somebody else may have renewed the pair in the meantime;
2. write down that the platform is about to be asked. A disk that is full or read-only stops here,
   while the old pair still lives;
3. ask the platform; 4. write the new pair beside the file, flush it, rename it.

A process killed before 3 has lost nothing, one killed after the flush in 4 neither: the next one
finds the complete pair beside the store and takes it. What remains is the moment between the
platform's answer and that flush. It cannot be closed from this side; the next refresh is then
refused, and the error says what happened and that a person has to authorise the app again.

The store lies below ``DESILO_HOME/tokens``, readable by its owner only. Its name is drawn from the
refresh token in the connection: a connection that was authorised again starts a store of its own.
Two houses (homes) that share one authorisation end each other's pair: give each its own.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import stat
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from desilo import durable, settings
from desilo.source_errors import AuthError, TransientError

log = logging.getLogger(__name__)

REFRESH_EARLY = timedelta(minutes=10)
"""An access token with less than this left is renewed before it is used."""
LOCK_WAIT_S = 300.0
FILE_MODE = 0o600
AGAIN = "authorise the app again and put the new access_token and refresh_token into the connection"


@dataclass(frozen=True)
class Grant:
    """What a platform's token endpoint answers; lives are in seconds."""

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    access_life_s: float
    refresh_life_s: float


@dataclass(frozen=True)
class _Pair:
    """A pair as it is stored. Instants are ISO text; "" where nobody knows, as of a pair that a
    person put into the connection. `asked_at` is set while a refresh is under way."""

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    number: int = 0
    access_until: str = ""
    refresh_until: str = ""
    asked_at: str = ""


class RotatingTokens:
    """The pair of one authorisation, shared by every process that uses it.

    Args:
        name: the platform, for file names and texts.
        access_token, refresh_token: the pair in the connection, with which it began. Without an
            access token the first use renews.
        refresh: trades a refresh token for a grant; AuthError when the platform refuses it.
        clock: the current instant (aware, UTC).
        hide: gets every token before it is used, to blank it out of texts.
    """

    def __init__(
        self,
        name: str,
        *,
        access_token: str,
        refresh_token: str,
        refresh: Callable[[str], Grant],
        clock: Callable[[], datetime],
        hide: Callable[..., None],
        lock_wait_s: float = LOCK_WAIT_S,
    ) -> None:
        self._name = name
        self._first = _Pair(access_token, refresh_token)
        self._refresh = refresh
        self._clock = clock
        self._hide = hide
        self._lock_wait_s = lock_wait_s
        digest = hashlib.sha256(refresh_token.encode()).hexdigest()[:16]
        self.path = settings.home() / "tokens" / f"{name}-{digest}.json"

    def access(self) -> str:
        """An access token that is good as far as the clock knows, renewed where it is not."""
        held = self._read()
        return (self._renewed(held) if self._is_over(held) else held).access_token

    def after_refusal(self, refused: str, *, is_expired: bool) -> str:
        """Another access token in place of one that the platform refused.

        Raises:
            AuthError: there is none: the pair in force was refused, and not because of its age.
        """
        return self._renewed(replace(self._first, access_token=refused), is_expired).access_token

    def _renewed(self, used: _Pair, may_ask: bool = True) -> _Pair:
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            with durable.lock(
                self.path.with_suffix(".lock"),
                what=f"the refresh of {self._name}'s tokens",
                wait_s=self._lock_wait_s,
            ):
                self._recover()
                held = self._read()
                is_other = held.access_token != used.access_token
                if is_other and not self._is_over(held):
                    return held  # somebody else was faster
                # A refusal after an interrupted refresh may mean that the pair was replaced: ask.
                if not (may_ask or is_other or held.asked_at):
                    raise AuthError(f"{self._name}: the access was withdrawn; {AGAIN}")
                return self._rotated(held)
        except durable.BusyError as error:
            raise TransientError(f"{self._name}: {error}") from None

    def _rotated(self, held: _Pair) -> _Pair:
        if not held.refresh_token:
            raise AuthError(f"{self._name}: the connection holds no refresh_token; {AGAIN}")
        now = self._clock()
        self._write(replace(held, asked_at=held.asked_at or now.isoformat()))
        try:
            grant = self._refresh(held.refresh_token)
        except AuthError as error:
            raise AuthError(f"{error}; {self._why(held, now)}; {AGAIN}") from None
        self._hide(grant.access_token, grant.refresh_token)
        pair = _Pair(
            grant.access_token,
            grant.refresh_token,
            held.number + 1,
            (now + timedelta(seconds=grant.access_life_s)).isoformat(),
            (now + timedelta(seconds=grant.refresh_life_s)).isoformat(),
        )
        self._write(pair)
        log.info("%s: new tokens, good until %s", self._name, pair.access_until)
        return pair

    def _why(self, held: _Pair, now: datetime) -> str:
        """Why the platform probably refused the refresh token that we hold."""
        if held.refresh_until and datetime.fromisoformat(held.refresh_until) <= now:
            return f"the refresh token expired at {held.refresh_until}"
        if held.asked_at:
            return (
                f"the refresh of {held.asked_at} was interrupted before its answer was stored, "
                "and the new pair in it is lost"
            )
        return f"it was spent elsewhere or withdrawn (store {self.path})"

    def _is_over(self, pair: _Pair) -> bool:
        if not pair.access_token:
            return True
        if not pair.access_until:
            return False  # nobody knows: the platform will say
        return datetime.fromisoformat(pair.access_until) - REFRESH_EARLY <= self._clock()

    def _read(self) -> _Pair:
        """The pair in the store, the connection's where there is none yet."""
        pair = self._first
        if self.path.exists():
            stored = _parsed(self.path)
            if stored is None:
                raise AuthError(
                    f"{self._name}: the token store {self.path} is damaged or was changed by hand; "
                    f"put back the file as it was, or delete it and {AGAIN}"
                )
            self._tighten()
            pair = stored
        self._hide(pair.access_token, pair.refresh_token)
        return pair

    def _tighten(self) -> None:
        if stat.S_IMODE(self.path.stat().st_mode) & 0o077:
            log.warning("%s: others could read %s; now its owner only", self._name, self.path)
            os.chmod(self.path, FILE_MODE)

    def _write(self, pair: _Pair) -> None:
        document = asdict(pair)
        text = json.dumps({**document, "sha256": _digest(document)}, indent=2)
        durable.write_file(self.path, text.encode() + b"\n", FILE_MODE)

    def _recover(self) -> None:
        """Take the next pair where a killed process left it complete beside the store."""
        for beside in sorted(self.path.parent.glob(f".{self.path.name}.*")):
            left = _parsed(beside)
            if left is not None and left.number == self._read().number + 1:
                os.replace(beside, self.path)
                durable.fsync_folder(self.path.parent)
                log.warning("%s: took the tokens that a killed process had left", self._name)
            else:
                beside.unlink()


def _parsed(path: Path) -> _Pair | None:
    """The pair in a file; None where it is not whole."""
    try:
        document = json.loads(path.read_bytes())
        digest = document.pop("sha256")
        return _Pair(**document) if digest == _digest(document) else None
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def _digest(document: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()
