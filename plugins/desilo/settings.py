"""The only reader of the environment: where things lie and what the configuration says.

Everything is looked up when it is asked for, so that a test (or a second world) can change the
environment and get other answers without reloading a module.

========================  =================================================  ==================
variable                  meaning                                            default
========================  =================================================  ==================
``DESILO_WORLD``          ``sandbox`` or ``recorded``, or a name of yours    ``sandbox``
``DESILO_CONFIG``         the list of sources                                by world
``DESILO_HOME``           folder of everything that is written               ``var/<world>``
``DESILO_LAKE``           folder or fsspec URL of the lake                   ``<home>/lake``
``DESILO_BUILD_DB``       the build database                                 ``<home>/build.duckdb``
``DESILO_RELEASES``       the releases                                       ``<project>/releases``
``DESILO_NOW``            an ISO instant that stands in for the clock        the real clock
``DESILO_KEEP_RELEASES``  how many releases stay                             ``14``
``DESILO_PORT``           where `make up` shows Airflow                      ``8080``
``DESILO_SANDBOX``        world: ``default``, ``small``, ``hard``, ``china``     ``default``
``DESILO_PLATFORMS``      address of emulated platforms that run already     started per night
``DESILO_MAX_WAIT_S``     how long a landing waits for throttling platforms  ``1800``
``DESILO_TASK_RETRIES``   overrides every task's number of further tries     as configured
========================  =================================================  ==================
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import yaml

PROJECT_ROOT = Path(__file__).resolve().parents[2]
DBT_PROJECT_DIR = PROJECT_ROOT / "dbt_project"
CONFIG_FILES = {"sandbox": "sources.yml", "recorded": "recorded.yml"}


class ConfigurationError(Exception):
    """The configuration says something that cannot be meant; the text says what to change."""


@dataclass(frozen=True)
class SourceConfig:
    """One entry of the list of sources."""

    name: str
    kind: str
    connection: str
    schedule: str
    reread_days: int
    accounts: tuple[str, ...]
    start_date: date
    is_enabled: bool = True
    retries: int = 3
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Configuration:
    """The whole file: the firm's rules of time and money, and its sources."""

    business_timezone: str
    base_currency: str
    start_date: date
    latest_hour: str
    sources: tuple[SourceConfig, ...]

    def enabled_sources(self) -> tuple[SourceConfig, ...]:
        return tuple(source for source in self.sources if source.is_enabled)

    def source(self, name: str) -> SourceConfig:
        for source in self.sources:
            if source.name == name:
                return source
        known = ", ".join(source.name for source in self.sources)
        raise ConfigurationError(f"no source named {name!r} in {config_file()}; there are: {known}")


def world() -> str:
    return os.environ.get("DESILO_WORLD", "sandbox")


def home() -> Path:
    return Path(os.environ.get("DESILO_HOME") or PROJECT_ROOT / "var" / world())


def lake_url() -> str:
    return os.environ.get("DESILO_LAKE") or str(home() / "lake")


def build_database() -> Path:
    return Path(os.environ.get("DESILO_BUILD_DB") or home() / "build.duckdb")


def releases_dir() -> Path:
    default = "releases" if world() == "sandbox" else f"releases-{world()}"
    return Path(os.environ.get("DESILO_RELEASES") or PROJECT_ROOT / default)


def keep_releases() -> int:
    return int(os.environ.get("DESILO_KEEP_RELEASES", "14"))


def airflow_port() -> int:
    return int(os.environ.get("DESILO_PORT", "8080"))


def sandbox_size() -> str:
    return os.environ.get("DESILO_SANDBOX", "default")


def platforms_url() -> str:
    """Address of emulated platforms that somebody else runs; empty when there are none."""
    return os.environ.get("DESILO_PLATFORMS", "").rstrip("/")


def max_wait_s() -> float:
    """How long one landing waits in all for platforms that ask it to, in seconds."""
    return float(os.environ.get("DESILO_MAX_WAIT_S", "1800"))


def task_retries(configured: int) -> int:
    """How often Airflow tries a task again; a night that a person waits for does not."""
    return int(os.environ.get("DESILO_TASK_RETRIES", configured))


def crash_point() -> str:
    """Name of the write at which this process is to be killed; only the crash tests set it."""
    return os.environ.get("DESILO_CRASH_AT", "")


def now() -> datetime:
    """The current instant, aware, in UTC."""
    fixed = os.environ.get("DESILO_NOW")
    if not fixed:
        return datetime.now(UTC)
    instant = datetime.fromisoformat(fixed.replace("Z", "+00:00"))
    return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)


def first_instant(day: date) -> datetime:
    """The start of a day in UTC, as Airflow wants a DAG's first date."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def config_file() -> Path:
    default = PROJECT_ROOT / "config" / CONFIG_FILES.get(world(), "sources.yml")
    return Path(os.environ.get("DESILO_CONFIG") or default)


def configuration() -> Configuration:
    """Read the list of sources.

    Raises:
        ConfigurationError: the file is absent, not YAML, or lacks something; says which line.
    """
    path = config_file()
    try:
        document = yaml.safe_load(path.read_text("utf-8"))
    except FileNotFoundError:
        raise ConfigurationError(
            f"{path} does not exist; set DESILO_CONFIG or copy config/sources.yml"
        ) from None
    except yaml.YAMLError as error:
        raise ConfigurationError(f"{path} is not readable YAML: {error}") from None
    try:
        business = document["business"]
        start = _as_date(business["start_date"])
        sources = tuple(_source(entry, start) for entry in document["sources"])
    except (KeyError, TypeError) as error:
        raise ConfigurationError(f"{path}: missing or misplaced entry {error}") from None
    names = [source.name for source in sources]
    doubled = {name for name in names if names.count(name) > 1}
    if doubled:
        raise ConfigurationError(f"{path}: source names must be unique, doubled: {sorted(doubled)}")
    return Configuration(
        business_timezone=str(business["timezone"]),
        base_currency=str(business["base_currency"]),
        start_date=start,
        latest_hour=str(business.get("latest_hour", "0 10 * * *")),
        sources=sources,
    )


def _source(entry: Mapping[str, Any], business_start: date) -> SourceConfig:
    name = str(entry["name"])
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise ConfigurationError(f"source name {name!r}: use small letters, digits and underscores")
    return SourceConfig(
        name=name,
        kind=str(entry["kind"]),
        connection=str(entry.get("connection", name)),
        schedule=str(entry["schedule"]),
        reread_days=int(entry["reread_days"]),
        accounts=tuple(str(account) for account in entry["accounts"]),
        start_date=_as_date(entry.get("start_date", business_start)),
        is_enabled=bool(entry.get("enabled", True)),
        retries=int(entry.get("retries", 3)),
        options=dict(entry.get("options") or {}),
    )


def _as_date(value: Any) -> date:
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        raise ConfigurationError(f"not a day (YYYY-MM-DD): {value!r}") from None
