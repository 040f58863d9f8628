"""What the crash tests run, each in a process of its own."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

from desilo import release, settings, war_room, warehouse
from desilo.lake import Lake
from desilo.landing import land
from desilo.source_errors import AuthError
from desilo.sources.base import Page, Source, Stream
from desilo.tokens import Grant, RotatingTokens

LANDED_DAYS = (1, 2, 3)


def records(number: int) -> list[str]:
    """What the platform says of a day of March 2026."""
    return [f'{{"id":{number * 10 + n}}}' for n in range(3)]


class ThreeDays(Source):
    """A platform with three records a day."""

    kind = "fake"
    api_version = "1"
    max_span_days = 30
    streams = (Stream(name="rows", key=("id",), required={}, grain="One record per id."),)

    def __init__(self) -> None:
        """It needs no connection."""

    def fetch(self, stream: Stream, account_id: str, since: date, until: date) -> Iterator[Page]:
        del stream, account_id, since, until
        for number in LANDED_DAYS:
            day = date(2026, 3, number)
            yield Page(rows=[(day.isoformat(), each) for each in records(number)], covers=(day,))


def land_three_days(environment: dict[str, str]) -> None:
    os.environ.update(environment)
    config = settings.SourceConfig(
        name="shop", kind="fake", connection="", schedule="", reread_days=3, accounts=("a",),
        start_date=date(2026, 3, 1),
    )  # fmt: skip
    at = datetime(2026, 3, 4, tzinfo=UTC)
    lake = Lake(settings.lake_url())
    land(config, ThreeDays(), "a", lake, day=date(2026, 3, 3), fetched_at=at)


def publish(environment: dict[str, str]) -> None:
    def render(database: Path, site_dir: Path, manifest: object) -> None:
        del database, manifest
        site_dir.mkdir(parents=True, exist_ok=True)
        (site_dir / "index.html").write_text("page")

    os.environ.update(environment)
    war_room.render = render
    build = warehouse.Build(date(2026, 3, 31), True, 1, "")
    release.publish(build, settings.configuration(), gate_docs={}, dbt_docs=None)


def renew_tokens(environment: dict[str, str]) -> None:
    """Use a pair that has to be renewed; what came of it is in `outcome`, below the home."""
    os.environ.update(environment)
    home = settings.home()
    platform = home / "platform.json"

    def refresh(given: str) -> Grant:
        number = json.loads(platform.read_text()) if platform.exists() else 0
        if given != f"refresh-{number}":
            raise AuthError("refused")
        platform.write_text(json.dumps(number + 1))
        return Grant(f"access-{number + 1}", f"refresh-{number + 1}", 86_400, 2_592_000)

    tokens = RotatingTokens(
        "fake", access_token="", refresh_token="refresh-0", refresh=refresh,
        clock=lambda: datetime(2026, 4, 1, tzinfo=UTC), hide=lambda *_: None,
    )  # fmt: skip
    try:
        said = tokens.access()
    except AuthError as error:
        said = str(error)
    (home / "outcome").write_text(said)
