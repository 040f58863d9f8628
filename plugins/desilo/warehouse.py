"""The one owner of connections to the build database.

DuckDB has one writing process. Whoever writes takes the lock of `writer` first, so a second
process waits instead of dying on DuckDB's own lock.

`prepare` shows dbt the lake: for every stream a view ``raw.<kind>__<stream>`` over the Parquet
files of the partitions (source, account, day) whose newest load the build database does not hold
yet. A night therefore reads the night; a full refresh reads every newest load. `settle` writes down
what the build database now holds, after dbt has taken it in: a crash in between repeats the same
partitions, which changes nothing.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pyarrow as pa

from desilo import raw_views, settings
from desilo.durable import checkpoint, lock
from desilo.lake import Lake

LOCK_WAIT_S = 900.0
SCHEMA_SQL = """
create schema if not exists raw;
create schema if not exists meta;
create table if not exists raw.loads (
    kind varchar, source varchar, stream varchar, account_id varchar, day date,
    load_id varchar, content_id varchar, fetched_at timestamp, rows bigint, bytes bigint,
    status varchar, reason varchar, api_version varchar, is_newest boolean, path varchar primary key
);
create table if not exists raw.applied_loads (path varchar primary key);
create table if not exists raw.applied_partitions (
    source varchar, stream varchar, account_id varchar, day date, content_id varchar,
    primary key (source, stream, account_id, day)
);
create table if not exists meta.builds (
    day date, fingerprint varchar, is_full_refresh boolean, settled_at timestamp
);
create table if not exists meta.models (
    layer varchar, model varchar, status varchar, rows_affected bigint, execution_s double,
    message varchar
);
create table if not exists meta.checks (
    gate varchar, suite varchar, check_name varchar, severity varchar, success boolean,
    observed_value varchar, unexpected_count bigint, details varchar, subject varchar,
    checked_at timestamp
);
"""


@dataclass(frozen=True)
class Build:
    """What one build is to do: its day, whether it starts from nothing, and how much is new.

    changed_partitions counts (source, stream, account, day) whose content the database lacks.
    """

    day: date
    is_full_refresh: bool
    changed_partitions: int
    why: str


@contextlib.contextmanager
def writer(database: Path | None = None) -> Iterator[duckdb.DuckDBPyConnection]:
    """The writing connection, alone.

    Raises:
        desilo.durable.BusyError: another process writes and does not finish.
    """
    database = database or settings.build_database()
    database.parent.mkdir(parents=True, exist_ok=True)
    with exclusive(database), duckdb.connect(str(database)) as connection:
        yield connection


@contextlib.contextmanager
def exclusive(database: Path | None = None) -> Iterator[None]:
    """The right to write, for those who open the file themselves (dbt)."""
    database = database or settings.build_database()
    with lock(database.with_suffix(".lock"), what="the build database", wait_s=LOCK_WAIT_S):
        yield


def prepare(
    lake: Lake,
    configuration: settings.Configuration,
    day: date,
    *,
    force_full: bool = False,
    previous: raw_views.Previous | None = None,
) -> Build:
    """Show dbt what the lake has for a build of `day`, and an earlier release of that day or one
    before, so that it can tell what changed. Safe to repeat."""
    with writer() as connection:
        connection.execute(SCHEMA_SQL)
        _learn_loads(connection, lake)
        why = (
            "asked for" if force_full else _reason_for_full_refresh(connection, configuration, day)
        )
        if why:
            connection.execute("delete from raw.applied_loads; delete from raw.applied_partitions")
        connection.execute(f"create or replace table raw.night as select date '{day}' as day")
        _expect_accounts(connection, configuration)
        changed = _mark_changed(connection, day)
        raw_views.show_streams(connection, lake, day)
        raw_views.show_previous(connection, previous)
        return Build(day, bool(why), changed, why)


def settle(configuration: settings.Configuration, build: Build) -> None:
    """Write down that the build database holds the loads that `prepare` showed."""
    checkpoint("settling the build")
    with writer() as connection:
        connection.execute("begin")
        connection.execute(
            """
            insert or replace into raw.applied_partitions
            select source, stream, account_id, day, content_id
            from raw.changed_partitions
            """
        )
        connection.execute(
            "insert or ignore into raw.applied_loads "
            "select path from raw.loads where status = 'complete' and day <= ?",
            [build.day],
        )
        connection.execute("delete from meta.builds")
        connection.execute(
            "insert into meta.builds values (?, ?, ?, ?)",
            [
                build.day,
                fingerprint(configuration),
                build.is_full_refresh,
                settings.now().replace(tzinfo=None),
            ],
        )
        connection.execute("commit")


def built() -> Build | None:
    """What the build database holds: the day of the last build, or none."""
    if not settings.build_database().exists():
        return None
    with writer() as connection:
        connection.execute(SCHEMA_SQL)
        row = connection.execute("select day, is_full_refresh from meta.builds").fetchone()
    return Build(row[0], row[1], 0, "") if row else None


def keep(table: str, column: str, value: str, rows: Sequence[Sequence[object]]) -> None:
    """Replace the rows of `meta.<table>` whose column has this value."""
    checkpoint(f"keeping {table} of {value}")
    with writer() as connection:
        connection.execute("begin")
        connection.execute(f"delete from meta.{table} where {column} = ?", [value])
        if rows:
            marks = ", ".join("?" for _ in rows[0])
            connection.executemany(f"insert into meta.{table} values ({marks})", rows)
        connection.execute("commit")


def fingerprint(configuration: settings.Configuration) -> str:
    """Names the logic and the rules the build database was made with."""
    digest = hashlib.sha256()
    for name in ("dbt_project.yml", "models", "macros", "seeds"):
        part = settings.DBT_PROJECT_DIR / name
        for path in [part] if part.is_file() else sorted(part.rglob("*")):
            if path.is_file():
                digest.update(str(path.relative_to(settings.DBT_PROJECT_DIR)).encode())
                digest.update(path.read_bytes())
    rules = (
        configuration.business_timezone,
        configuration.base_currency,
        configuration.start_date.isoformat(),
    )
    digest.update("|".join(rules).encode())
    return digest.hexdigest()[:16]


def _learn_loads(connection: duckdb.DuckDBPyConnection, lake: Lake) -> None:
    known = {row[0] for row in connection.execute("select path from raw.loads").fetchall()}
    there = dict(lake.load_files())
    gone = known - there.keys()
    if gone:
        connection.executemany("delete from raw.loads where path = ?", [[path] for path in gone])
    new = [(path, lake.read_load(there[path])) for path in sorted(there.keys() - known)]
    if new:
        table = pa.table(
            {
                "kind": [load.kind for _, load in new],
                "source": [load.source for _, load in new],
                "stream": [load.stream for _, load in new],
                "account_id": [load.account_id for _, load in new],
                "day": [load.day for _, load in new],
                "load_id": [load.load_id for _, load in new],
                "content_id": [load.content_id for _, load in new],
                "fetched_at": [load.fetched_at.replace(tzinfo=None) for _, load in new],
                "rows": [load.rows for _, load in new],
                "bytes": [load.record_bytes for _, load in new],
                "status": [load.status for _, load in new],
                "reason": [load.reason for _, load in new],
                "api_version": [load.api_version for _, load in new],
                "path": [path for path, _ in new],
            }
        )
        connection.register("new_loads", table)
        connection.execute(
            "insert into raw.loads by name select *, false as is_newest from new_loads"
        )
        connection.unregister("new_loads")
    connection.execute(
        """
        update raw.loads set is_newest = ranked.is_newest
        from (
            select path, status = 'complete' and load_id = max(load_id) filter (
                where status = 'complete'
            ) over (partition by source, stream, account_id, day) as is_newest
            from raw.loads
        ) as ranked
        where loads.path = ranked.path and loads.is_newest is distinct from ranked.is_newest
        """
    )


def _reason_for_full_refresh(
    connection: duckdb.DuckDBPyConnection, configuration: settings.Configuration, day: date
) -> str:
    row = connection.execute("select day, fingerprint from meta.builds").fetchone()
    if row is None:
        return "nothing was built yet"
    if row[1] != fingerprint(configuration):
        return "models, seeds or rules changed"
    if day < row[0]:
        return f"the database holds {row[0]}, a later day"
    return ""


def _expect_accounts(
    connection: duckdb.DuckDBPyConnection, configuration: settings.Configuration
) -> None:
    connection.execute(
        "create or replace table raw.accounts_expected (kind varchar, source varchar, "
        "account_id varchar, is_enabled boolean, reread_days integer)"
    )
    rows = [
        [source.kind, source.name, account, source.is_enabled, source.reread_days]
        for source in configuration.sources
        for account in source.accounts
    ]
    if rows:
        connection.executemany("insert into raw.accounts_expected values (?, ?, ?, ?, ?)", rows)


def _mark_changed(connection: duckdb.DuckDBPyConnection, day: date) -> int:
    """Partitions to take in: new content, and those at the edge of the day built last.

    The edge is taken again because a company day and a UTC or account day overlap: rows that lay
    after the last build's day become visible in this one.
    """
    row = connection.execute("select day from meta.builds").fetchone()
    edge = row[0] - timedelta(days=1) if row else day
    connection.execute(
        """
        create or replace table raw.changed_partitions as
        select
            loads.kind, loads.source, loads.stream, loads.account_id, loads.day,
            loads.content_id as load_id, content.fetched_at, content.rows, loads.content_id,
            loads.content_id is distinct from applied.content_id as is_new
        from raw.loads as loads
        join raw.loads as content
            on content.source = loads.source and content.stream = loads.stream
            and content.account_id = loads.account_id and content.day = loads.day
            and content.load_id = loads.content_id
        left join raw.applied_partitions as applied
            on applied.source = loads.source and applied.stream = loads.stream
            and applied.account_id = loads.account_id and applied.day = loads.day
        where
            loads.is_newest
            and loads.day <= $day
            and (loads.content_id is distinct from applied.content_id or loads.day >= $edge)
        """,
        {"day": day, "edge": edge},
    )
    counted = connection.execute(
        "select count(*) from raw.changed_partitions where is_new"
    ).fetchone()
    return int(counted[0]) if counted else 0


def query(database: Path, sql: str, parameters: Sequence[object] = ()) -> list[tuple[object, ...]]:
    """Read-only rows of a database that nobody writes (a release)."""
    with duckdb.connect(str(database), read_only=True) as connection:
        return connection.execute(sql, list(parameters)).fetchall()
