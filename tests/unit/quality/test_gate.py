"""The gate runner: read-only, severities honoured, its own failures critical, results in order."""

from __future__ import annotations

import subprocess
import sys
from datetime import datetime
from pathlib import Path

import duckdb
import pytest

from desilo.quality import CheckResult, run_gate
from expectations import registry
from tests.unit.quality import tiny_build

CONTEXT = {"streams": tiny_build.STREAMS}


@pytest.fixture(scope="module")
def good_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_build.build(tmp_path_factory.mktemp("build") / "build.duckdb")


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tiny_build.build(tmp_path / "build.duckdb")


def run(database: Path, docs_dir: Path, gate: str = "release") -> list[CheckResult]:
    result = run_gate(gate, database, day=tiny_build.DAY, docs_dir=docs_dir, context=CONTEXT)  # type: ignore[arg-type]
    return result.checks


def test_reading_results_does_not_import_great_expectations() -> None:
    code = (
        "import sys; sys.path.insert(0, 'plugins'); import desilo.quality; "
        "sys.exit('great_expectations' in sys.modules)"
    )

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_warning_does_not_block(database: Path, tmp_path: Path) -> None:
    with duckdb.connect(str(database)) as connection:
        connection.execute("update marts.meta_sources set status = 'stale'")

    result = run_gate("release", database, day=tiny_build.DAY, docs_dir=tmp_path / "d", context={})

    assert [each.check_name for each in result.warnings] == ["account_fresh"]
    assert result.blocking == []
    assert result.passed


def test_a_check_that_cannot_run_is_a_critical_failure_with_its_text(
    database: Path, tmp_path: Path
) -> None:
    with duckdb.connect(str(database)) as connection:
        connection.execute("alter table marts.meta_sources drop column status")

    result = run_gate("release", database, day=tiny_build.DAY, docs_dir=tmp_path / "d", context={})

    (failed,) = result.blocking
    assert failed.check_name == "account_fresh"  # a warning, were it able to run
    assert failed.severity == "critical"
    assert 'column "status" not found' in failed.details
    assert failed.unexpected_count is None
    assert not result.passed


def test_a_mart_that_is_gone_fails_only_the_checks_that_need_it(
    database: Path, tmp_path: Path
) -> None:
    with duckdb.connect(str(database)) as connection:
        connection.execute("drop table marts.fct_retention")

    checks = run(database, tmp_path / "d")

    failed = {each.check_name for each in checks if not each.success}
    assert failed == {
        "fct_retention_grain_unique", "retention_rate_in_range", "retained_within_eligible",
        "retention_parts_sum_to_all", "no_future_rows",
    }  # fmt: skip


def test_evidence_that_cannot_be_made_fails_what_needs_it_and_says_why(
    database: Path, tmp_path: Path
) -> None:
    with duckdb.connect(str(database)) as connection:
        connection.execute("alter table raw.meta_ads__ad_daily drop column load_id")

    checks = run(database, tmp_path / "d", "landing")

    failed = {each.check_name: each for each in checks if not each.success}
    assert "required_fields_present" in failed
    assert "account_not_silent" not in failed
    assert "evidence record_faults could not be made" in failed["required_fields_present"].details
    assert "load_id" in failed["required_fields_present"].details


def test_the_database_is_not_written_and_not_kept_open(database: Path, tmp_path: Path) -> None:
    before = database.read_bytes()

    run(database, tmp_path / "landing", "landing")
    run(database, tmp_path / "release", "release")

    assert database.read_bytes() == before
    with duckdb.connect(str(database)) as writer:
        writer.execute("create table main.still_writable (a integer)")


def test_another_reader_may_have_the_file_open(good_database: Path, tmp_path: Path) -> None:
    with duckdb.connect(str(good_database), read_only=True):
        assert all(each.success for each in run(good_database, tmp_path / "d"))


def test_results_stand_in_the_declared_order_with_the_night_s_clock(
    good_database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DESILO_NOW", "2026-04-01T10:30:00+02:00")

    first, second = run(good_database, tmp_path / "a"), run(good_database, tmp_path / "b")

    assert first == second
    declared = registry.plan("release", day="2026-03-31", columns={}, context={})
    assert [each.check_name for each in first] == [claim.name for _, claim in declared.claims()]
    assert {each.checked_at for each in first} == {datetime(2026, 4, 1, 8, 30)}


def test_a_database_that_does_not_exist_is_an_error_and_is_not_created(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        run(tmp_path / "none.duckdb", tmp_path / "d")

    assert not (tmp_path / "none.duckdb").exists()
