"""Who may import whom. The picture is in ARCHITECTURE.md; this is what keeps it true."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from desilo import settings

ROOT = settings.PROJECT_ROOT


def imports(path: Path) -> Iterator[str]:
    """Modules that a file imports, wherever in it the import stands."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def files(*folders: str) -> list[Path]:
    found = [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]
    assert found, folders
    return found


def offenders(paths: list[Path], *forbidden: str) -> list[str]:
    return [
        f"{path.relative_to(ROOT)} imports {module}"
        for path in paths
        for module in imports(path)
        if any(module == name or module.startswith(f"{name}.") for name in forbidden)
    ]


def test_sources_know_nothing_of_the_orchestrator_or_the_house() -> None:
    house = ("lake", "landing", "warehouse", "release", "operators", "assets", "transform")
    assert not offenders(
        files("plugins/desilo/sources"), "airflow", *(f"desilo.{name}" for name in house)
    )


def test_the_sandbox_and_the_product_share_no_code() -> None:
    assert not offenders(files("sandbox"), "desilo", "expectations", "airflow")
    assert not offenders(files("plugins", "dags", "expectations"), "sandbox")


def test_expectations_know_great_expectations_only() -> None:
    assert not offenders(files("expectations"), "desilo", "airflow", "duckdb", "sqlalchemy")


def test_dags_know_operators_assets_days_and_settings_only() -> None:
    allowed = {"desilo", "desilo.operators", "desilo.assets", "desilo.days", "desilo.settings"}
    for path in files("dags"):
        own = {module for module in imports(path) if module.split(".")[0] == "desilo"}
        assert {m for m in own if m not in allowed and m.rsplit(".", 1)[0] not in allowed} == set()


def test_only_operators_assets_and_the_local_runner_know_airflow() -> None:
    knowing = {"assets.py", "local.py", "nightly.py"}
    others = [
        path
        for path in files("plugins/desilo")
        if path.name not in knowing and "operators" not in path.parts
    ]
    assert not offenders(others, "airflow")


def test_only_settings_reads_the_environment() -> None:
    """The runner and the command line set it for those they start; nobody else touches it."""
    setters = {
        "settings.py", "local.py", "nightly.py", "up.py", "__main__.py", "transform.py", "gate.py",
    }  # fmt: skip
    reading = [
        str(path.relative_to(ROOT))
        for path in files("plugins/desilo")
        if path.name not in setters
        and any(name in path.read_text("utf-8") for name in ("os.environ", "os.getenv"))
    ]
    assert reading == []


def test_only_the_warehouse_and_the_release_open_databases() -> None:
    openers = {"warehouse.py", "release.py"}
    others = [
        path
        for path in files("plugins/desilo")
        if path.name not in openers and "duckdb.connect(" in path.read_text("utf-8")
    ]
    # The pages and the gates open the one database that they are given, read-only.
    readers = {"war_room", "quality", "mart_docs"}
    assert [path.name for path in others if not readers & set(path.parts)] == []


@pytest.mark.parametrize("path", files("plugins", "sandbox", "expectations"), ids=lambda p: p.name)
def test_no_file_has_two_jobs(path: Path) -> None:
    assert len(path.read_text("utf-8").splitlines()) <= 400


def test_only_staging_reads_records_and_marts_read_no_staging_model() -> None:
    """Later layers may ask which loads there are, and what an earlier release said; what is in the
    loads comes through staging."""
    lists = {
        "loads", "accounts_expected", "changed_partitions", "applied_loads", "night",
        "previous_release", "previous_identifiers", "previous_dropped", "previous_changes",
    }  # fmt: skip
    models = ROOT / "dbt_project" / "models"
    for path in sorted(models.rglob("*.sql")):
        text = path.read_text("utf-8")
        layer = path.relative_to(models).parts[0]
        if layer != "staging":
            assert set(re.findall(r"source\('raw', '(\w+)'\)", text)) <= lists, path
        if layer == "marts":
            assert not re.findall(r"ref\('(?:stg|base)_\w+'\)", text), path
