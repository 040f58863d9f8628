"""The dialect: rows outlive their connection, the file is read-only, registering is repeatable."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError

from desilo.quality import duckdb_dialect


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "a build.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("create schema marts; create table marts.t as select 1 as a, 'x%' as b")
    return path


def test_rows_outlive_their_connection(database: Path) -> None:
    duckdb_dialect.register()
    duckdb_dialect.register()
    engine = create_engine(
        duckdb_dialect.connection_string(database), **duckdb_dialect.engine_options()
    )

    with engine.connect() as connection:
        result = connection.execute(text("select a, b from marts.t where b like 'x%'"))
    assert [tuple(row) for row in result.fetchall()] == [(1, "x%")]
    engine.dispose()


def test_the_file_is_opened_read_only_and_temporary_tables_stay(database: Path) -> None:
    duckdb_dialect.register()
    engine = create_engine(
        duckdb_dialect.connection_string(database), **duckdb_dialect.engine_options()
    )

    with engine.connect() as connection:
        connection.exec_driver_sql("create temp table kept as select 2 as a")
        connection.commit()
    with engine.connect() as connection:
        assert connection.exec_driver_sql("select a from kept").scalar() == 2
    with engine.connect() as connection, pytest.raises(DBAPIError, match="read-only"):
        connection.exec_driver_sql("insert into marts.t values (2, 'y')")
    engine.dispose()
