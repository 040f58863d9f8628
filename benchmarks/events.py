"""A lake of any number of app events, written by vectors: 1 M events in seconds.

The people are simple (a third sign in, devices are their own) but every record is a whole
Amplitude record, so that staging, identity, sessions and touches do their real work. Orders of the
people who buy lie beside it.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb

from desilo.lake import Lake, Load, new_load_id

FIRST_DAY = date(2026, 1, 1)
EVENTS_PER_DEVICE = 10

RECORDS = """
select to_json({{
    'uuid': md5('{day}' || i::varchar), '$insert_id': 'i' || md5('{day}' || i::varchar),
    'amplitude_id': device, 'app': 434000, 'device_id': 'd' || device,
    'user_id': case when signed_in then 'u' || device end,
    'event_type': kind, 'session_id': epoch_ms(moment), 'library': 'amplitude-js',
    'platform': 'Web', 'country': 'Germany', 'city': 'Berlin', 'os_name': 'iOS',
    'event_properties': {{
        'utm_source': case when kind = 'Landing Viewed' and device % 4 = 0 then 'newsletter' end,
        'utm_medium': case when kind = 'Landing Viewed' and device % 4 = 0 then 'email' end,
        'gclid': case when kind = 'Landing Viewed' and device % 4 = 1 then 'g' || i end,
        'utm_campaign': case when kind = 'Landing Viewed' and device % 4 = 1 then 'c1' end,
        'page_path': '/p/' || (i % 100)
    }},
    'user_properties': {{'email': case when signed_in then sha256('e' || device) end}},
    'event_time': strftime(moment, '%Y-%m-%d %H:%M:%S.%f'),
    'client_event_time': strftime(moment, '%Y-%m-%d %H:%M:%S.%f'),
    'server_upload_time': strftime(moment + interval 5 second, '%Y-%m-%d %H:%M:%S.%f'),
    'server_received_time': strftime(moment + interval 4 second, '%Y-%m-%d %H:%M:%S.%f')
}})::varchar as record, i as seq
from (
    select i, device, device % 3 = 0 as signed_in,
        case i % 10 when 0 then 'Landing Viewed' when 1 then 'Registered' when 2 then 'Signed In'
            when 3 then 'Product Added' else 'Product Viewed' end as kind,
        timestamp '{day}' + (hash(i, '{day}') % 86000)::bigint * interval 1 second
            + (i % 1000000) * interval 1 microsecond as moment
    from (
        select i, (hash('{day}', i // {per_device}) % {devices})::bigint as device
        from range({events}) as numbers (i)
    )
)
"""

ORDERS = """
select to_json({{'order_id': 'o' || '{day}' || i, 'customer_id': 'k' || device,
    'user_id': 'u' || device, 'email': sha256('e' || device), 'phone': null,
    'ordered_at': '{day}T18:00:00+00:00', 'status': 'paid', 'currency': 'EUR',
    'coupon_code': null, 'consent': true}})::varchar as record, i as seq
from (
    select i, ((hash('{day}', 'o', i) % ({devices} // 3)) * 3)::bigint as device
    from range({orders}) as numbers (i)
)
"""

LINES = """
select to_json({{'order_id': 'o' || '{day}' || i, 'line_no': 1, 'product_id': 'p' || (i % 50),
    'quantity': 1, 'unit_price': '50.00', 'discount': '0.00', 'unit_cost': '20.00'}})::varchar
    as record, i as seq
from range({orders}) as numbers (i)
"""


def write_lake(lake: Lake, *, events: int, days: int, first: date = FIRST_DAY) -> None:
    """Write `events` app events and a hundredth as many orders, spread evenly over `days`."""
    per_day = events // days
    devices = max(events // EVENTS_PER_DEVICE, 30)
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        for day in (first + timedelta(days=offset) for offset in range(days)):
            values = {
                "day": day.isoformat(),
                "events": per_day,
                "devices": devices,
                "per_device": 5,
                "orders": per_day // 100,
            }
            _write(connection, lake, "amplitude", "events", "434000", day, RECORDS.format(**values))
            for stream, sql in (("orders", ORDERS), ("order_lines", LINES)):
                _write(connection, lake, "order_files", stream, "shop-1", day, sql.format(**values))


def _write(
    connection: duckdb.DuckDBPyConnection,
    lake: Lake,
    kind: str,
    stream: str,
    account: str,
    day: date,
    sql: str,
) -> Load:
    at = datetime(day.year, day.month, day.day, 8, 30, tzinfo=UTC) + timedelta(days=1)
    load_id = new_load_id(at)
    folder = Path(lake.partition(kind, stream, account, day)) / f"load={load_id}"
    folder.mkdir(parents=True)
    connection.execute(
        f"copy ({sql}) to '{folder}/part-0000.parquet' (format parquet, compression zstd)"
    )
    counted = connection.execute(f"select count(*) from '{folder}/part-0000.parquet'").fetchone()
    assert counted is not None
    load = Load(
        kind=kind, source=kind, stream=stream, account_id=account, day=day, load_id=load_id,
        fetched_at=at, rows=counted[0], record_bytes=0, checksum=load_id, status="complete",
        reason="", same_as="", api_version="", request="",
    )  # fmt: skip
    (folder / "_load.json").write_bytes(load.to_json())
    return load
