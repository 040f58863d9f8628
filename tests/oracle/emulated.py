"""The raw tables that a night would land of an emulated world, without the night."""

from __future__ import annotations

from datetime import UTC, datetime

import duckdb
import numpy as np
import orjson
import pyarrow as pa

from desilo.sources.amplitude import Amplitude
from desilo.sources.order_files import OrderFiles
from desilo.sources.pii import hash_paths
from sandbox.clock import DAY, FIRST_DAY, instant
from sandbox.files import line_rows, order_rows, refund_rows
from sandbox.ledger import known_at
from sandbox.platforms.amplitude_records import Records
from sandbox.world import World
from tests.oracle.project import DATABASE

LOADED = datetime(2026, 4, 1, tzinfo=UTC).replace(tzinfo=None)


def land(connection: duckdb.DuckDBPyConnection, world: World, now: str) -> None:
    """Make the raw tables of app events, orders, their lines and refunds as of an instant."""
    known = known_at(world, instant(now))
    uploads = np.flatnonzero(known.events)
    rows = Records(world).between(0, int(uploads.max()) + 1)
    paths = {"user_id": "id", **Amplitude.streams[0].pii}
    days, records = [], []
    for event in uploads.tolist():
        hash_paths(rows[event], paths)
        days.append(int(world.events.uploaded_at[event] // DAY))
        records.append(orjson.dumps(rows[event]).decode())
    _show(connection, "amplitude__events", "amplitude", days, records)
    personal = {"user_id": "id", **OrderFiles.streams[0].pii}
    for stream, rows_of in (
        ("orders", order_rows), ("order_lines", line_rows), ("refunds", refund_rows)
    ):  # fmt: skip
        days, records = [], []
        for day in range(FIRST_DAY, known.as_of + 1):
            for row in rows_of(world, day):
                hash_paths(row, personal)
                days.append(day)
                records.append(orjson.dumps(row).decode())
        _show(connection, f"order_files__{stream}", "order_files", days, records)


def _show(
    connection: duckdb.DuckDBPyConnection,
    name: str,
    source: str,
    days: list[int],
    records: list[str],
) -> None:
    table = pa.table(
        {
            "source": [source] * len(days),
            "account_id": ["1"] * len(days),
            "day": pa.array(days, pa.int32()).cast(pa.date32()),
            "load_id": ["20260401T000000Z-1"] * len(days),
            "fetched_at": pa.array([LOADED] * len(days), pa.timestamp("us")),
            "seq": pa.array(range(len(days)), pa.int64()),
            "record": records,
        }
    )
    connection.register("landed", table)
    connection.execute(f'create table {DATABASE}.raw."{name}" as select * from landed')
    connection.unregister("landed")
