"""What dbt is shown of the lake, and when."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import pytest

from desilo import durable, settings, warehouse
from desilo.lake import Lake, begin

DAY = date(2026, 3, 31)
VIEW = "raw.tiktok_ads__ad_daily"


@pytest.fixture
def lake(world: Path) -> Lake:
    del world
    return Lake(settings.lake_url())


def write(
    lake: Lake, records: list[str], *, day: date = DAY, hour: int = 8, suspicion: str = ""
) -> str:
    load = begin(
        lake, kind="tiktok_ads", source="tiktok_ads", stream="ad_daily", account_id="7", day=day,
        fetched_at=datetime(2026, 4, 1, hour, tzinfo=UTC),
    )  # fmt: skip
    load.append(records)
    previous = lake.newest("tiktok_ads", "ad_daily", "7", day)
    return load.commit(previous, suspicion=suspicion).load_id


def build(lake: Lake, day: date = DAY) -> warehouse.Build:
    return warehouse.prepare(lake, settings.configuration(), day)


def rows(query: str) -> list[tuple[object, ...]]:
    with duckdb.connect(str(settings.build_database())) as connection:
        return connection.execute(query).fetchall()


def shown() -> list[object]:
    return [row[0] for row in rows(f"select record from {VIEW} order by day, seq")]


def test_every_stream_of_every_kind_has_a_view_even_with_nothing_in_it(lake: Lake) -> None:
    build(lake)
    names = {
        str(row[0])
        for row in rows("select view_name from duckdb_views() where schema_name = 'raw'")
    }
    assert {
        "meta_ads__ad_daily",
        "amplitude__events",
        "order_files__orders",
        "ecb_rates__rates",
    } <= names
    assert "tiktok_ads__ad_daily__history" in names
    assert shown() == []


def test_the_first_build_shows_everything_up_to_its_day(lake: Lake) -> None:
    write(lake, ["1"], day=date(2026, 3, 30))
    write(lake, ["2"])
    write(lake, ["3"], day=date(2026, 4, 1))
    assert build(lake).is_full_refresh
    assert shown() == ["1", "2"]


def test_the_day_of_the_night_is_a_row_that_the_models_read(lake: Lake) -> None:
    build(lake)
    build(lake, date(2026, 4, 1))
    assert rows("select day from raw.night") == [(date(2026, 4, 1),)]


def test_a_build_that_was_not_settled_is_shown_again(lake: Lake) -> None:
    write(lake, ["1"])
    build(lake)
    assert build(lake).is_full_refresh
    assert shown() == ["1"]


def test_after_settling_only_changed_days_and_the_edge_are_shown(lake: Lake) -> None:
    for day in range(1, 32):
        write(lake, [str(day)], day=date(2026, 3, day))
    warehouse.settle(settings.configuration(), build(lake))
    write(lake, ["5 restated"], day=date(2026, 3, 5), hour=9)
    again = build(lake)
    assert not again.is_full_refresh
    assert again.changed_partitions == 1
    assert shown() == ["5 restated", "30", "31"]


def test_a_reread_that_says_nothing_new_is_nothing_to_build(lake: Lake) -> None:
    write(lake, ["1"], day=date(2026, 3, 5))
    warehouse.settle(settings.configuration(), build(lake))
    write(lake, ["1"], day=date(2026, 3, 5), hour=9)
    assert build(lake).changed_partitions == 0
    assert shown() == []


def test_a_suspect_load_is_not_shown(lake: Lake) -> None:
    write(lake, ["good"])
    write(lake, ["worse"], hour=9, suspicion="shrunken")
    build(lake)
    assert shown() == ["good"]
    assert rows("select status, is_newest from raw.loads order by load_id") == [
        ("complete", True),
        ("suspect", False),
    ]


def test_superseded_loads_stay_visible_as_history_until_applied(lake: Lake) -> None:
    write(lake, ["old"])
    write(lake, ["new"], hour=9)
    first = build(lake)
    history = f"select record from {VIEW}__history order by load_id"
    assert rows(history) == [("old",), ("new",)]
    warehouse.settle(settings.configuration(), first)
    write(lake, ["newest"], hour=10)
    build(lake)
    assert rows(history) == [("newest",)]


def test_an_earlier_day_is_built_from_nothing(lake: Lake) -> None:
    write(lake, ["1"])
    warehouse.settle(settings.configuration(), build(lake))
    earlier = build(lake, date(2026, 3, 30))
    assert earlier.is_full_refresh
    assert "later day" in earlier.why


def test_changed_rules_are_a_reason_to_build_from_nothing(lake: Lake, world: Path) -> None:
    warehouse.settle(settings.configuration(), build(lake))
    assert not build(lake).is_full_refresh
    config = world / "sources.yml"
    config.write_text(config.read_text().replace("EUR", "USD"))
    assert "rules changed" in build(lake).why


def test_a_load_taken_out_of_the_lake_is_forgotten(lake: Lake) -> None:
    write(lake, ["old"])
    write(lake, ["wrong"], hour=9)
    warehouse.settle(settings.configuration(), build(lake))
    newest = max(path for path, _ in lake.load_files())
    lake.fs.rm(newest, recursive=True)
    assert build(lake).changed_partitions == 1
    assert shown() == ["old"]


def test_a_second_writer_is_told_who_is_writing(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(warehouse, "LOCK_WAIT_S", 0.0)
    with warehouse.writer():
        with pytest.raises(durable.BusyError, match="build database is in use by process"):
            with warehouse.writer():
                pass


def test_a_lake_in_an_object_store_is_shown_too(
    world: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DESILO_LAKE", f"memory://{world.name}")
    lake = Lake(settings.lake_url())
    write(lake, ["1", "2"])
    build(lake)
    assert shown() == ["1", "2"]
