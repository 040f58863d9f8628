"""Build time and memory: everything from nothing, then one more night on top."""

from __future__ import annotations

import os
import shutil
from datetime import date, timedelta
from pathlib import Path

import duckdb

from benchmarks.events import FIRST_DAY, write_lake
from benchmarks.measure import Measured, measured

DAYS = 60

SCAN_JOIN_AGGREGATE = """
select orders.day, count(*), sum(n)
from (
    select day, record ->> '$.user_id' as user_id, count(*) as n
    from read_parquet('{lake}/amplitude/events/*/*/*/*.parquet') group by all
) as events
join (
    select day, record ->> '$.user_id' as user_id
    from read_parquet('{lake}/order_files/orders/*/*/*/*.parquet')
) as orders using (user_id)
group by 1
"""


def run(folder: Path, events: int) -> list[str]:
    """Rows of the results table for one size."""
    home = folder / f"{events}"
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    os.environ["DESILO_HOME"] = str(home)
    os.environ["DESILO_WORLD"] = "sandbox"
    last = FIRST_DAY + timedelta(days=DAYS - 1)
    written = measured(_write, home, events, DAYS, FIRST_DAY)
    baseline = measured(_baseline, home)
    full = measured(_build, home, last)
    measured(_write, home, events // DAYS, 1, last + timedelta(days=1))
    night = measured(_build, home, last + timedelta(days=1))
    size = f"{events / 1e6:g} M events, {DAYS} days"
    shutil.rmtree(home, ignore_errors=True)
    return [
        f"| write the lake | {size} | {_time(written)} | {written.peak_gib:.1f} GiB | |",
        f"| one scan + join + aggregate | {size} | {_time(baseline)} "
        f"| {baseline.peak_gib:.1f} GiB | 1.0 |",
        f"| full build | {size} | {_time(full)} | {full.peak_gib:.1f} GiB "
        f"| {full.seconds / baseline.seconds:.1f} of the scan |",
        f"| one more night | {size} + 1 | {_time(night)} | {night.peak_gib:.1f} GiB "
        f"| {night.seconds / full.seconds:.2f} of the full build |",
    ]


def _time(measured: Measured) -> str:
    return f"{measured.seconds:.1f} s ({measured.cpu_seconds:.0f} s CPU)"


def _write(home: Path, events: int, days: int, first: date) -> None:
    from desilo.lake import Lake

    write_lake(Lake(str(home / "lake")), events=events, days=days, first=first)


def _baseline(home: Path) -> None:
    with duckdb.connect() as connection:
        connection.execute(SCAN_JOIN_AGGREGATE.format(lake=home / "lake")).fetchall()


def _build(home: Path, day: date) -> bool:
    """What `build_marts` does between its gates."""
    from desilo import settings, transform, warehouse
    from desilo.lake import Lake

    os.environ["DESILO_NOW"] = f"{day + timedelta(days=1)}T08:30:00Z"
    configuration = settings.configuration()
    build = warehouse.prepare(Lake(str(home / "lake")), configuration, day)
    for layer in transform.LAYERS:
        transform.build_layer(layer, configuration, build)
    warehouse.settle(configuration, build)
    return build.is_full_refresh
