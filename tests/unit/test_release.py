"""Releases: they appear whole, are switched at once, and can be gone back to."""

from __future__ import annotations

import json
import os
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import pytest

from desilo import release, settings, war_room, warehouse
from desilo.quality import CheckResult

DAY = date(2026, 3, 31)
BUILD = warehouse.Build(DAY, True, 3, "")


def check(name: str, severity: str, *, success: bool) -> CheckResult:
    return CheckResult(
        gate="release", suite="s", check_name=name, severity=severity, success=success,  # type: ignore[arg-type]
        observed_value="1", unexpected_count=0, details=f"{name} said so", subject="t",
        checked_at=datetime(2026, 4, 1),
    )  # fmt: skip


@pytest.fixture
def built(world: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A build database with two marts, and a page that is one line."""

    def render(database: Path, site_dir: Path, manifest: object) -> None:
        del database, manifest
        site_dir.mkdir(parents=True, exist_ok=True)
        (site_dir / "index.html").write_text("<p>page</p>")

    monkeypatch.setattr(war_room, "render", render)
    with warehouse.writer() as connection:
        connection.execute(warehouse.SCHEMA_SQL)
        connection.execute("create schema marts")
        connection.execute(
            "create table marts.meta_sources as select 'meta_ads' as source, '1' as account_id, "
            "date '2026-03-31' as data_through_date"
        )
        connection.execute("create table marts.fct as select range as id from range(10)")
    return world


def publish() -> release.Release:
    return release.publish(BUILD, settings.configuration(), gate_docs={}, dbt_docs=None)


def status() -> dict:
    text = (settings.releases_dir() / "status.js").read_text()
    return json.loads(text.removeprefix("window.DESILO_STATUS = ").rstrip().rstrip(";"))


def test_a_release_holds_the_marts_as_a_database_and_as_parquet(built: Path) -> None:
    del built
    published = publish()
    assert published.release_id == "2026-03-31.01"
    assert warehouse.query(published.database, "select count(*) from fct") == [(10,)]
    parquet = published.folder / "parquet" / "fct.parquet"
    with duckdb.connect() as connection:
        assert connection.execute(f"select count(*) from '{parquet}'").fetchone() == (10,)
    assert published.manifest["data_through"] == {"meta_ads/1": "2026-03-31"}
    assert published.manifest["tables"]["fct"]["rows"] == 10


def test_descriptions_travel_with_the_columns(built: Path) -> None:
    del built
    described = {"fct": {"": "One row per number.", "id": "It's one of ten."}}
    published = release.publish(
        BUILD, settings.configuration(), gate_docs={}, dbt_docs=None, descriptions=described
    )
    assert warehouse.query(
        published.database,
        "select t.comment, c.comment from duckdb_tables() as t "
        "join duckdb_columns() as c using (table_name) where table_name = 'fct'",
    ) == [("One row per number.", "It's one of ten.")]


def test_the_same_build_published_twice_has_the_same_content(built: Path) -> None:
    del built
    first, second = publish(), publish()
    assert (first.release_id, second.release_id) == ("2026-03-31.01", "2026-03-31.02")
    tables = [name for name in first.manifest["tables"] if not name.startswith("meta_")]
    for name in tables:
        assert first.manifest["tables"][name] == second.manifest["tables"][name]


def test_a_reader_holds_its_release_open_while_the_next_one_is_published(built: Path) -> None:
    del built
    publish()
    current = settings.releases_dir() / "current" / "marts.duckdb"
    with duckdb.connect(str(current), read_only=True) as reader:
        publish()
        assert reader.execute("select count(*) from fct").fetchone() == (10,)
    assert os.readlink(settings.releases_dir() / "current") == "2026-03-31.02"


def test_what_a_killed_publication_left_is_cleared_by_the_next(built: Path) -> None:
    del built
    left = settings.releases_dir() / f"{release.BUILDING}2026-03-31.01"
    left.mkdir(parents=True)
    publish()
    assert not left.exists()
    assert [each.release_id for each in release.releases()] == ["2026-03-31.01"]


def test_rollback_serves_the_release_before_and_then_any_that_is_named(built: Path) -> None:
    del built
    for _ in range(3):
        publish()
    assert release.rollback().release_id == "2026-03-31.02"
    assert release.rollback("2026-03-31.03").release_id == "2026-03-31.03"
    serving = release.current()
    assert serving is not None
    assert serving.release_id == status()["current"] == "2026-03-31.03"


def test_rollback_past_the_first_release_lists_what_is_kept(built: Path) -> None:
    del built
    publish()
    with pytest.raises(release.ReleaseError, match=r"2026-03-31\.01"):
        release.rollback()
    with pytest.raises(release.ReleaseError, match="not kept"):
        release.rollback("2020-01-01.01")


def test_old_releases_are_forgotten_beyond_the_number_kept(
    built: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    del built
    monkeypatch.setenv("DESILO_KEEP_RELEASES", "2")
    for _ in range(4):
        publish()
    assert [each.release_id for each in release.releases()] == ["2026-03-31.03", "2026-03-31.04"]


def test_a_blocked_night_changes_nothing_but_says_so(built: Path, tmp_path: Path) -> None:
    del built
    publish()
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "index.html").write_text("evidence")
    checks = [
        check("money_in_range", "critical", success=False),
        check("account_fresh", "warning", success=False),
        check("grain", "critical", success=True),
    ]
    release.block(date(2026, 4, 1), checks, {"release": docs}, run_id="second night")
    serving = release.current()
    assert serving is not None
    assert serving.release_id == "2026-03-31.01"
    attempt = status()["last_attempt"]
    assert (attempt["day"], attempt["result"]) == ("2026-04-01", "blocked")
    assert [reason["check_name"] for reason in attempt["reasons"]] == ["money_in_range"]
    assert (settings.releases_dir() / attempt["docs"]).exists()
    assert [each["details"] for each in release.blocking_reasons("second night")] == [
        "money_in_range said so"
    ]


def test_a_later_failure_of_the_same_day_is_not_taken_for_the_block(
    built: Path, tmp_path: Path
) -> None:
    del built
    docs = tmp_path / "docs"
    docs.mkdir()
    checks = [check("money_in_range", "critical", success=False)]
    release.block(DAY, checks, {"landing": docs}, run_id="first try")
    assert release.blocking_reasons("second try") == []
    release.failed(DAY, "a model failed")
    assert release.blocking_reasons("first try") == []
    assert status()["last_attempt"]["result"] == "failed"


def test_nothing_is_current_before_the_first_release(world: Path) -> None:
    del world
    assert release.current() is None
    assert release.releases() == []


def test_publication_takes_its_time_from_the_settings(built: Path) -> None:
    del built
    when = datetime.fromisoformat(publish().manifest["published_at"])
    assert when == datetime(2026, 4, 1, 8, 30, tzinfo=UTC)
