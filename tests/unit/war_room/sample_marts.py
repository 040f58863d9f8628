"""Small published databases to render and query: the schema of a release and three worlds.

`build(path, "busy")` is a firm in mid-flight (six accounts, one of them late, three cohorts),
`"history"` old purchases beside recent spend that never meet, `"empty"` the first night.
All numbers come from arithmetic on the day, none from a random source.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import duckdb

from tests.unit.war_room.marts_schema import SCHEMA, insert, names_of

CHANNELS = [
    ("paid_search_google", "Google paid search", "谷歌付费搜索", "paid", True, "google_ads"),
    ("paid_social_meta", "Meta paid social", "Meta 付费社交", "paid", True, "meta_ads"),
    ("paid_social_tiktok", "TikTok paid social", "TikTok 付费社交", "paid", True, "tiktok_ads"),
    ("organic_search", "Organic search", "自然搜索", "organic", False, None),
    ("organic_social", "Organic social", "自然社交", "organic", False, None),
    ("email", "Email", "邮件", "owned", False, None),
    ("referral", "Referral", "引荐", "organic", False, None),
    ("direct", "Direct", "直接访问", "direct", False, None),
    ("(unattributed)", "Unattributed", "未归因", "(unattributed)", False, None),
]

ACCOUNTS = [
    ("meta_ads", "1001", "Northwind US", "USD", "America/Los_Angeles"),
    ("meta_ads", "1002", "Northwind DE", "EUR", "Europe/Berlin"),
    ("google_ads", "2000000001", "Northwind Search DE", "EUR", "Europe/Berlin"),
    ("google_ads", "2000000002", "Northwind Search US", "USD", "America/Los_Angeles"),
    ("tiktok_ads", "7000000000000000001", "Northwind 中国", "CNY", "Asia/Shanghai"),
    ("tiktok_ads", "7000000000000000002", "Northwind US Video", "USD", "America/Los_Angeles"),
]

CHANNEL_OF_PLATFORM = {
    "meta_ads": "paid_social_meta",
    "google_ads": "paid_search_google",
    "tiktok_ads": "paid_social_tiktok",
}

RATE_TO_BASE = {"EUR": Decimal("1"), "USD": Decimal("0.92464170"), "CNY": Decimal("0.12731000")}
LATE_ACCOUNT = "7000000000000000001"
FIRST_DAY, LAST_DAY = date(2026, 1, 1), date(2026, 3, 31)
COHORT_COLUMNS = (
    "cohort_month channel_id row_kind model age_days customers members observed_customers"
    " observed_share is_mature is_small cumulative_revenue cumulative_margin ltv_revenue ltv_margin"
    " ltv_margin_low ltv_margin_high cac_blended cac_paid has_costs ltv_cac_ratio"
    " ltv_cac_ratio_low ltv_cac_ratio_high payback_age_days payback_status observed_through_date"
)
HORIZONS = (0, 7, 14, 30, 60, 90, 120, 180)


def build(path: Path, world: str = "busy") -> Path:
    """Write a database of the release's schema (schema `main`) and return its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    with duckdb.connect(str(path)) as connection:
        for table, columns in SCHEMA.items():
            connection.execute(f"create table {table} ({columns})")
        {"busy": _busy, "history": _history, "empty": _empty}[world](connection)
    return path


def _days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def _wave(day: date, salt: int) -> Decimal:
    """A number in [0.8, 1.25] that looks like trade: weekly rhythm and a slow rise."""
    n = (day - FIRST_DAY).days
    weekly = [100, 96, 98, 103, 112, 121, 93][day.weekday()]
    jitter = (n * 37 + salt * 91) % 17 - 8
    return Decimal(weekly + jitter + n // 8) / Decimal(108)


def _channels(connection: duckdb.DuckDBPyConnection) -> None:
    insert(
        connection,
        "dim_channel",
        "channel_id channel_name channel_name_zh channel_group is_paid platform owner",
        [(*row, "marketing") for row in CHANNELS],
    )


def _checks(connection: duckdb.DuckDBPyConnection, at: datetime, troubled: bool) -> None:
    names = [
        ("landing", "shape", "required_fields_present"),
        ("landing", "freshness", "account_is_fresh"),
        ("landing", "completeness", "day_is_not_doubled"),
        ("landing", "completeness", "no_page_is_missing"),
        ("landing", "money", "spend_in_expected_range"),
        ("landing", "money", "account_currency_unchanged"),
        ("release", "conservation", "spend_equal_at_every_grain"),
        ("release", "conservation", "credit_sums_to_the_ledger"),
        ("release", "grain", "orders_have_a_rate"),
        ("release", "drift", "revenue_within_norm"),
    ]
    rows = []
    for gate, suite, name in names:
        failed = troubled and name in ("account_is_fresh", "revenue_within_norm")
        severity = "warning" if name in ("account_is_fresh", "revenue_within_norm") else "critical"
        details = {
            "account_is_fresh": "tiktok_ads 7000000000000000001 is a day behind its own closed day",
            "revenue_within_norm": "net revenue 31 % above the trailing 28-day norm",
        }.get(name, "")
        subject = "tiktok_ads/7000000000000000001" if name == "account_is_fresh" else "all"
        rows.append(
            (gate, suite, name, severity, not failed, "1" if failed else "0", int(failed),
             details if failed else "", subject, at)
        )  # fmt: skip
    insert(
        connection,
        "meta_checks",
        "gate suite check_name severity success observed_value unexpected_count details subject"
        " checked_at",
        rows,
    )


def _busy(connection: duckdb.DuckDBPyConnection) -> None:
    _channels(connection)
    at = datetime(2026, 4, 1, 8, 30)
    days = _days(FIRST_DAY, LAST_DAY)
    connection.execute(
        "insert into dim_date select d::date, date_trunc('week', d)::date,"
        " date_trunc('month', d)::date, quarter(d), year(d), isodow(d), isodow(d) > 5"
        " from range(?::date, ?::date + 1, interval 1 day) as t(d)",
        [FIRST_DAY, LAST_DAY],
    )
    spend_rows, funnel_rows, performance, account_rows, source_rows = [], [], [], [], []
    campaigns, ads, restated = [], [], []
    spend_of: dict[tuple[date, str], Decimal] = {}
    clicks_of: dict[tuple[date, str], int] = {}
    for index, (platform, account, name, currency, zone) in enumerate(ACCOUNTS):
        through = LAST_DAY - timedelta(days=1) if account == LATE_ACCOUNT else LAST_DAY
        channel = CHANNEL_OF_PLATFORM[platform]
        account_rows.append((platform, account, name, currency, zone, FIRST_DAY, through, "active"))
        source_rows.append(
            (platform, platform, account, platform, True, through, at, 420 + index,
             "stale" if through < LAST_DAY else "ok", (LAST_DAY - through).days)
        )  # fmt: skip
        for number in range(2):
            campaign = f"{account[:4]}{number}{index}"
            campaigns.append(
                (platform, account, campaign, f"Spring {name} {number + 1}", "active", channel,
                 FIRST_DAY, None, True)
            )  # fmt: skip
            ads.append(
                (platform, account, campaign, f"g{campaign}", f"Group {number}", f"a{campaign}",
                 f"Film {number}", FIRST_DAY, None, True)
            )  # fmt: skip
            for day in days:
                if day > through:
                    continue
                base = (Decimal(130 + 25 * index) * _wave(day, index + number)).quantize(
                    Decimal("0.01")
                )
                rate = RATE_TO_BASE[currency]
                native = (base / rate).quantize(Decimal("0.01"))
                clicks = int(base * Decimal("1.9"))
                provisional = (LAST_DAY - day).days < 7
                spend_rows.append(
                    (platform, account, day, campaign, f"g{campaign}", f"a{campaign}", channel,
                     clicks * 61, clicks, native, currency, rate, day, native * rate,
                     Decimal(clicks) / 30, Decimal(clicks) / 90, native * 3, native * rate * 3,
                     zone, False, provisional, f"L{day:%m%d}", at)
                )  # fmt: skip
                key = (day, channel)
                spend_of[key] = spend_of.get(key, Decimal(0)) + native * rate
                clicks_of[key] = clicks_of.get(key, 0) + clicks
                if (LAST_DAY - day).days == 4:
                    restated.append(
                        (platform, account, day, campaign, f"g{campaign}", f"a{campaign}",
                         f"L{day:%m%d}", at, f"K{day:%m%d}", 4, currency, native - 3, native,
                         Decimal(3), clicks - 1, clicks, 1, clicks * 61, clicks * 61, 0,
                         Decimal(2), Decimal(3), Decimal(1))
                    )  # fmt: skip
    insert(
        connection,
        "dim_account",
        "platform account_id account_name currency timezone first_spend_date data_through_date"
        " status",
        account_rows,
    )
    insert(connection, "dim_campaign", names_of("dim_campaign"), campaigns)
    insert(connection, "dim_ad", names_of("dim_ad"), ads)
    insert(connection, "fct_ad_spend", names_of("fct_ad_spend"), spend_rows)
    insert(connection, "fct_spend_restatement", names_of("fct_spend_restatement"), restated)
    source_rows += [
        ("amplitude", "amplitude", "434000", None, True, LAST_DAY, at, 51023, "ok", 0),
        ("order_files", "order_files", "shop-1", None, True, LAST_DAY, at, 1250, "ok", 0),
        ("ecb_rates", "ecb_rates", "ecb", None, True, LAST_DAY, at, 30, "ok", 0),
    ]
    insert(connection, "meta_sources", names_of("meta_sources"), source_rows)

    people, orders, attribution, refunds, touches, identifiers = [], [], [], [], [], []
    shares = [3, 4, 3, 2, 1, 1, 1, 2, 1]
    for day in days:
        for position, (channel, *_rest) in enumerate(CHANNELS):
            new = int(Decimal(shares[position]) * _wave(day, position) + Decimal("0.5"))
            spend = spend_of.get((day, channel), Decimal(0))
            clicks = clicks_of.get((day, channel), 0)
            landings = clicks * 7 // 10 if clicks else 60 * shares[position]
            registered = landings // 9
            funnel_rows.append(
                (day, channel, "(none)", clicks * 61, clicks, spend, landings, registered // 3,
                 registered // 5, registered, registered * 6 // 10, new, new // 3,
                 Decimal(new * 140), Decimal(new * 80), None, None, None, None, None, None)
            )  # fmt: skip
            revenue = Decimal(new * 162)
            performance.append(
                (day, channel, CHANNELS[position][5], "(none)", "last_non_direct", clicks * 61,
                 clicks, spend, Decimal(new), Decimal(new + new // 3), revenue, revenue / 2,
                 spend / new if spend and new else None,
                 revenue / spend if spend else None,
                 (revenue / 2 - spend) / spend if spend else None,
                 Decimal(clicks) / 22 if clicks else None,
                 Decimal(clicks) / 22 / new if clicks and new else None,
                 (LAST_DAY - day).days < 3)
            )  # fmt: skip
            for number in range(new):
                person = f"p{day:%m%d}{position}{number}"
                order = f"o{person}"
                moment = datetime(day.year, day.month, day.day, 9 + number, 15)
                gross = Decimal(90 + (number * 31 + day.day * 7) % 110)
                people.append(
                    (person, moment, moment, day, order, moment, day, channel,
                     CHANNELS[position][5], "(none)", day, "customer", True, 1, gross, gross,
                     gross / 2)
                )  # fmt: skip
                orders.append(
                    (order, f"{order}-1", "shop-1", person, moment, day, "paid", f"sku{number}",
                     1, "EUR", gross, Decimal(0), Decimal(0), gross / 2, Decimal(1), day, gross,
                     Decimal(0), Decimal(0), gross, gross / 2, gross / 2,
                     "SPRING" if number == 0 else None, True, True, True)
                )  # fmt: skip
                attribution.append(
                    (order, "first_order", "last_non_direct", f"t{person}", person, order, moment,
                     day, day, channel, CHANNELS[position][5], "(none)", Decimal(1), gross,
                     gross / 2)
                )  # fmt: skip
                touches.append(
                    (f"t{person}", person, moment, day, 9, "landing_viewed", "marketing", channel,
                     CHANNELS[position][5], "(none)", None, None, f"s{person}",
                     CHANNELS[position][4])
                )  # fmt: skip
                identifiers.append(
                    ("device", "app", f"d{person}", person, moment, None, "amplitude", 1.0)
                )
                if number == 3:
                    refunds.append(
                        (f"r{order}", order, f"{order}-1", "shop-1", person, moment, day, "EUR",
                         Decimal(20), Decimal(1), day, Decimal(20), "damaged")
                    )  # fmt: skip
    for table, rows in [
        ("fct_funnel_daily", funnel_rows),
        ("fct_channel_performance", performance),
        ("dim_person", people),
        ("fct_orders", orders),
        ("fct_attribution", attribution),
        ("fct_touchpoints", touches),
        ("person_identifiers", identifiers),
        ("fct_refunds", refunds),
    ]:
        insert(connection, table, names_of(table), rows)
    _cohorts(connection)
    _journey(connection, days, campaigns)
    insert(
        connection,
        "fct_retention",
        names_of("fct_retention"),
        [
            (day, channel, kind, paid, n, 40, 40 // (n + 2), Decimal(40 // (n + 2)) / 40,
             day + timedelta(days=n) <= LAST_DAY)
            for day in days[::7]
            for channel, kind, paid in (
                ("(all)", "all", None), ("(paid)", "group", True), ("(organic)", "group", False),
                ("paid_social_meta", "channel", True), ("direct", "channel", False),
            )
            for n in (1, 7, 30)
        ],
    )  # fmt: skip
    insert(
        connection,
        "meta_quarantine",
        names_of("meta_quarantine"),
        [("amplitude", "amplitude", "events", "434000", LAST_DAY, "L0331", 17,
          "event_time is not an instant", "{}")],
    )  # fmt: skip
    insert(
        connection,
        "identity_dropped",
        names_of("identity_dropped"),
        [("device", "app", "00000000", "zeroed", "all zeros", None, None, None, "amplitude")],
    )
    insert(
        connection,
        "meta_releases",
        names_of("meta_releases"),
        [("2026-03-31.01", LAST_DAY, at, "0.1.0", "published")],
    )
    insert(
        connection,
        "meta_models",
        names_of("meta_models"),
        [("marts", "fct_ad_spend", "success", 1074, 0.4, "")],
    )
    _checks(connection, at, troubled=True)


def _journey(
    connection: duckdb.DuckDBPyConnection,
    days: list[date],
    campaigns: list[tuple[object, ...]],
) -> None:
    """Everybody of two channels by touchpoint and at the boundary, and three campaigns at risk."""
    steps, boundary = [], []
    for day in days:
        is_complete = (LAST_DAY - day).days >= 7
        for channel, people in (("paid_social_meta", 80), ("email", 30)):
            for number in range(1, 29):
                totals = number < 6
                steps.append(
                    (day, channel, number, f"touchpoint_{number}",
                     "marketing" if number < 16 else "operations",
                     "totals" if totals else "persons", people * 50 if totals else people,
                     None if totals else people, None if totals else people // 2, Decimal("0.1"),
                     Decimal("0.5") if is_complete and not totals else None,
                     None if totals else Decimal("0.5"),
                     Decimal(0) if is_complete and not totals else None, is_complete)
                )  # fmt: skip
            crossed = people * 3 // 4
            left = people - crossed
            boundary.append(
                (day, 7, channel, "(all)", 40, Decimal(100), people, crossed, crossed // 2,
                 left if is_complete else 0, 0 if is_complete else left, Decimal("0.2"),
                 Decimal("0.75") if is_complete else None, Decimal("0.75"),
                 Decimal(0) if is_complete else None, "landing_engaged" if is_complete else None,
                 left // 2 if is_complete else None, is_complete, False, None)
            )  # fmt: skip
    insert(connection, "fct_journey", names_of("fct_journey"), steps)
    insert(connection, "mart_handoff", names_of("mart_handoff"), boundary)
    audit = [
        (*campaign[:4], "not_linked" if number < 3 else "none",
         "not_linked" if number < 3 else "", 300, 0 if number < 3 else 120,
         0 if number < 3 else 400, Decimal(0) if number < 3 else Decimal("0.4"), Decimal(900),
         Decimal(900) if number < 3 else Decimal(0), "Tag the ads." if number < 3 else None,
         LAST_DAY - timedelta(days=27), LAST_DAY)
        for number, campaign in enumerate(campaigns)
    ]  # fmt: skip
    spent = Decimal(900) * len(campaigns)
    audit.append(
        ("(all)", "(all)", "(all)", None, "any", "", 0, 0, 0, None, spent, Decimal(2700), None,
         LAST_DAY - timedelta(days=27), LAST_DAY)
    )  # fmt: skip
    insert(connection, "fct_utm_audit", names_of("fct_utm_audit"), audit)


def _cohorts(connection: duckdb.DuckDBPyConnection) -> None:
    """Three months, their last member on the month's last day, for all, groups and two channels."""
    rows = []
    months = [(date(2026, 1, 1), 452), (date(2026, 2, 1), 431), (date(2026, 3, 1), 512)]
    last_days = {1: date(2026, 1, 31), 2: date(2026, 2, 28), 3: date(2026, 3, 31)}
    for channel, kind, cac in (
        ("(all)", "all", Decimal("38.40")),
        ("(paid)", "group", Decimal("61.20")),
        ("(organic)", "group", None),
        ("paid_social_meta", "channel", Decimal("61.20")),
        ("direct", "channel", None),
    ):
        for month, customers in months:
            for age in HORIZONS:
                is_mature = last_days[month.month] + timedelta(days=age) <= LAST_DAY
                span = (last_days[month.month] - month).days + 1
                seen = min(max((LAST_DAY - timedelta(days=age) - month).days + 1, 0), span)
                observed = customers * seen // span
                value = Decimal(52) + Decimal(age) * Decimal("0.9") + month.month
                ratio = value / cac if is_mature and cac else None
                rows.append(
                    (month, channel, kind, "last_non_direct", age, customers, customers, observed,
                     Decimal(observed) / customers, is_mature, False, value * observed * 2,
                     value * observed, value * 2 if is_mature else None,
                     value if is_mature else None, value - 6 if is_mature else None,
                     value + 6 if is_mature else None,
                     cac if kind == "all" else None, cac if kind != "all" else None, False, ratio,
                     ratio - Decimal("0.2") if ratio else None,
                     ratio + Decimal("0.2") if ratio else None, 0 if cac else None,
                     "paid back" if cac else "no spend", LAST_DAY)
                )  # fmt: skip
    insert(connection, "fct_ltv_cac", COHORT_COLUMNS, rows)


def _history(connection: duckdb.DuckDBPyConnection) -> None:
    """Purchases of 1997-98 beside ad spend of 2023: windows that do not meet."""
    _channels(connection)
    at = datetime(2023, 8, 2, 8, 30)
    people = []
    for n, day in enumerate(_days(date(1997, 1, 1), date(1997, 3, 25))):
        for number in range(3 + n % 4):
            moment = datetime(day.year, day.month, day.day)
            person = f"c{n}-{number}"
            people.append(
                (person, moment, moment, day, f"o{person}", moment, day, "(unattributed)", None,
                 None, None, "customer", None, 1, Decimal(30), Decimal(30), Decimal(30))
            )  # fmt: skip
    insert(connection, "dim_person", names_of("dim_person"), people)
    spend = [
        ("tiktok_ads", "7061", day, "17", "18", "19", "paid_social_tiktok", 9000, 120,
         Decimal("41.50"), "USD", Decimal(1), day, Decimal("41.50"), Decimal(2), Decimal(0),
         Decimal(0), Decimal(0), "UTC", False, False, "L1", at)
        for day in _days(date(2023, 7, 20), date(2023, 7, 29))
    ]  # fmt: skip
    insert(connection, "fct_ad_spend", names_of("fct_ad_spend"), spend)
    insert(
        connection,
        "dim_account",
        names_of("dim_account"),
        [("tiktok_ads", "7061", None, "USD", "UTC", date(2023, 7, 20), date(2023, 8, 1), None)],
    )
    insert(
        connection,
        "meta_sources",
        names_of("meta_sources"),
        [
            ("tiktok_ads", "tiktok_ads", "7061", "tiktok_ads", True, date(2023, 8, 1), at, 10,
             "ok", 0),
            ("order_files", "order_files", "cdnow", None, True, date(1998, 6, 30), at, 0,
             "stale", 9163),
            ("amplitude", "amplitude", "434000", None, True, None, None, None, "missing", None),
        ],
    )  # fmt: skip
    cohorts = []
    for month, customers in [(1, 7846), (2, 8476), (3, 7248)]:
        for age in (0, 30, 90, 180, 360, 480, 540):
            is_mature = date(1997, month, 25) + timedelta(days=age) <= date(1998, 6, 30)
            value = Decimal(34) + Decimal(age) / 8
            cohorts.append(
                (date(1997, month, 1), "(all)", "all", "last_non_direct", age, customers, customers,
                 customers if is_mature else customers // 2,
                 Decimal(1) if is_mature else Decimal("0.5"), is_mature, False, value * customers,
                 value * customers, value if is_mature else None, value if is_mature else None,
                 value - 1 if is_mature else None, value + 1 if is_mature else None, None, None,
                 False, None, None, None, None, "no spend", date(1998, 6, 30))
            )  # fmt: skip
    insert(connection, "fct_ltv_cac", COHORT_COLUMNS, cohorts)
    _checks(connection, at, troubled=False)


def _empty(connection: duckdb.DuckDBPyConnection) -> None:
    """The first night before any source answered: configured accounts and nothing else."""
    _channels(connection)
    insert(
        connection,
        "meta_sources",
        names_of("meta_sources"),
        [("meta_ads", "meta_ads", "1001", "meta_ads", True, None, None, None, "missing", None)],
    )
