"""Access tokens of a day with refresh tokens of a month: each refresh ends the pair before it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from sandbox.clock import SECOND, Clock

ACCESS_LIFE_S, REFRESH_LIFE_S = 86_400, 30 * 86_400


class RotatingTokens:
    """The one pair of tokens in force. It survives a restart, like the clock.

    Args:
        label: what the tokens are called, `sandbox-<label>-access-<number>`.
        path: file that remembers the pair.
    """

    def __init__(self, label: str, clock: Clock, path: Path) -> None:
        self._label = label
        self._clock = clock
        self._path = path
        # A pair nobody has used yet is as young as its first use: it was issued just before.
        self._grant: dict[str, Any] = {"number": 0, "issued_at": None, "codes": []}
        if path.exists():
            self._grant = json.loads(path.read_text())

    def access(self, given: str | None) -> str:
        """What an access token is: `good`, `missing`, `wrong` or `expired`."""
        if not given:
            return "missing"
        if given != self._name("access"):
            return "wrong"
        return "expired" if self._age_s() >= ACCESS_LIFE_S else "good"

    def refresh(self, given: Any) -> str:
        """What a refresh token is: `good`, `wrong` or `expired`."""
        if given != self._name("refresh"):
            return "wrong"
        return "expired" if self._age_s() >= REFRESH_LIFE_S else "good"

    def takes_code(self, code: str) -> bool:
        """Whether an authorisation code is good; it is so once."""
        if not code.startswith("sandbox-code-") or code in self._grant["codes"]:
            return False
        self._keep({**self._grant, "codes": [*self._grant["codes"], code]})
        return True

    def new_pair(self) -> dict[str, Any]:
        """Issue the next pair and end the one in force."""
        number = self._grant["number"] + 1
        self._keep({**self._grant, "number": number, "issued_at": self._clock.now})
        return {
            "access_token": self._name("access"),
            "expires_in": ACCESS_LIFE_S,
            "refresh_token": self._name("refresh"),
            "refresh_token_expires_in": REFRESH_LIFE_S,
        }

    def _name(self, part: str) -> str:
        return f"sandbox-{self._label}-{part}-{self._grant['number']}"

    def _age_s(self) -> float:
        if self._grant["issued_at"] is None:
            self._keep({**self._grant, "issued_at": self._clock.now})
        return (self._clock.now - int(self._grant["issued_at"])) / SECOND

    def _keep(self, grant: dict[str, Any]) -> None:
        self._grant = grant
        self._path.parent.mkdir(parents=True, exist_ok=True)
        beside = self._path.with_suffix(".tmp")
        beside.write_text(json.dumps(grant))
        os.replace(beside, self._path)
