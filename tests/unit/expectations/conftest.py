"""A good build database of the first and of a later night, copied for each test to damage."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from tests.unit.quality import tiny_build


@pytest.fixture(scope="session")
def good_databases(tmp_path_factory: pytest.TempPathFactory) -> dict[bool, Path]:
    folder = tmp_path_factory.mktemp("good")
    return {
        with_marts: tiny_build.build(folder / f"marts_{with_marts}.duckdb", with_marts=with_marts)
        for with_marts in (True, False)
    }


@pytest.fixture
def later_night(good_databases: dict[bool, Path], tmp_path: Path) -> Path:
    return Path(shutil.copy(good_databases[True], tmp_path / "build.duckdb"))


@pytest.fixture
def first_night(good_databases: dict[bool, Path], tmp_path: Path) -> Path:
    return Path(shutil.copy(good_databases[False], tmp_path / "build.duckdb"))


@pytest.fixture
def damage(later_night: Path) -> Callable[[str], Path]:
    """Run statements on the good database of a later night and return it."""

    def run(statements: str) -> Path:
        with duckdb.connect(str(later_night)) as connection:
            connection.execute(statements)
        return later_night

    return run
