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
from sandbox.files import order_rows
from sandbox.ledger import known_at
from sandbox.platforms.amplitude_records import Records
from sandbox.world import World
from tests.oracle.project import DATABASE

LOADED = datetime(2026, 4, 1, tzinfo=UTC).replace(tzinfo=None)


def land(connection: duckdb.DuckDBPyConnection, world: World, now: str) -> None:
    """Make `raw.amplitude__events` and `raw.order_files__orders` as of an instant."""
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
    days, records = [], []
    for day in range(FIRST_DAY, known.as_of + 1):
        for row in order_rows(world, day):
            hash_paths(row, {"user_id": "id", **OrderFiles.streams[0].pii})
            days.append(day)
            records.append(orjson.dumps(row).decode())
    _show(connection, "order_files__orders", "order_files", days, records)


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
