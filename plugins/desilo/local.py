"""One machine, no accounts: Airflow on SQLite, DuckDB, and the sandbox in place of the platforms.

Everything lies below ``var/<world>/``; nothing outside the project is touched.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import requests

from desilo import settings

RECORDED_DAY = date(2023, 8, 1)
"""The last day that the recorded inputs hold: the Amplitude export of 2023-08-01."""
NIGHT_HOUR = time(8, 30, tzinfo=UTC)
"""When a night runs: half an hour after the last account's day (America/Los_Angeles) has closed."""


class LocalError(Exception):
    """Something on this machine is in the way; the text says what to do."""


@dataclass(frozen=True)
class Platforms:
    """The emulated platforms: where they answer, and the last day that their world has."""

    base_url: str
    last_day: date
    drop: str
    has_clock: bool

    def at(self, day: date) -> datetime:
        """Move the world's clock to the night after `day`; it never goes back. Returns its now."""
        night = datetime.combine(day + timedelta(days=1), NIGHT_HOUR)
        if not self.has_clock:
            return night
        answer = requests.post(
            f"{self.base_url}/_control/clock", json={"now": night.isoformat()}, timeout=60
        )
        answer.raise_for_status()
        return datetime.fromisoformat(answer.json()["now"]).astimezone(UTC)

    def connections(self) -> dict[str, str]:
        """Airflow connections of the emulated platforms, as environment variables."""
        known: dict[str, dict[str, Any]] = {
            "meta_ads": {"host": "graph", "password": "sandbox-meta-token"},
            "google_ads": {
                "host": "googleads",
                "extra": {
                    "client_id": "sandbox-client",
                    "client_secret": "sandbox-secret",
                    "refresh_token": "sandbox-refresh",
                    "token_url": f"{self.base_url}/google-oauth/token",
                },
            },
            "tiktok_ads": {"host": "tiktok", "password": "sandbox-tiktok-token"},
            "ocean_engine": {
                "host": "oceanengine",
                "extra": {
                    "app_id": "1800000000",
                    "secret": "sandbox-ocean-secret",
                    "access_token": "sandbox-ocean-access-0",
                    "refresh_token": "sandbox-ocean-refresh-0",
                },
            },
            "amplitude": {
                "host": "amplitude",
                "login": "sandbox-key",
                "password": "sandbox-secret",
            },
            "ecb_rates": {"host": "ecb"},
        }
        return {
            f"AIRFLOW_CONN_{name.upper()}": json.dumps(
                {**entry, "conn_type": "http", "host": f"{self.base_url}/{entry['host']}"}
            )
            for name, entry in known.items()
        }


def fixtures(named: str | None = None) -> Path | None:
    """Folder of the recorded inputs; none outside the recorded world."""
    if settings.world() != "recorded":
        return None
    beside = settings.PROJECT_ROOT.parent / "shared" / "fixtures"
    return Path(named or os.environ.get("DESILO_FIXTURES") or beside).resolve()


def airflow_environment() -> dict[str, str]:
    """Airflow's settings for this machine; what the caller's environment sets already wins."""
    home = settings.home().resolve() / "airflow"
    wanted = {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(settings.PROJECT_ROOT / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(settings.PROJECT_ROOT / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": "admin:admin",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home}/airflow.db",
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(home / "logs"),
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        "GX_ANALYTICS_ENABLED": "false",
        "PYTHONPATH": os.pathsep.join(
            [str(settings.PROJECT_ROOT), str(settings.PROJECT_ROOT / "plugins")]
        ),
        "DESILO_WORLD": settings.world(),
    }
    tools = str(Path(sys.executable).parent)
    return {
        **{name: os.environ.get(name, value) for name, value in wanted.items()},
        # `airflow standalone` starts its parts as commands found on the path.
        "PATH": os.pathsep.join([tools, os.environ.get("PATH", "")]),
    }


def ensure_database() -> None:
    """Create or upgrade Airflow's database, and the pool that lets one build write at a time.

    The version that migrated it last is kept beside it, so that an ordinary night does not pay for
    the check (5 s).
    """
    from importlib.metadata import version

    home = Path(os.environ["AIRFLOW_HOME"])
    home.mkdir(parents=True, exist_ok=True)
    stamp = home / "migrated_by"
    wanted = version("apache-airflow-core")
    if stamp.exists() and stamp.read_text() == wanted and (home / "airflow.db").exists():
        return
    from airflow.models.pool import Pool
    from airflow.utils.db import initdb

    initdb()
    Pool.create_or_update_pool(
        "warehouse", slots=1, description="One writer of the build database", include_deferred=False
    )
    stamp.write_text(wanted)


@contextmanager
def platforms(fixtures: Path | None = None) -> Iterator[Platforms]:
    """Run the emulated platforms of the current world for as long as the block lasts.

    Raises:
        LocalError: they did not start; the text carries what they said.
    """
    running = settings.platforms_url()
    if running:
        said = requests.get(f"{running}/_control/world", timeout=60).json()
        yield Platforms(running, date.fromisoformat(said["last_day"]), said["drop"], True)
        return
    state = settings.home().resolve() / "platforms"
    state.mkdir(parents=True, exist_ok=True)
    if settings.world() == "recorded":
        if fixtures is None or not fixtures.is_dir():
            raise LocalError(
                f"the recorded inputs are not in {fixtures}; name their folder: "
                "make nightly WORLD=recorded FIXTURES=<folder>"
            )
        command = ["replay", "--fixtures", str(fixtures)]
    else:
        command = ["serve", "--state", str(state), "--world", settings.sandbox_size()]
    log = state / "server.log"
    with open(log, "wb") as sink:
        process = subprocess.Popen(
            [sys.executable, "-m", "sandbox", *command, "--with-parent"],
            cwd=settings.PROJECT_ROOT,
            stdout=subprocess.PIPE,
            stderr=sink,
            text=True,
        )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line:
            raise LocalError(
                f"the sandbox did not start: {log.read_text(errors='replace')[-2000:]}"
            )
        ready = json.loads(line)
        yield Platforms(
            base_url=f"http://127.0.0.1:{ready['port']}",
            last_day=date.fromisoformat(ready.get("last_day", RECORDED_DAY.isoformat())),
            drop=str(ready.get("drop", "")),
            has_clock=settings.world() != "recorded",
        )
    finally:
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
