"""Recorded answers, and a source wired to a server, for the tests of the sources."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from desilo.sources import REGISTRY, Connection, Source
from desilo.transport import HttpSession

PROJECT_ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def recorded() -> Callable[[str], Path]:
    """Path of a recorded file; skips the test where the recordings are not on this machine."""
    root = Path(os.environ.get("DESILO_FIXTURES") or PROJECT_ROOT.parent / "shared" / "fixtures")

    def find(name: str) -> Path:
        path = root / name
        if not path.exists():
            pytest.skip(f"the recordings are not here (no {path}); DESILO_FIXTURES names them")
        return path

    return find


class Naps(list[float]):
    """The waits a source made; nothing really waits."""

    def __call__(self, seconds: float) -> None:
        self.append(seconds)


@pytest.fixture
def naps() -> Naps:
    return Naps()


@pytest.fixture
def connect(naps: Naps) -> Callable[..., Source]:
    """Make a source: ``connect("meta_ads", server.url, options={}, now="2026-04-01T08:30")``."""

    def make(
        kind: str,
        base_url: str,
        *,
        options: dict[str, Any] | None = None,
        now: str = "2026-04-01T08:30:00",
        extra: dict[str, str] | None = None,
        **session: Any,
    ) -> Source:
        instant = datetime.fromisoformat(now).replace(tzinfo=UTC)
        http = HttpSession(kind, sleep=naps, clock=lambda: instant, **session)
        connection = Connection(base_url, "the-login", "the-password", extra or {})
        return REGISTRY[kind](connection, options or {}, http)

    return make
