"""Two nights at once, killed ones, readers meanwhile, an earlier day: the release is the same."""

from __future__ import annotations

import signal
import threading

import duckdb
import pytest

from tests.integration.nights import Kept, World

SMALL = {"DESILO_SANDBOX": "small"}


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    """The small world after its last night, built from nothing."""
    world = World(tmp_path_factory.mktemp("small") / "world", SMALL)
    world.folder.mkdir()
    world.night()
    return world.kept()


@pytest.mark.heavy
def test_an_earlier_day_is_released_as_it_would_have_been(night: Kept) -> None:
    world = night.again()
    world.night("--day", "2026-03-20")
    assert world.current() == "2026-03-20.01"
    assert world.rows("select max(date_day) from fct_ad_spend")[0][0].isoformat() == "2026-03-20"
    assert world.rows("select max(order_date) <= date '2026-03-20' from fct_orders") == [(True,)]
    world.night("--day", "2026-03-31")
    assert world.content() == night.content()


@pytest.mark.heavy
def test_two_nights_at_once_damage_neither_each_other_nor_a_reader(night: Kept) -> None:
    """Whoever asks meanwhile has no conflict: nobody writes a release."""
    world = night.again()
    nights = [world.start(), world.start()]
    ended = threading.Event()
    said: list[str] = []

    def wait() -> None:
        said.extend(each.communicate()[0] for each in nights)
        ended.set()

    threading.Thread(target=wait).start()
    database = str(world.releases / "current" / "marts.duckdb")
    reads = 0
    while not ended.wait(0.2):
        with duckdb.connect(database, read_only=True) as reader:
            assert reader.execute("select count(*) > 0 from fct_orders").fetchone() == (True,)
        reads += 1
    assert [each.returncode for each in nights] == [0, 0], said
    assert reads > 3
    assert world.current() == "2026-03-31.03"
    assert world.content() == night.content()


def test_a_night_killed_before_its_build_is_settled_and_run_again_gives_the_same_release(
    night: Kept,
) -> None:
    """The walk over every write of landing and publication is in tests/unit/test_crash.py."""
    world = night.again()
    killed = world.start(DESILO_CRASH_AT="settling the build")
    killed.communicate()
    assert killed.returncode == -signal.SIGKILL
    world.night()
    assert world.content() == night.content()
