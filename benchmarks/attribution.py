"""Attribution over many page views: time, memory, and the removal effects beside another program's.

The world has the shape of a public report of an analytics product whose attribution query ran out
of memory: 80 million page views in 60 days and 150,000 converters. Five views make a visit, and the
first view of a visit is its arrival. A bot with 100,000 arrivals and 20,000 orders is among them.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb

from benchmarks.measure import measured

FIRST_DAY = date(2026, 1, 1)
DAYS = 60
VIEWS = 80_000_000
CONVERTERS_PER_MILLION_VIEWS = 1875  # 150,000 in 80 million
VIEWS_PER_VISIT = 5
VISITS_PER_VISITOR = 4
BOT_ARRIVALS, BOT_ORDERS = 100_000, 20_000

MODELS = ["int_touch_arrivals", "int_attribution_*", "int_conversions_credited", "fct_attribution",
          "fct_channel_effects", "meta_attribution_caps"]  # fmt: skip

CHANNEL = """
case
    when hash({key}, 'channel') % 100 < 38 then 'direct'
    when hash({key}, 'channel') % 100 < 58 then 'organic_search'
    when hash({key}, 'channel') % 100 < 70 then 'paid_search_google'
    when hash({key}, 'channel') % 100 < 81 then 'paid_social_meta'
    when hash({key}, 'channel') % 100 < 89 then 'paid_social_tiktok'
    when hash({key}, 'channel') % 100 < 94 then 'email'
    when hash({key}, 'channel') % 100 < 98 then 'organic_social'
    else 'referral'
end
"""

WORLD = """
create schema raw; create schema marts; create schema intermediate;
create table raw.night as select date '{last_day}' as day;

create table marts.fct_touchpoints as
with visits as (
    select
        visit,
        -- Whoever converts comes more often: one visit in twenty is theirs beside their own.
        cast(case
            when hash(visit, 'whose') % 20 = 0 then hash(visit, 'converter') % {converters}
            else hash(visit, 'visitor') % {visitors}
        end as bigint) as visitor,
        timestamp '{first_day}' + cast(hash(visit, 'at') % {seconds} as bigint) * interval 1 second
            as started_at
    from range({visits}) as numbers (visit)
),
views as (
    select
        visit * {per_visit} + view as view_no,
        visitor,
        started_at + view * interval 40 second as touched_at,
        case
            when view > 0 then 'product_view'
            when hash(visit, 'app') % 8 = 0 then 'install'
            else 'landing_view'
        end as touchpoint_key,
        case when view = 0 then {channel} end as channel_id
    from visits, range({per_visit}) as numbers (view)
    union all
    select
        {views} + converter, converter,
        timestamp '{first_day}' + cast(hash(converter, 'signs up') % {seconds} as bigint)
            * interval 1 second,
        'registration', null
    from range({converters}) as numbers (converter)
    union all
    select
        {views} + {converters} + converter, converter,
        timestamp '{first_day}' + cast(hash(converter, 'asks') % {seconds} as bigint)
            * interval 1 second,
        'lead_form', null
    from range({converters} // 3) as numbers (converter)
    union all
    select
        {views} + 2 * {converters} + arrival, -1,
        timestamp '{first_day}' + arrival * interval 50 second, 'landing_view', {bot_channel}
    from range({bot_arrivals}) as numbers (arrival)
)
select
    md5(cast(view_no as varchar)) as touch_id,
    'p' || lpad(to_hex(hash(visitor, 'person')), 16, '0') as person_id,
    touched_at,
    cast(touched_at as date) as touch_date,
    touchpoint_key,
    channel_id,
    case channel_id
        when 'paid_search_google' then 'google_ads' when 'paid_social_meta' then 'meta_ads'
        when 'paid_social_tiktok' then 'tiktok_ads'
    end as platform,
    case when channel_id like 'paid%' then 'c' || view_no % 40 end as campaign_id
from views;

create table intermediate.int_conversions as
with orders as (
    select
        converter * 2 + number as order_no, converter, number,
        timestamp '{first_day}' + (5 + 25 * number) * interval 1 day
            + cast(hash(converter, number, 'buys') % ({seconds} - 30 * 86400) as bigint)
            * interval 1 second as conversion_at
    from range({converters}) as people (converter), range(2) as numbers (number)
    where number = 0 or hash(converter, 'again') % 10 < 3
    union all
    select
        2 * {converters} + number, -1, number,
        timestamp '{first_day}' + interval 1 day + number * interval 250 second
    from range({bot_orders}) as numbers (number)
)
select
    'shop/' || order_no as conversion_id,
    case when number = 0 then 'first_order' else 'repeat_order' end as conversion_kind,
    'p' || lpad(to_hex(hash(converter, 'person')), 16, '0') as person_id,
    cast(order_no as varchar) as order_id,
    conversion_at,
    cast(conversion_at as date) as conversion_date,
    cast((order_no % 9000 + 100) / 100 as decimal(18, 6)) as revenue,
    cast((order_no % 4000 - 200) / 100 as decimal(18, 6)) as contribution_margin
from orders;
"""

COUNTS = """
select
    (select count(*) from intermediate.int_touch_arrivals),
    (select count(*) from intermediate.int_attribution_conversions),
    (select count(*) from intermediate.int_attribution_pairs),
    (select count(*) from intermediate.int_conversions_credited),
    (select count(*) from (
        select model from marts.fct_attribution
        group by model having sum(credit) <> (
            select count(*) from intermediate.int_attribution_conversions)
            or sum(revenue) <> (select sum(revenue) from intermediate.int_conversions)))
"""

PATHS = """
copy (
    with converted as (
        select string_agg(paths.channel_id, ' > ' order by paths.touch_no) as path
        from intermediate.int_attribution_paths as paths
        join intermediate.int_attribution_conversions as conversions using (conversion_no)
        join intermediate.int_attribution_models as models
            on models.model = 'markov' and models.window_set = paths.window_set
        where conversions.conversion_kind = 'first_order'
        group by paths.conversion_no
    ),
    left_over as (
        select person_id, arrival_no, touched_at, channel_id,
            arrival_no - row_number() over (partition by person_id order by arrival_no) as run
        from intermediate.int_touch_arrivals
        where (person_id, arrival_no) not in (
            select pairs.person_id, pairs.arrival_no
            from intermediate.int_attribution_pairs as pairs
            join intermediate.int_attribution_conversions as conversions using (conversion_no)
            where conversions.conversion_kind = 'first_order'
        )
    ),
    unconverted as (
        select string_agg(channel_id, ' > ' order by arrival_no) as path
        from left_over
        group by person_id, run,
            (epoch_us(timestamp '{last_day}' + interval 1 day) - epoch_us(touched_at))
                // (720 * 3600000000)
    )
    select path, sum(converted) as conversions, sum(lost) as lost
    from (
        select path, 1 as converted, 0 as lost from converted
        union all
        select path, 0, 1 from unconverted
    )
    group by path
    order by path
) to '{file}' (header)
"""

OTHER = """
import json, sys, time
import pandas
import ChannelAttribution
paths = pandas.read_csv(sys.argv[1])
started = time.perf_counter()
found = ChannelAttribution.markov_model(
    paths, "path", "conversions", var_null="lost", order=1, out_more=True, sep=">", seed=1,
    verbose=False, flg_pro=False)
seconds = time.perf_counter() - started
effects = found["removal_effects"]
print(json.dumps({"seconds": seconds, "paths": len(paths), "effects": dict(zip(
    effects["channel_name"].str.strip(), effects["removal_effect"]))}))
"""


def run(folder: Path, views: int = VIEWS) -> Iterator[str]:
    """Rows of the results table for one size, as they are measured."""
    home = folder / f"attribution-{views}"
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    size = f"{views / 1e6:g} M page views, {_converters(views):,} converters, {DAYS} days"
    try:
        written = measured(_write, home, views)
        yield (
            f"| write the touches | {size} | {written.seconds:.1f} s "
            f"| {written.peak_gib:.1f} GiB | |"
        )
        built = measured(_build, home)
        with _connect(home) as connection:
            (counts,) = connection.execute(COUNTS).fetchall()
        arrivals, conversions, pairs, rows, wrong = counts
        if wrong:
            raise RuntimeError(f"{wrong} models do not give away the ledger")
        yield (
            f"| attribution, 11 models | {size}: {arrivals:,} arrivals, {conversions:,} "
            f"conversions, {pairs:,} pairs, {rows:,} rows of credit | {built.seconds:.1f} s "
            f"({built.result:.0f} s of processor) | {built.peak_gib:.1f} GiB | |"
        )
        yield _compared(home, size)
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _converters(views: int) -> int:
    return views * CONVERTERS_PER_MILLION_VIEWS // 1_000_000


def _database(home: Path) -> Path:
    return home / "build.duckdb"


def _connect(home: Path) -> duckdb.DuckDBPyConnection:
    return duckdb.connect(str(_database(home)))


def _write(home: Path, views: int) -> None:
    visits = views // VIEWS_PER_VISIT
    with _connect(home) as connection:
        connection.execute("set preserve_insertion_order = false")
        connection.execute(
            WORLD.format(
                first_day=FIRST_DAY, last_day=FIRST_DAY + timedelta(days=DAYS - 1),
                seconds=DAYS * 86_400 - 600, views=views, visits=visits,
                per_visit=VIEWS_PER_VISIT, visitors=max(visits // VISITS_PER_VISITOR, 1),
                converters=_converters(views), channel=CHANNEL.format(key="visit"),
                bot_channel=CHANNEL.format(key="arrival"), bot_arrivals=BOT_ARRIVALS,
                bot_orders=BOT_ORDERS,
            )
        )  # fmt: skip
    _dbt(home, "seed")


def _build(home: Path) -> float:
    """Seconds of processor time, which other work on the machine does not lengthen."""
    _dbt(home, "run", "--select", *MODELS)
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _dbt(home: Path, *arguments: str) -> None:
    from dbt.cli.main import dbtRunner

    from desilo import settings, transform

    variables = {
        "business_timezone": "Europe/Berlin",
        "base_currency": "EUR",
        "start_date": FIRST_DAY.isoformat(),
    }
    environment = {**transform.DBT_ENVIRONMENT, "DESILO_BUILD_DB": str(_database(home))}
    with transform.environment(environment):
        outcome = dbtRunner().invoke(
            [
                *arguments, "--quiet", "--project-dir", str(settings.DBT_PROJECT_DIR),
                "--profiles-dir", str(settings.DBT_PROJECT_DIR),
                "--target-path", str(home / "target"), "--log-path", str(home / "logs"),
                "--vars", json.dumps(variables),
            ]
        )  # fmt: skip
    if not outcome.success:
        raise RuntimeError(f"dbt {arguments[0]} failed: {outcome.exception or outcome.result}")


def _compared(home: Path, size: str) -> str:
    """Removal effects beside those of the package ChannelAttribution on the same paths."""
    what = "Markov removal effects beside ChannelAttribution"
    try:
        python = _other_environment(home)
    except (OSError, subprocess.CalledProcessError) as error:
        return (
            f"| {what} | | skipped: {type(error).__name__}; `uv venv` and `uv pip install "
            "ChannelAttribution` must work | | |"
        )
    file = home / "paths.csv"
    with _connect(home) as connection:
        last_day = FIRST_DAY + timedelta(days=DAYS - 1)
        connection.execute(PATHS.format(file=file, last_day=last_day))
        ours = dict(
            connection.execute(
                "select channel_id, removal_effect from intermediate.int_attribution_removal "
                "where conversion_kind = 'first_order'"
            ).fetchall()
        )
    started = time.perf_counter()
    said = subprocess.run(
        [str(python), "-c", OTHER, str(file)], check=True, capture_output=True, text=True
    )
    whole = time.perf_counter() - started
    theirs = json.loads(said.stdout.strip().splitlines()[-1])
    apart = max(abs(ours[name] - effect) for name, effect in theirs["effects"].items())
    mine = measured(_removal, home)
    return (
        f"| {what} | {size}: {theirs['paths']:,} distinct paths | at most {apart:.4f} apart; "
        f"they {theirs['seconds']:.1f} s ({whole:.1f} s with reading), we {mine.result:.2f} s "
        f"from counted steps | "
        f"| {mine.result / theirs['seconds']:.3f} of theirs |"
    )


def _removal(home: Path) -> float:
    """Seconds of our chain alone: the Python model on the counted steps."""
    from desilo import settings

    source = settings.DBT_PROJECT_DIR / "models" / "intermediate" / "int_attribution_removal.py"
    scope: dict[str, Any] = {"__name__": "int_attribution_removal"}
    exec(compile(source.read_text("utf-8"), str(source), "exec"), scope)
    with _connect(home) as connection:

        class Dbt:
            @staticmethod
            def config(**_: Any) -> None:
                pass

            @staticmethod
            def ref(name: str) -> duckdb.DuckDBPyRelation:
                return connection.sql(f"select * from intermediate.{name}")

        started = time.perf_counter()
        scope["model"](Dbt, connection)
        return time.perf_counter() - started


def _other_environment(home: Path) -> Path:
    """A throwaway environment with the package; it never enters the project's lock."""
    given = os.environ.get("DESILO_BENCH_CHANNEL_ATTRIBUTION")
    if given:
        return Path(given)
    venv = home / "other"
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    python = venv / "bin" / "python"
    for command in (
        ["uv", "venv", "--quiet", "--python", version, str(venv)],
        ["uv", "pip", "install", "--quiet", "--python", str(python), "ChannelAttribution",
         "pandas", "matplotlib", "requests"],
    ):  # fmt: skip
        subprocess.run(command, check=True, capture_output=True)
    return python
