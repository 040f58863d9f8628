"""The drop folder: days appear once they are over, whole and always the same."""

from __future__ import annotations

from pathlib import Path

from sandbox.clock import day_of, night
from sandbox.faults import Faults
from sandbox.files import Drop
from sandbox.world import World

FILES = {"orders.csv", "order_lines.parquet", "refunds.ndjson", "coupons.csv"}


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_each_closed_day_has_its_files_and_no_temporary_ones(world: World, tmp_path: Path) -> None:
    days = Drop(world, tmp_path, Faults()).deliver(night(day_of("2026-01-05")))
    assert days == [f"2026-01-0{n}" for n in range(1, 6)]
    for day in days:
        costs = {"costs.csv"} if day in ("2026-01-02", "2026-01-05") else set()
        assert {path.name for path in (tmp_path / day).iterdir()} == FILES | costs


def test_delivering_again_writes_nothing_and_elsewhere_the_same_bytes(
    world: World, tmp_path: Path
) -> None:
    now = night(day_of("2026-01-20"))
    one, other = Drop(world, tmp_path / "a", Faults()), Drop(world, tmp_path / "b", Faults())
    one.deliver(night(day_of("2026-01-09")))
    one.deliver(now)
    assert one.deliver(now) == []
    other.deliver(now)
    assert contents(tmp_path / "a") == contents(tmp_path / "b")


def test_a_day_that_was_left_half_written_is_written_again(world: World, tmp_path: Path) -> None:
    now = night(day_of("2026-01-03"))
    drop = Drop(world, tmp_path, Faults())
    drop.deliver(now)
    whole = contents(tmp_path)
    (tmp_path / "2026-01-02" / "coupons.csv").unlink()
    (tmp_path / "2026-01-02" / "orders.csv").write_text("half")
    assert drop.deliver(now) == ["2026-01-02"]
    assert contents(tmp_path) == whole
