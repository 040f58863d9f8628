"""Incremental equals full: nights in a row give what one build from nothing gives."""

from __future__ import annotations

from pathlib import Path

from tests.integration.nights import World


def test_many_nights_give_what_one_build_from_nothing_gives(tmp_path: Path) -> None:
    """Three nights in a row, then the same lake built from nothing: every mart's checksum."""
    world = World(tmp_path / "world", {"DESILO_SANDBOX": "small"})
    world.folder.mkdir()
    for day in ("2026-03-28", "2026-03-30", "2026-03-31"):
        world.night("--day", day)
    incremental = world.content()
    assert not world.manifest()["is_full_refresh"]
    # The nights had something to restate, and the history says what moved.
    restated = "select count(*) > 0 from fct_spend_restatement where previous_load_id is not null"
    refunded = "select count(*) > 0 from fct_refunds where refund_date > date '2026-03-28'"
    told = [world.rows(sql)[0][0] for sql in (restated, refunded)]
    (world.home / "build.duckdb").unlink()
    world.night("--day", "2026-03-31")
    assert world.manifest()["is_full_refresh"]
    assert world.content() == incremental
    assert told == [True, True]
