"""Silent damage: each planted fault is caught by a check of its own name, and nothing is published.

The world is small and settled through 30 March; each test damages what the platforms say of the
31st and runs that night.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.integration.conftest import SandboxServer, running_sandbox
from tests.integration.nights import Kept, World

DAY = "2026-03-31"
NIGHT = {"DESILO_MAX_WAIT_S": "1"}


@pytest.fixture(scope="module")
def settled(
    tmp_path_factory: pytest.TempPathFactory,
) -> Kept:
    """Nights of the 29th and the 30th: something to compare with, and a release to keep."""
    folder = tmp_path_factory.mktemp("settled") / "world"
    folder.mkdir()
    state = tmp_path_factory.mktemp("earlier") / "state"
    with running_sandbox(state, now="2026-03-30T08:30:00Z") as server:
        world = World(folder, NIGHT | {"DESILO_PLATFORMS": server.url})
        world.night("--day", "2026-03-29")
        world.night("--day", "2026-03-30")
    return world.kept()


@pytest.fixture(scope="module")
def platforms(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxServer]:
    with running_sandbox(tmp_path_factory.mktemp("platforms") / "state") as server:
        yield server


@pytest.fixture
def world(settled: Kept, platforms: SandboxServer) -> World:
    return settled.again(DESILO_PLATFORMS=platforms.url)


def fault(kind: str, **match: Any) -> dict[str, Any]:
    more = {key: match.pop(key) for key in list(match) if key in ("currency", "factor", "field")}
    return {"kind": kind, "match": match} | more


YUAN, DOLLARS = "7000000000000000001", "2000000002"
CAUGHT = [
    ("key_unique_in_load", fault("day_doubled", platform="tiktok_ads", day=DAY, level="ad")),
    (
        "page_not_missing",
        fault("page_missing", platform="meta_ads", account="1001", day=DAY, level="ad"),
    ),
    ("account_not_silent", fault("account_silent", platform="meta_ads", account="1001", day=DAY)),
    ("money_in_range", fault("money_100x", platform="tiktok_ads", account=YUAN, day=DAY)),
    ("currency_unchanged", fault("currency_changed", platform="meta_ads", account="1002")),
    ("zone_not_shifted", fault("zone_shift", platform="meta_ads", account="1001")),
    ("page_not_missing", fault("spend_by_grain", platform="google_ads", account=DOLLARS, day=DAY)),
    ("empty_night", fault("empty_night", day=DAY)),
    ("required_fields_present", fault("drift_missing_field", platform="tiktok_ads")),
    ("field_types_as_declared", fault("drift_retyped_field", platform="google_ads")),
]


@pytest.mark.parametrize(("check", "rule"), CAUGHT, ids=[each[1]["kind"] for each in CAUGHT])
def test_damage_is_named_and_the_release_before_stays(
    world: World, platforms: SandboxServer, check: str, rule: dict[str, Any]
) -> None:
    before = world.current()
    with platforms.faults(rule):
        said = world.night("--day", DAY, expect=2)
    assert check in said
    assert world.current() == before
    attempt = world.status()["last_attempt"]
    assert (attempt["day"], attempt["result"]) == (DAY, "blocked")
    assert check in {reason["check_name"] for reason in attempt["reasons"]}
    assert (world.releases / attempt["docs"]).exists()


def test_orders_without_a_rate_are_named(world: World, platforms: SandboxServer) -> None:
    with platforms.faults(fault("order_unknown_currency", platform="order_files", day=DAY)):
        said = world.night("--day", DAY, expect=2)
    assert "orders_have_rates" in said


def test_a_new_field_breaks_nothing(world: World, platforms: SandboxServer) -> None:
    with platforms.faults(fault("drift_new_field", platform="meta_ads")):
        world.night("--day", DAY)
    assert world.current().startswith(DAY)


def test_a_platform_that_is_down_does_not_stop_the_night(
    world: World, platforms: SandboxServer
) -> None:
    with platforms.faults(fault("token_revoked", platform="meta_ads")):
        said = world.night("--day", DAY)
    assert "ingest__meta_ads" in said
    through = world.manifest()["data_through"]
    assert through["meta_ads/1001"] == "2026-03-30"
    assert through["google_ads/2000000001"] == DAY
    assert world.rows(
        "select count(*) from fct_ad_spend where platform = 'meta_ads' and date_day = '2026-03-31'"
    ) == [(0,)]


def test_the_night_after_a_blocked_one_heals_by_itself(
    world: World, platforms: SandboxServer
) -> None:
    rule = fault("money_100x", platform="tiktok_ads", account="7000000000000000001", day=DAY)
    with platforms.faults(rule):
        world.night("--day", DAY, expect=2)
    world.night("--day", DAY)
    assert world.current() == f"{DAY}.01"
    assert world.status()["last_attempt"]["result"] == "published"
