# ruff: noqa: E501  a statement is easier to read on one line
"""A build database of twenty days and a handful of rows in which every claim of both gates holds."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

DAY = date(2026, 3, 31)
FIRST_DAY = DAY - timedelta(days=19)
DAYS = [FIRST_DAY + timedelta(days=n) for n in range(20)]
REREAD_FROM = DAY - timedelta(days=9)

STREAMS: list[dict[str, Any]] = [
    {
        "kind": "meta_ads",
        "stream": "accounts",
        "key": ["account_id"],
        "required": {"account_id": "string", "currency": "string", "timezone_name": "string"},
        "money": {},
        "is_snapshot": True,
    },
    {
        "kind": "meta_ads",
        "stream": "campaign_daily",
        "key": ["campaign_id"],
        "required": {"campaign_id": "string", "date_start": "string", "spend": "string"},
        "money": {"spend": "major"},
        "is_snapshot": False,
    },
    {
        "kind": "meta_ads",
        "stream": "ad_daily",
        "key": ["ad_id"],
        "required": {"ad_id": "string", "campaign_id": "string", "date_start": "string", "spend": "string"},
        "money": {"spend": "major"},
        "is_snapshot": False,
    },
    {
        "kind": "google_ads",
        "stream": "campaign_daily",
        "key": ["campaign.id"],
        "required": {
            "campaign.id": "string",
            "segments.date": "string",
            "metrics.costMicros": "string",
        },
        "money": {"metrics.costMicros": "micros"},
        "is_snapshot": False,
    },
    {
        "kind": "amplitude",
        "stream": "events",
        "key": ["$insert_id"],
        "required": {"$insert_id": "string", "event_type": "string", "user_id": "string|null"},
        "money": {},
        "is_snapshot": False,
    },
]  # fmt: skip

ACCOUNTS = {"meta_ads": "1001", "google_ads": "2001", "amplitude": "434000"}

RAW_TABLES = """
create schema raw;
create table raw.loads (
    kind varchar, source varchar, stream varchar, account_id varchar, day date,
    load_id varchar, content_id varchar, fetched_at timestamp, rows bigint, bytes bigint,
    status varchar, reason varchar, api_version varchar, is_newest boolean, path varchar primary key
);
create table raw.accounts_expected (
    kind varchar, source varchar, account_id varchar, is_enabled boolean, reread_days integer
);
create table raw.changed_partitions (
    kind varchar, source varchar, stream varchar, account_id varchar, day date, load_id varchar,
    fetched_at timestamp, rows bigint
);
"""

MARTS = """
create schema marts;
create schema staging;
create table marts.dim_account as
select 'meta_ads' as platform, '1001' as account_id, 'Shop' as account_name, 'USD' as currency,
    'America/Los_Angeles' as timezone;

create table marts.fct_ad_spend as
select 'meta_ads' as platform, '1001' as account_id, day as date_day, campaign_id, ad_group_id,
    ad_id, 'paid_social_meta' as channel_id, 1000::bigint as impressions, clicks,
    spend::decimal(18, 6) as spend_native, 'USD' as currency, 0.9::decimal(18, 8) as fx_rate,
    day as fx_date, (spend * 0.9)::decimal(18, 6) as spend, ad_id = '(unallocated)' as is_unallocated
from (select unnest(generate_series(date '2026-03-12', date '2026-03-31', interval 1 day))::date as day),
    (values ('c1', 'g1', 'a1', 60, 30), ('c1', 'g1', 'a2', 30, 20),
        ('c1', '(unallocated)', '(unallocated)', 10, 0), ('c2', 'g2', 'a3', 50, 25))
        as ads (campaign_id, ad_group_id, ad_id, base, clicks),
    lateral (select base + day_of_month * 0.01 as spend from (select day(day) as day_of_month));

create table staging.stg_meta_ads__campaign_daily as
select account_id, date_day, campaign_id, sum(spend_native) as spend_native
from marts.fct_ad_spend group by all;

create table marts.fct_spend_restatement (
    platform varchar, account_id varchar, date_day date, campaign_id varchar, ad_group_id varchar,
    ad_id varchar, load_id varchar, loaded_at timestamp, age_days bigint,
    spend_native_old decimal(18, 6), spend_native_new decimal(18, 6), spend_native_delta decimal(18, 6)
);

create table marts.fct_orders as
select 'o' || n || '_' || day as order_id, line as order_line_id, 'shop-1' as shop_id,
    'p' || n || '_' || (case when n = 1 then date '2026-03-12' else day end) as person_id,
    day + interval 10 hour as ordered_at, day as order_date, 'EUR' as currency,
    1::decimal(18, 8) as fx_rate, day as fx_date, 50::decimal(18, 6) as gross,
    5::decimal(18, 6) as discount, 0::decimal(18, 6) as refund, 45::decimal(18, 6) as net_revenue,
    20::decimal(18, 6) as cost, 25::decimal(18, 6) as contribution_margin,
    n <> 1 or day = date '2026-03-12' as is_first, true as is_valid
from (select unnest(generate_series(date '2026-03-12', date '2026-03-31', interval 1 day))::date as day),
    range(1, 31) as numbers (n), (values ('1'), ('2')) as lines (line);

create table marts.fct_refunds (
    refund_id varchar, order_id varchar, refund_date date, amount decimal(18, 6)
);

create table marts.dim_person as
select person_id, min(order_date) as first_seen_date, min(ordered_at) as first_order_at,
    min(order_date) as first_order_date
from marts.fct_orders group by person_id;

create table marts.person_identifiers as
select 'user_id' as identifier_type, 'app' as namespace, person_id as identifier_value, person_id,
    first_order_at as valid_from, null::timestamp as valid_to
from marts.dim_person
union all
select 'device_id', 'app', 'shared', 'p1_2026-03-12', timestamp '2026-03-12', timestamp '2026-03-20'
union all
select 'device_id', 'app', 'shared', 'p2_2026-03-12', timestamp '2026-03-20', null;

create table marts.fct_touchpoints as
select 't_' || order_id as touch_id, person_id, order_date as touch_date
from marts.fct_orders where order_line_id = '1';

create table marts.fct_attribution as
select order_id as conversion_id, case when is_first then 'first_order' else 'repeat_order' end
        as conversion_kind, 'last_non_direct' as model, 't_' || order_id as touch_id, person_id,
    order_id, order_date as conversion_date, 'paid_social_meta' as channel_id,
    1::decimal(18, 9) as credit, sum(net_revenue) as revenue,
    sum(contribution_margin) as contribution_margin
from marts.fct_orders group by all
union all
select 'lead/' || touch_id, 'lead', 'last_non_direct', touch_id, person_id, null, touch_date,
    'paid_social_meta', 1, 0, 0
from marts.fct_touchpoints where touch_date = date '2026-03-31';

create table marts.fct_channel_performance as
select date_day, channel_id, 'meta_ads' as platform, 'c1' as campaign_id, 'last_non_direct' as model,
    spend, leads, registrations, new_customers, orders, revenue
from (select date_day, channel_id, sum(spend) as spend from marts.fct_ad_spend group by all)
join (select conversion_date as date_day, channel_id, sum(revenue) as revenue,
        coalesce(sum(credit) filter (where conversion_kind = 'lead'), 0) as leads,
        coalesce(sum(credit) filter (where conversion_kind = 'registration'), 0) as registrations,
        sum(credit) filter (where conversion_kind = 'first_order') as new_customers,
        sum(credit) filter (where conversion_kind in ('first_order', 'repeat_order')) as orders
    from marts.fct_attribution group by all) using (date_day, channel_id);

create table marts.fct_channel_model_range as
select date '2026-03-01' as month, channel_id, 10::decimal(18, 6) as cac_min
from marts.fct_channel_performance group by channel_id;

create table marts.fct_channel_effects as
select conversion_kind, channel_id, 0.5::decimal(18, 9) as removal_effect
from marts.fct_attribution group by all;

create table marts.meta_attribution_caps as
select conversion_kind, count(*) as conversions, 0::bigint as conversions_cut, 0::bigint as touches_cut
from marts.fct_attribution group by all;

create table marts.fct_funnel_daily as
select date_day, channel_id, 'c1' as campaign_id, 4000::bigint as impressions, 75::bigint as clicks,
    sum(spend) as spend, 60::bigint as landings, 50::bigint as registrations,
    40::bigint as activations, 30::bigint as first_orders, 1::bigint as repeat_orders
from marts.fct_ad_spend group by all;

create table marts.fct_ltv_cac as
select date '2026-03-01' as cohort_month, channel_id, row_kind, 'last_non_direct' as model, age_days,
    (select count(*) from marts.dim_person) as customers, observed_share::decimal(18, 6) as observed_share,
    observed_share = 1 as is_mature, false as is_small, (40 + age_days)::decimal(18, 6) as cumulative_revenue,
    (select sum(contribution_margin) from marts.fct_orders) + age_days - 60 as cumulative_margin,
    date '2026-03-31' as observed_through_date,
    case when observed_share = 1 then 40 + age_days end::decimal(18, 6) as ltv_revenue,
    case when observed_share = 1 then 20 + age_days end::decimal(18, 6) as ltv_margin,
    10::decimal(18, 6) as cac_blended, 2::decimal(18, 6) as ltv_cac_ratio
from (values ('(all)', 'all'), ('(paid)', 'group'), ('paid_social_meta', 'channel'))
        as channels (channel_id, row_kind),
    (values (0, 1), (7, 0.6), (14, 0.2), (60, 0)) as ages (age_days, observed_share);

create table marts.fct_retention as
select date_day as cohort_date, kinds.channel_id, row_kind, is_paid, 1::bigint as day_n,
    50::bigint as eligible, 20::bigint as retained, 0.4::decimal(18, 6) as retention_rate
from marts.fct_funnel_daily, (values ('(all)', 'all', null), ('(paid)', 'group', true),
    ('paid_social_meta', 'channel', true)) as kinds (channel_id, row_kind, is_paid);

create table marts.fct_ltv_predicted as
select date '2026-03-01' as cohort_month, channel_id, row_kind, 'last_non_direct' as model,
    90::bigint as horizon_days, 'ok' as prediction_status, 0.8::decimal(18, 6) as predicted_alive_share,
    12::decimal(18, 6) as predicted_orders,
    (select sum(contribution_margin) from marts.fct_orders) as observed_margin
from (values ('(all)', 'all'), ('(paid)', 'group')) as channels (channel_id, row_kind);

create table marts.dim_person_segment as select person_id, 'new' as segment_key from marts.dim_person;

create table staging.stg_cost_files__costs as
select 'cost_files' as source, 'books' as account_id, day, seq, cost_id, amount::decimal(18, 6) as amount_native,
    first as period_from_date, last as period_to_date
from (values
    (date '2026-03-02', 1, 'fee', 99.00, date '2026-03-01', date '2026-03-30'),
    (date '2026-03-03', 1, 'fee', 60.00, date '2026-03-01', date '2026-03-30'),
    (date '2026-03-03', 2, 'tools', 80.00, date '2026-03-28', date '2026-04-04')
) as entries (day, seq, cost_id, amount, first, last);

create table marts.fct_marketing_costs as
select 'books' as account_id, cost_id, day::date as date_day, 'EUR' as currency, amount_native,
    amount_native as amount
from (values ('fee', date '2026-03-01', date '2026-03-30', 2.00),
        ('tools', date '2026-03-28', date '2026-03-31', 10.00)) as entries (cost_id, first, last, part),
    lateral (select part::decimal(18, 6) as amount_native),
    lateral (select unnest(generate_series(first, last, interval 1 day)) as day);

create table marts.fct_journey as
select date_day, channel_id, touchpoint_no::bigint as touchpoint_no,
    case when touchpoint_no < 6 then 'totals' else 'persons' end as known_as,
    case touchpoint_no when 1 then impressions when 3 then clicks when 9 then 60 when 16 then 50
        else 0 end::bigint as touches,
    case when touchpoint_no > 5 then case touchpoint_no when 9 then 60 when 16 then 50 else 0 end
    end::bigint as persons,
    case when touchpoint_no > 5 then case touchpoint_no when 9 then 50 else 0 end end::bigint as passed_on,
    case touchpoint_no when 9 then 0.8 when 16 then 0 end::decimal(18, 8) as pass_on_rate
from (select date_day, channel_id, sum(impressions) as impressions, sum(clicks) as clicks
    from marts.fct_ad_spend group by all), range(1, 29) as touchpoints (touchpoint_no);

create table marts.mart_handoff as
select date_day, 7::bigint as horizon_days, level.channel_id, level.campaign_id, spend,
    60::bigint as brought, 50::bigint as crossed,
    case when date_day <= date '2026-03-24' then 10 else 0 end::bigint as lost,
    case when date_day <= date '2026-03-24' then 0 else 10 end::bigint as pending,
    case when date_day <= date '2026-03-24' then 0.8 end::decimal(18, 8) as cross_rate,
    date_day <= date '2026-03-24' as is_mature
from (select date_day, spend from marts.fct_funnel_daily), (values ('(all)', '(all)'), ('paid_social_meta', '(all)'),
    ('paid_social_meta', 'c1')) as level (channel_id, campaign_id);

create table marts.fct_utm_audit as
select platform, account_id, campaign_id, case campaign_id when 'c2' then 'not_linked' else 'none' end
        as issue_kind, sum(spend) as spend,
    coalesce(sum(spend) filter (where campaign_id = 'c2'), 0) as spend_at_risk,
    date '2026-03-04' as from_date
from marts.fct_ad_spend group by all
union all by name
select '(all)' as platform, '(all)' as account_id, '(all)' as campaign_id, 'any' as issue_kind,
    sum(spend) as spend, sum(spend) filter (where campaign_id = 'c2') as spend_at_risk,
    date '2026-03-04' as from_date
from marts.fct_ad_spend;

create table marts.meta_sources as
select kind, account_id, true as is_enabled, date '2026-03-31' as data_through_date,
    'ok' as status, 0 as lag_days
from raw.accounts_expected;

create table marts.meta_quarantine (
    kind varchar, source varchar, stream varchar, account_id varchar, day date, load_id varchar,
    seq bigint, reject_reason varchar, record varchar
);
"""


def build(path: Path, *, with_marts: bool = True) -> Path:
    """Write the database.

    Args:
        with_marts: False is the first night, which has landed and built nothing yet; else tonight
            has re-read the days from `REREAD_FROM` and the marts hold the build before.
    """
    with duckdb.connect(str(path)) as connection:
        connection.execute(RAW_TABLES)
        for kind, account_id in ACCOUNTS.items():
            connection.execute(
                "insert into raw.accounts_expected values (?, ?, ?, true, 10)",
                [kind, kind, account_id],
            )
        for stream in STREAMS:
            _land(connection, stream, changed_from=REREAD_FROM if with_marts else FIRST_DAY)
        if with_marts:
            connection.execute(MARTS)
    return path


def spend_of(day: date, base: int) -> float:
    return base + day.day * 0.01


def records_of(stream: dict[str, Any], day: date) -> list[dict[str, Any]]:
    """The good records of one account-day, as the platform words them."""
    kind, name = stream["kind"], stream["stream"]
    if name == "accounts":
        return [{"account_id": "1001", "currency": "USD", "timezone_name": "America/Los_Angeles"}]
    if kind == "amplitude":
        return [
            {"$insert_id": f"{day}-{n}", "event_type": "Landing Viewed", "user_id": None}
            for n in range(30)
        ]
    if kind == "google_ads":
        return [
            {
                "campaign": {"id": "g1"},
                "segments": {"date": day.isoformat()},
                "metrics": {"costMicros": str(20_000_000 + day.day * 10_000), "clicks": "25"},
            }
        ]
    if name == "campaign_daily":
        return [
            # 60.., 30.. and 10.. of the marts: three rows that each carry the day's cents.
            _report(day, "c1", None, f"{100 + 3 * day.day * 0.01:.2f}", "50"),
            _report(day, "c2", None, f"{spend_of(day, 50):.2f}", "25"),
        ]
    return [
        _report(day, "c1", "a1", f"{spend_of(day, 60):.2f}", "30"),
        _report(day, "c1", "a2", f"{spend_of(day, 30):.2f}", "20"),
        _report(day, "c2", "a3", f"{spend_of(day, 50):.2f}", "25"),
    ]


def _report(day: date, campaign: str, ad: str | None, spend: str, clicks: str) -> dict[str, Any]:
    record = {"campaign_id": campaign, "date_start": day.isoformat(), "spend": spend}
    if ad:
        record["ad_id"] = ad
    return {**record, "clicks": clicks}


def _land(
    connection: duckdb.DuckDBPyConnection, stream: dict[str, Any], changed_from: date
) -> None:
    kind, name = stream["kind"], stream["stream"]
    account_id = ACCOUNTS[kind]
    connection.execute(
        f"create table raw.{kind}__{name} (source varchar, account_id varchar, day date, "
        "load_id varchar, fetched_at timestamp, seq bigint, record varchar)"
    )
    fetched_at = datetime(2026, 4, 1, 8, 30)
    load_id = "20260401T083000Z-0000000000000001"
    for day in [DAY] if stream["is_snapshot"] else DAYS:
        records = records_of(stream, day)
        connection.execute(
            "insert into raw.loads values (?, ?, ?, ?, ?, ?, ?, ?, ?, 0, 'complete', '', 'v1', true, ?)",
            [kind, kind, name, account_id, day, load_id, load_id, fetched_at, len(records),
             f"{kind}/{name}/{day}"],
        )  # fmt: skip
        if day < changed_from:
            continue
        connection.execute(
            "insert into raw.changed_partitions values (?, ?, ?, ?, ?, ?, ?, ?)",
            [kind, kind, name, account_id, day, load_id, fetched_at, len(records)],
        )
        connection.executemany(
            f"insert into raw.{kind}__{name} values (?, ?, ?, ?, ?, ?, ?)",
            [
                [kind, account_id, day, load_id, fetched_at, seq, json.dumps(record)]
                for seq, record in enumerate(records)
            ],
        )
