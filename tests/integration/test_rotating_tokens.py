"""One authorisation, many processes, a platform that ends a pair the moment it gives the next."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests

PROJECT_ROOT = Path(__file__).resolve().parents[2]
REFRESH = "/oceanengine/open_api/oauth2/refresh_token/"
PROGRAM = """
import json, os, sys
from datetime import date
from desilo.sources import REGISTRY, Connection
from desilo.transport import HttpSession, SourceError
connection = Connection(sys.argv[1], extra=json.loads(sys.argv[2]))
source = REGISTRY["ocean_engine"](connection, {}, HttpSession("ocean_engine"))
sys.stdin.readline()
day = date(2026, 3, 28)
try:
    pages = list(source.fetch(source.stream("accounts"), "1800000000000001", day, day))
    print(len(pages[0].rows), "account")
except SourceError as error:
    print(type(error).__name__, error)
"""


class House:
    """Processes that share one home, in a world of their own."""

    def __init__(self, sandbox: Any, home: Path) -> None:
        self.sandbox = sandbox
        self.home = home
        self.extra: dict[str, str] = dict(sandbox.credentials("ocean_engine")["extra"])
        self.now = "2026-03-30T08:30:00Z"

    def clock(self, now: str) -> None:
        self.now = now
        self.sandbox.clock(now)

    def ask(self, processes: int = 1, crash_at: int | None = None) -> list[str]:
        """What the processes said of asking for an account, all at once; "" for a killed one."""
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(PROJECT_ROOT), str(PROJECT_ROOT / "plugins")]),
            "DESILO_HOME": str(self.home),
            "DESILO_NOW": self.now,
            "DESILO_CRASH_AT": str(crash_at or ""),
        }
        url = self.sandbox.base_urls["ocean_engine"]
        started = [
            subprocess.Popen(
                [sys.executable, "-c", PROGRAM, url, json.dumps(self.extra)],
                env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                stderr=subprocess.PIPE, text=True,
            )
            for _ in range(processes)
        ]  # fmt: skip
        for each in started:
            assert each.stdin is not None
            each.stdin.write("\n")
            each.stdin.flush()
        said = []
        for each in started:
            out, errors = each.communicate()
            expected = 0 if crash_at is None else -signal.SIGKILL
            assert each.returncode == expected, errors
            said.append(out.strip())
        return said

    def refreshes(self) -> int:
        return sum(call["path"] == REFRESH for call in self.sandbox.requests())


@pytest.fixture
def house(start_sandbox: Callable[..., Any], tmp_path: Path) -> House:
    return House(start_sandbox(world="china", now="2026-03-30T08:30:00Z"), tmp_path / "home")


def test_processes_that_find_it_expired_at_once_share_one_renewal(house: House) -> None:
    assert house.ask() == ["1 account"]
    assert house.refreshes() == 0
    house.clock("2026-03-31T08:31:00Z")
    assert house.ask(processes=4) == ["1 account"] * 4
    assert house.refreshes() == 1


@pytest.mark.parametrize("crash_at", [3, 4])
def test_a_process_killed_in_a_renewal_leaves_a_pair_or_says_what_to_do(
    house: House, crash_at: int
) -> None:
    house.extra["access_token"] = ""
    assert house.ask(crash_at=crash_at) == [""]
    said = house.ask(processes=2)
    if crash_at == 3:  # the new pair was in the killed process's memory, and nowhere else
        assert all(each.startswith("AuthError") for each in said)
        assert all("was interrupted before its answer was stored" in each for each in said)
        assert all("authorise the app again" in each for each in said)
    else:
        assert said == ["1 account"] * 2
        assert house.refreshes() == 1


def test_a_lost_store_needs_a_person_and_a_new_pair_in_the_connection(house: House) -> None:
    house.extra["access_token"] = ""
    assert house.ask() == ["1 account"]
    for path in (house.home / "tokens").iterdir():
        path.unlink()
    (said,) = house.ask()
    assert said.startswith("AuthError")
    assert "authorise the app again" in said
    code = {"grant_type": "auth_code", "auth_code": "sandbox-code-1"}
    app = {name: house.extra[name] for name in ("app_id", "secret")}
    url = f"{house.sandbox.base_urls['ocean_engine']}/open_api/oauth2/access_token/"
    with requests.Session() as session:
        session.trust_env = False
        pair = session.post(url, json={**app, **code}).json()["data"]
    house.extra |= {name: pair[name] for name in ("access_token", "refresh_token")}
    assert house.ask(processes=2) == ["1 account"] * 2
