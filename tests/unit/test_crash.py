"""Kill -9 between any two writes: the next run gives what an undisturbed one gives.

Each test runs a small program in a process of its own, kills it at its first checkpoint, then at
its second, and so on until it lives to its end: every gap is walked, none is listed.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from desilo import release, settings
from desilo.lake import Lake
from tests.unit.crash_programs import land_three_days, publish, records, renew_tokens

BUILT = """
create schema marts;
create table marts.meta_sources as
select 'meta_ads' as source, '1' as account_id, date '2026-03-31' as data_through_date;
create table marts.fct as select range as id from range(10);
"""


PROCESSES = multiprocessing.get_context("forkserver")
# The server imports the programs once (2 s) and forks; it finds them by the environment only.
PROCESSES.set_forkserver_preload(["tests.unit.crash_programs"])
os.environ["PYTHONPATH"] = os.pathsep.join(sys.path)


def run(program: Callable[[dict[str, str]], None], crash_at: int | None) -> int:
    """Exit code of the program in a fresh process; negative for the signal that ended it."""
    environment = {k: v for k, v in os.environ.items() if k.startswith("DESILO_")}
    environment["DESILO_CRASH_AT"] = "" if crash_at is None else str(crash_at)
    process = PROCESSES.Process(target=program, args=(environment,))
    process.start()
    process.join()
    assert process.exitcode is not None
    return process.exitcode


def walk(program: Callable[[dict[str, str]], None], after_each: Callable[[], None]) -> int:
    """Kill at every checkpoint in turn, run again after each; returns how many there are."""
    point = 1
    while True:
        code = run(program, point)
        if code == 0:
            return point - 1
        assert code == -signal.SIGKILL
        assert run(program, None) == 0
        after_each()
        point += 1


def test_a_landing_killed_anywhere_loses_and_doubles_nothing(world: Path) -> None:
    del world

    def lake_is_right() -> None:
        lake = Lake(settings.lake_url())
        for day in lake.landed_days("shop", "rows", "a"):
            load = lake.newest("shop", "rows", "a", day)
            assert load is not None
            assert lake.records(load) == records(day.day)
        assert len(lake.landed_days("shop", "rows", "a")) == 3

    # Parts are flushed at the end of a load here: a part, its end, the rename, for three days.
    assert walk(land_three_days, lake_is_right) >= 6


def test_a_publication_killed_anywhere_serves_the_old_release_or_the_new_one(world: Path) -> None:
    del world
    from desilo import warehouse

    with warehouse.writer() as connection:
        connection.execute(warehouse.SCHEMA_SQL)
        connection.execute(BUILT)
    assert run(publish, None) == 0
    first = release.current()
    assert first is not None

    def release_is_right() -> None:
        serving = release.current()
        assert serving is not None
        assert serving.manifest["tables"]["fct"] == first.manifest["tables"]["fct"]
        with duckdb.connect(str(serving.database), read_only=True) as reader:
            assert reader.execute("select count(*) from fct").fetchone() == (10,)
        assert not list(settings.releases_dir().glob(f"{release.BUILDING}*"))

    assert walk(publish, release_is_right) >= 8


@pytest.mark.parametrize("point", [1, 3, 5])
def test_a_reader_sees_a_whole_release_right_after_the_kill(world: Path, point: int) -> None:
    del world
    from desilo import warehouse

    with warehouse.writer() as connection:
        connection.execute(warehouse.SCHEMA_SQL)
        connection.execute(BUILT)
    assert run(publish, None) == 0
    assert run(publish, point) == -signal.SIGKILL
    serving = release.current()
    assert serving is not None
    with duckdb.connect(str(serving.database), read_only=True) as reader:
        assert reader.execute("select count(*) from fct").fetchone() == (10,)


def test_a_renewal_of_tokens_can_only_be_lost_between_the_answer_and_its_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcomes = []
    for point in range(1, 6):
        home = tmp_path / f"killed-at-{point}"
        home.mkdir()
        monkeypatch.setenv("DESILO_HOME", str(home))
        code = run(renew_tokens, point)
        if code == 0:
            break
        assert code == -signal.SIGKILL
        assert run(renew_tokens, None) == 0
        outcomes.append((home / "outcome").read_text())
        left = {path.suffix for path in (home / "tokens").iterdir()}
        assert left == {".json", ".lock"}
    before_asking, before_flush, before_rename = outcomes[:2], outcomes[2], outcomes[3:]
    assert before_asking == ["access-1", "access-1"]
    assert "was interrupted before its answer was stored" in before_flush
    assert "authorise the app again" in before_flush
    assert before_rename == ["access-1"]
