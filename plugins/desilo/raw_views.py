"""What dbt reads as schema `raw`: the streams that a build lacks, and an earlier release.

Both are views where DuckDB can read the files by itself, so nothing is copied before dbt types it.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb

from desilo.lake import Lake
from desilo.sources import REGISTRY

AD_PLATFORM_REPORTS = ("ad_daily", "campaign_daily")
"""Streams whose superseded loads are read too: they make the history of restatement."""
_KEYS = dict.fromkeys(("identifier_type", "namespace", "identifier_value"), "varchar")
PREVIOUS: dict[str, tuple[str, dict[str, str]]] = {
    "identifiers": (
        "person_identifiers",
        {**_KEYS, "person_id": "varchar", "valid_to": "timestamp", "confidence": "double"},
    ),
    "dropped": (
        "identity_dropped",
        {
            **_KEYS,
            **dict.fromkeys(
                (
                    "rule_id", "reason", "counterpart_type", "counterpart_namespace",
                    "counterpart_value", "source",
                ),
                "varchar",
            ),
        },
    ),
    "changes": (
        "identity_changes",
        {
            "change_date": "date",
            **dict.fromkeys(
                (
                    "change_kind", "basis", "person_id_before", "person_id_after", "cause",
                    "rule_id", "source", "left_type", "left_value", "right_type", "right_value",
                ),
                "varchar",
            ),
            "identifiers": "bigint",
            "orders": "bigint",
            "net_revenue": "decimal(18, 6)",
            "contribution_margin": "decimal(18, 6)",
            "touches": "bigint",
            "cohort_month_before": "date",
            "cohort_month_after": "date",
        },
    ),
}  # fmt: skip
"""What `raw.previous_<name>` shows of an earlier release: its table and the columns it needs."""


@dataclass(frozen=True)
class Previous:
    """An earlier release that tonight's is compared with: its day and its folder."""

    day: date
    folder: Path


def show_streams(connection: duckdb.DuckDBPyConnection, lake: Lake, day: date) -> None:
    """Make `raw.<kind>__<stream>` of what changed, and `__history` of reports not yet taken in."""
    changed = _files(
        connection,
        """
        select loads.* from raw.loads join raw.changed_partitions as changed
            on loads.source = changed.source and loads.stream = changed.stream
            and loads.account_id = changed.account_id and loads.day = changed.day
            and loads.load_id = changed.load_id
        """,
    )
    history = _files(
        connection,
        f"""
        select * from raw.loads
        where status = 'complete' and load_id = content_id and day <= date '{day}'
            and stream in {AD_PLATFORM_REPORTS}
            and path not in (select path from raw.applied_loads)
        """,
    )
    if not lake.is_local:
        connection.register_filesystem(lake.fs)
    for kind, source_type in REGISTRY.items():
        for stream in source_type.streams:
            name = f"{kind}__{stream.name}"
            _show(connection, lake, name, changed[kind, stream.name])
            if stream.name in AD_PLATFORM_REPORTS:
                _show(connection, lake, f"{name}__history", history[kind, stream.name])


def show_previous(connection: duckdb.DuckDBPyConnection, previous: Previous | None) -> None:
    """Make `raw.previous_*` of a release; empty where there is none or it is of an older shape."""
    if previous and not all(
        _has_columns(connection, previous, table, set(columns))
        for table, columns in PREVIOUS.values()
    ):
        previous = None
    for name, (table, columns) in PREVIOUS.items():
        shown = ", ".join(
            f"cast({column if previous else 'null'} as {kind}) as {column}"
            for column, kind in columns.items()
        )
        rows = f"from {_parquet(previous, table)}" if previous else "where false"
        connection.execute(f"create or replace view raw.previous_{name} as select {shown} {rows}")
    day = f"date '{previous.day}' as day" if previous else "null::date as day where false"
    connection.execute(f"create or replace view raw.previous_release as select {day}")


def _parquet(previous: Previous, table: str) -> str:
    return f"read_parquet({_text(str(previous.folder / 'parquet' / f'{table}.parquet'))})"


def _has_columns(
    connection: duckdb.DuckDBPyConnection, previous: Previous, table: str, wanted: set[str]
) -> bool:
    if not (previous.folder / "parquet" / f"{table}.parquet").exists():
        return False
    return wanted <= set(connection.sql(f"select * from {_parquet(previous, table)}").columns)


def _files(
    connection: duckdb.DuckDBPyConnection, query: str
) -> dict[tuple[str, str], dict[str, list[str]]]:
    """Parquet files by (kind, stream) and source."""
    files: dict[tuple[str, str], dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    rows = connection.execute(
        f"select kind, source, stream, path from ({query}) where rows > 0 order by path"
    ).fetchall()
    for kind, source, stream, path in rows:
        files[kind, stream][source].append(f"{path}/part-0000.parquet")
    return files


def _show(
    connection: duckdb.DuckDBPyConnection,
    lake: Lake,
    name: str,
    files: dict[str, list[str]],
) -> None:
    """Make `raw.<name>`: a view where DuckDB can read the lake by itself, else a table."""
    selects = [
        f"""
        select
            {_text(source)} as source,
            account as account_id,
            cast(day as date) as day,
            load as load_id,
            strptime(left(load, 16), '%Y%m%dT%H%M%SZ') as fetched_at,
            seq,
            record
        from read_parquet([{", ".join(_text(path) for path in paths)}],
            hive_partitioning = true, hive_types_autocast = false)
        """
        for source, paths in files.items()
    ]
    nothing = (
        "select null::varchar as source, null::varchar as account_id, null::date as day, "
        "null::varchar as load_id, null::timestamp as fetched_at, null::bigint as seq, "
        "null::varchar as record where false"
    )
    query = " union all ".join(selects) or nothing
    _drop(connection, name)
    if lake.is_local:
        connection.execute(f"create view raw.{name} as {query}")
    else:
        connection.execute(f"create table raw.{name} as {_remote(query, lake, files)}")


def _remote(query: str, lake: Lake, files: dict[str, list[str]]) -> str:
    protocol = lake.fs.protocol if isinstance(lake.fs.protocol, str) else lake.fs.protocol[0]
    for paths in files.values():
        for path in paths:
            query = query.replace(_text(path), _text(f"{protocol}://{path.lstrip('/')}"))
    return query


def _drop(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    row = connection.execute(
        "select table_type from information_schema.tables "
        "where table_schema = 'raw' and table_name = ?",
        [name],
    ).fetchone()
    if row:
        connection.execute(f"drop {'view' if row[0] == 'VIEW' else 'table'} raw.{name}")


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
