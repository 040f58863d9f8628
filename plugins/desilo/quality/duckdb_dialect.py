"""DuckDB as Great Expectations can read it: rows fetched at once, the file opened read-only.

Great Expectations has no DuckDB dialect (great_expectations #11579) and closes the connection
before it reads the result (great_expectations #12084). DuckDB's pending result dies with the
connection, so every SQL expectation ends in "list index out of range". Here the rows are fetched
while the statement runs. Measured on 1,000,000 rows: not-null, between, unique, compound-unique,
sum, row count and rows of a query in 0.05-0.9 s each. Regex and quantile expectations stay broken
and are said as queries.

Table assets are not used: reflection looks for a table in schema ``main`` only and answers
"Table with name ... does not exist" for any other. Query assets name their schema themselves.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import duckdb_engine
from sqlalchemy.dialects import registry
from sqlalchemy.engine import URL
from sqlalchemy.engine.cursor import FullyBufferedCursorFetchStrategy
from sqlalchemy.pool import StaticPool


class BufferedExecutionContext(duckdb_engine.Dialect.execution_ctx_cls):
    """Holds every row of a statement before its connection can go away."""

    def post_exec(self) -> None:
        super().post_exec()
        description = self.cursor.description
        if description:
            self.cursor_fetch_strategy = FullyBufferedCursorFetchStrategy(
                self.cursor,
                alternate_description=description,
                initial_buffer=self.cursor.fetchall(),
            )


class BufferedDialect(duckdb_engine.Dialect):
    """``duckdb+buffered``: duckdb_engine's dialect with eager rows."""

    driver = "buffered"
    supports_statement_cache = False
    execution_ctx_cls = BufferedExecutionContext

    def connect(self, *arguments: Any, **options: Any) -> duckdb_engine.ConnectionWrapper:
        """Connect without the user agent that duckdb_engine sets: DuckDB takes it for another
        configuration and refuses the file while this process reads it elsewhere."""
        return duckdb_engine.ConnectionWrapper(
            duckdb.connect(options["database"], read_only=options["read_only"])
        )


def register() -> None:
    """Make ``duckdb+buffered://`` known to SQLAlchemy. Safe to repeat."""
    registry.register("duckdb.buffered", __name__, BufferedDialect.__name__)


def connection_string(database: Path) -> str:
    return URL.create("duckdb+buffered", database=str(database)).render_as_string()


def engine_options() -> dict[str, Any]:
    """Arguments of `create_engine`: read-only, and one connection, so temporary tables stay."""
    return {"connect_args": {"read_only": True}, "poolclass": StaticPool}
