"""Loads: whole or not at all, immutable, the newest complete one counts."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from desilo.lake import BUFFER_ROWS, Lake, Load, begin

DAY = date(2026, 3, 1)
AT = datetime(2026, 3, 2, 8, 30, tzinfo=UTC)


@pytest.fixture(params=["folder", "memory"])
def lake(request: pytest.FixtureRequest, tmp_path: Path) -> Lake:
    if request.param == "folder":
        return Lake(str(tmp_path / "lake"))
    return Lake(f"memory://{tmp_path.name}/lake")


def write(lake: Lake, records: list[str], *, suspicion: str = "", day: date = DAY) -> Load:
    load = begin(lake, kind="k", source="s", stream="t", account_id="a/1", day=day, fetched_at=AT)
    load.append(records)
    return load.commit(lake.newest("s", "t", "a/1", day), suspicion=suspicion)


def test_records_come_back_verbatim_and_in_order(lake: Lake) -> None:
    records = [f'{{"n":{n},"name":"Zoë 微"}}' for n in range(BUFFER_ROWS * 2 + 3)]
    load = write(lake, records)
    assert lake.records(load) == records
    assert (load.rows, load.status) == (len(records), "complete")


def test_a_load_without_its_last_file_does_not_exist(lake: Lake) -> None:
    load = begin(lake, kind="k", source="s", stream="t", account_id="a/1", day=DAY, fetched_at=AT)
    load.append(["{}"] * BUFFER_ROWS)
    assert lake.loads("s", "t", "a/1", DAY) == []
    assert list(lake.load_files()) == []


def test_an_aborted_load_leaves_nothing(lake: Lake) -> None:
    load = begin(lake, kind="k", source="s", stream="t", account_id="a/1", day=DAY, fetched_at=AT)
    load.append(["{}"] * BUFFER_ROWS)
    load.abort()
    assert lake.loads("s", "t", "a/1", DAY) == []


def test_the_newest_complete_load_counts_and_the_older_one_stays(lake: Lake) -> None:
    first = write(lake, ['{"v":1}'])
    second = write(lake, ['{"v":2}'])
    assert lake.newest("s", "t", "a/1", DAY) == second
    assert [each.load_id for each in lake.loads("s", "t", "a/1", DAY)] == [
        first.load_id,
        second.load_id,
    ]
    assert lake.records(first) == ['{"v":1}']


def test_a_suspect_load_is_kept_and_not_used(lake: Lake) -> None:
    good = write(lake, ['{"v":1}', '{"v":2}'])
    suspect = write(lake, [], suspicion="empty")
    assert lake.newest("s", "t", "a/1", DAY) == good
    assert lake.loads("s", "t", "a/1", DAY)[-1] == suspect


def test_an_answer_that_says_nothing_new_points_at_the_load_that_holds_it(lake: Lake) -> None:
    first = write(lake, ['{"v":1}'])
    second = write(lake, ['{"v":1}'])
    third = write(lake, ['{"v":1}'])
    assert (second.same_as, third.same_as) == (first.load_id, first.load_id)
    assert lake.records(third) == ['{"v":1}']
    assert lake.newest("s", "t", "a/1", DAY) == third


def test_a_number_that_moves_back_is_a_load_of_its_own(lake: Lake) -> None:
    write(lake, ['{"v":1}'])
    write(lake, ['{"v":2}'])
    assert write(lake, ['{"v":1}']).same_as == ""


def test_a_complete_load_of_no_rows_is_a_fact(lake: Lake) -> None:
    load = write(lake, [])
    assert lake.newest("s", "t", "a/1", DAY) == load
    assert lake.records(load) == []


def test_an_account_id_with_a_slash_stays_one_folder(lake: Lake) -> None:
    write(lake, ["{}"])
    assert lake.landed_days("s", "t", "a/1") == {DAY}


def test_unfinished_loads_are_swept_when_they_are_old(tmp_path: Path) -> None:
    lake = Lake(str(tmp_path / "lake"))
    begun = begin(lake, kind="k", source="s", stream="t", account_id="a", day=DAY, fetched_at=AT)
    begun.append(["{}"] * BUFFER_ROWS)
    kept = write(lake, ["{}"])
    assert lake.sweep("s", datetime(2000, 1, 1, tzinfo=UTC)) == 0
    assert lake.sweep("s", datetime(2200, 1, 1, tzinfo=UTC)) == 1
    assert lake.newest("s", "t", "a/1", DAY) == kept
