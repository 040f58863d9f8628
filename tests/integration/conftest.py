"""The sandbox as its users run it: a process of its own, spoken to over HTTP.

``sandbox`` is one small world for the whole session, its clock at the morning after its last day.
A test that must move the clock, or damage the drop folder, starts its own with ``start_sandbox``.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import requests

PROJECT_ROOT = Path(__file__).resolve().parents[2]
MORNING_AFTER = "2026-04-01T08:30:00Z"


@dataclass(frozen=True)
class SandboxServer:
    """A running sandbox.

    Attributes:
        url: ``http://127.0.0.1:<port>``.
        drop: folder of the order files, one folder a day.
        first_day, last_day: the world's days.
    """

    url: str
    drop: Path
    first_day: date
    last_day: date

    @property
    def base_urls(self) -> dict[str, str]:
        """Kind of source -> the base_url of its connection."""
        prefixes = {
            "meta_ads": "graph", "google_ads": "googleads", "tiktok_ads": "tiktok",
            "ocean_engine": "oceanengine", "amplitude": "amplitude", "ecb_rates": "ecb",
        }  # fmt: skip
        return {kind: f"{self.url}/{prefix}" for kind, prefix in prefixes.items()}

    def credentials(self, kind: str) -> dict[str, Any]:
        """The fixed credentials: ``login``, ``password`` and ``extra`` of a connection."""
        google = {
            "client_id": "sandbox-client",
            "client_secret": "sandbox-secret",
            "refresh_token": "sandbox-refresh",
            "token_url": f"{self.url}/google-oauth/token",
        }
        known: dict[str, dict[str, Any]] = {
            "meta_ads": {"password": "sandbox-meta-token"},
            "google_ads": {"extra": google},
            "tiktok_ads": {"password": "sandbox-tiktok-token"},
            "ocean_engine": {
                "extra": {
                    "app_id": "1800000000",
                    "secret": "sandbox-ocean-secret",
                    "access_token": "sandbox-ocean-access-0",
                    "refresh_token": "sandbox-ocean-refresh-0",
                }
            },
            "amplitude": {"login": "sandbox-key", "password": "sandbox-secret"},
        }
        return known.get(kind, {})

    def control(self, method: str, path: str, document: Any = None) -> Any:
        """Call ``/_control/<path>``; a refusal fails the test with the sandbox's own words."""
        with requests.Session() as session:
            session.trust_env = False
            reply = session.request(method, f"{self.url}/_control/{path}", json=document)
        assert reply.ok, reply.text
        return reply.json()

    def clock(self, now: str) -> None:
        """Move the clock on; order files of days that close are delivered."""
        self.control("POST", "clock", {"now": now})

    @contextmanager
    def faults(self, *rules: dict[str, Any]) -> Iterator[None]:
        """Faults in force inside the block; the log of requests starts empty."""
        self.control("DELETE", "requests")
        self.control("POST", "faults", {"rules": list(rules)})
        try:
            yield
        finally:
            self.control("DELETE", "faults")

    def requests(self) -> list[dict[str, Any]]:
        """The calls since the last ``faults`` block began."""
        return list(self.control("GET", "requests")["requests"])


@contextmanager
def running_sandbox(
    state: Path, world: str = "small", now: str = MORNING_AFTER, seed: int = 7
) -> Iterator[SandboxServer]:
    """Start ``python -m sandbox serve`` on a free port and end it afterwards."""
    command = [sys.executable, "-m", "sandbox", "serve", "--state", str(state), "--port", "0"]
    command += ["--world", world, "--now", now, "--seed", str(seed)]
    errors = state.parent / f"{state.name}.stderr"
    with errors.open("wb") as stderr:
        process = subprocess.Popen(command, cwd=PROJECT_ROOT, stdout=subprocess.PIPE, stderr=stderr)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, f"the sandbox did not start: {errors.read_text()}"
        ready = json.loads(line)
        yield SandboxServer(
            url=f"http://127.0.0.1:{ready['port']}",
            drop=Path(ready["drop"]),
            first_day=date.fromisoformat(ready["first_day"]),
            last_day=date.fromisoformat(ready["last_day"]),
        )
    finally:
        process.terminate()
        process.wait(timeout=10)
        if process.stdout is not None:
            process.stdout.close()


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxServer]:
    """One small world with every platform, shared: leave its clock and its drop folder alone."""
    state = tmp_path_factory.mktemp("sandbox") / "state"
    with running_sandbox(state, world="china") as server:
        yield server


@pytest.fixture
def start_sandbox(tmp_path: Path) -> Iterator[Callable[..., SandboxServer]]:
    """Start worlds of your own: ``start_sandbox(world="small", now="2026-02-01T08:30:00Z")``."""
    with ExitStack() as stack:
        started = 0

        def start(**options: Any) -> SandboxServer:
            nonlocal started
            started += 1
            state = tmp_path / f"sandbox-{started}"
            return stack.enter_context(running_sandbox(state, **options))

        yield start
