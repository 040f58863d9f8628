"""What the page asks of a published database: few queries, all over small aggregates."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from desilo.war_room.facts import (
    CHART_DAYS,
    MODEL,
    Account,
    Channel,
    Check,
    CohortCell,
    Coverage,
    Day,
    Facts,
    Sum,
    Window,
    headline,
)

FUNNEL_STEPS = (
    "impressions",
    "clicks",
    "landings",
    "registrations",
    "activations",
    "first_orders",
    "repeat_orders",
)


def read(database: Path, base_currency: str | None = None) -> Facts:
    """Read the facts of a release.

    Args:
        database: the release's marts.duckdb; opened read-only.
        base_currency: ISO code; None asks the spend and order rows themselves.

    Raises:
        duckdb.Error: the database is absent or lacks a mart or a column the page shows.
    """
    with duckdb.connect(str(database), read_only=True) as connection:
        accounts = _accounts(connection)
        coverage = _coverage(connection, accounts)
        cohorts = _cohorts(connection)
        shared = Window.ending(coverage.shared_through) if coverage.shared_through else None
        channel_window = _channel_window(coverage)
        funnel_window, funnel = _funnel(connection, coverage.events_through)
        return Facts(
            base_currency=base_currency or _base_currency(connection),
            coverage=coverage,
            accounts=accounts,
            checks=_checks(connection),
            spend=_spend(connection, coverage, _latest(coverage.spend_through)),
            new_customers=_customers(connection, coverage, _latest(coverage.orders_through)),
            shared_spend=_spend(connection, coverage, shared),
            shared_customers=_customers(connection, coverage, shared),
            spend_days=_spend_days(connection, coverage),
            customer_days=_customer_days(connection, coverage),
            headline=headline(cohorts),
            cohorts=cohorts,
            funnel=funnel,
            funnel_window=funnel_window,
            channels=_channels(connection, coverage, channel_window),
            channel_window=channel_window,
            channel_names=_channel_names(connection),
        )


def _rows(
    connection: duckdb.DuckDBPyConnection, sql: str, parameters: Sequence[Any] = ()
) -> list[tuple[Any, ...]]:
    return connection.execute(sql, list(parameters)).fetchall()


def _accounts(connection: duckdb.DuckDBPyConnection) -> tuple[Account, ...]:
    rows = _rows(
        connection,
        """
        select
            sources.kind, sources.source, sources.account_id,
            accounts.account_name, accounts.currency,
            accounts.account_id is not null or sources.kind like '%\\_ads' escape '\\',
            sources.is_enabled, sources.data_through_date, sources.last_loaded_at,
            sources.rows_last_night, sources.status, sources.lag_days
        from meta_sources as sources
        left join dim_account as accounts
            on sources.account_id = accounts.account_id
            and accounts.platform in (sources.platform, sources.kind)
        order by
            list_position(['missing', 'stale', 'ok', 'disabled'], sources.status),
            sources.source, sources.account_id
        """,
    )
    return tuple(Account(*row) for row in rows)


def _coverage(connection: duckdb.DuckDBPyConnection, accounts: Sequence[Account]) -> Coverage:
    enabled = [account for account in accounts if account.is_enabled]

    def through(chosen: list[Account]) -> list[date]:
        return [account.data_through for account in chosen if account.data_through is not None]

    ads = through([account for account in enabled if account.is_ad_account])
    orders = through([account for account in enabled if account.kind == "order_files"])
    events = through([account for account in enabled if account.kind == "amplitude"])
    first = _rows(
        connection,
        """
        select
            (select min(date_day) from fct_ad_spend),
            (select min(first_order_date) from dim_person),
            (select max(first_order_date) from dim_person),
            (select max(date_day) from fct_funnel_daily where landings > 0)
        """,
    )[0]
    return Coverage(
        spend_first=first[0],
        spend_through=max(ads, default=None),
        spend_complete_through=min(ads, default=None),
        orders_first=first[1],
        orders_last=first[2],
        orders_through=max(orders, default=None),
        events_through=max(events, default=first[3]),
    )


def _base_currency(connection: duckdb.DuckDBPyConnection) -> str | None:
    rows = _rows(
        connection,
        """
        select currency, count(*) as row_count
        from (
            select currency from fct_ad_spend where fx_rate = 1
            union all
            select currency from fct_orders where fx_rate = 1
        ) as at_par
        group by currency
        order by row_count desc, currency
        limit 1
        """,
    )
    return rows[0][0] if rows else None


def _latest(end: date | None) -> Window | None:
    return Window.ending(end) if end else None


def _spend(
    connection: duckdb.DuckDBPyConnection, coverage: Coverage, window: Window | None
) -> Sum | None:
    if window is None:
        return None

    def total(over: Window) -> tuple[Decimal | None, Decimal | None]:
        if not coverage.knows_spend(over):
            return None, None
        spend, provisional = _rows(
            connection,
            """
            select
                coalesce(sum(spend), 0),
                coalesce(sum(spend) filter (where is_provisional), 0)
            from fct_ad_spend
            where date_day between ? and ?
            """,
            [over.start, over.end],
        )[0]
        return spend, provisional / spend if spend else None

    value, provisional_share = total(window)
    earlier = window.before()
    is_comparable = coverage.spend_first is not None and coverage.spend_first <= earlier.start
    return Sum(window, value, total(earlier)[0] if is_comparable else None, provisional_share)


def _customers(
    connection: duckdb.DuckDBPyConnection, coverage: Coverage, window: Window | None
) -> Sum | None:
    if window is None:
        return None

    def total(over: Window) -> Decimal | None:
        if not coverage.knows_orders(over):
            return None
        rows = _rows(
            connection,
            "select count(*) from dim_person where first_order_date between ? and ?",
            [over.start, over.end],
        )
        return Decimal(rows[0][0])

    earlier = window.before()
    is_comparable = coverage.orders_first is not None and coverage.orders_first <= earlier.start
    return Sum(window, total(window), total(earlier) if is_comparable else None)


def _chart_ends(coverage: Coverage) -> tuple[date | None, date | None]:
    """Last days of the two series: the same day where they meet, their own where they never do."""
    spend, orders = coverage.spend_through, coverage.orders_through
    if spend and orders and abs((spend - orders).days) < CHART_DAYS:
        return max(spend, orders), max(spend, orders)
    return spend, orders


def _spend_days(connection: duckdb.DuckDBPyConnection, coverage: Coverage) -> tuple[Day, ...]:
    end = _chart_ends(coverage)[0]
    if end is None:
        return ()
    window = Window.ending(end, CHART_DAYS)
    found = {
        day: (spend, is_provisional)
        for day, spend, is_provisional in _rows(
            connection,
            """
            select date_day, sum(spend), bool_or(is_provisional)
            from fct_ad_spend
            where date_day between ? and ?
            group by date_day
            """,
            [window.start, window.end],
        )
    }

    def one(day: date) -> Day:
        if not coverage.knows_spend(Window(day, day)):
            return Day(day, None, "missing")
        value, is_provisional = found.get(day, (Decimal(0), False))
        if coverage.spend_complete_through and day > coverage.spend_complete_through:
            return Day(day, value, "incomplete")
        return Day(day, value, "provisional" if is_provisional else "final")

    return tuple(one(day) for day in window.days)


def _customer_days(connection: duckdb.DuckDBPyConnection, coverage: Coverage) -> tuple[Day, ...]:
    end = _chart_ends(coverage)[1]
    if end is None:
        return ()
    window = Window.ending(end, CHART_DAYS)
    found = dict(
        _rows(
            connection,
            """
            select first_order_date, count(*)
            from dim_person
            where first_order_date between ? and ?
            group by first_order_date
            """,
            [window.start, window.end],
        )
    )
    return tuple(
        Day(day, Decimal(found.get(day, 0)))
        if coverage.knows_orders(Window(day, day))
        else Day(day, None, "missing")
        for day in window.days
    )


def _funnel(
    connection: duckdb.DuckDBPyConnection, through: date | None
) -> tuple[Window | None, tuple[tuple[str, int | None], ...]]:
    if through is None:
        return None, ()
    window = Window.ending(through)
    sums = ", ".join(f"sum({step})" for step in FUNNEL_STEPS)
    row = _rows(
        connection,
        f"select {sums} from fct_funnel_daily where date_day between ? and ?",
        [window.start, window.end],
    )[0]
    steps = [None if value is None else int(value) for value in row]
    return window, tuple(zip(FUNNEL_STEPS, steps, strict=True))


def _channel_window(coverage: Coverage) -> Window | None:
    """Where spend and orders are both known; where they never meet, where spend is."""
    shared = _latest(coverage.shared_through)
    if shared and coverage.knows_spend(shared) and coverage.knows_orders(shared):
        return shared
    return _latest(coverage.spend_through or coverage.orders_through)


def _channels(
    connection: duckdb.DuckDBPyConnection, coverage: Coverage, window: Window | None
) -> tuple[Channel, ...]:
    if window is None:
        return ()
    knows_spend, knows_orders = coverage.knows_spend(window), coverage.knows_orders(window)
    rows = _rows(
        connection,
        """
        select
            performance.channel_id,
            coalesce(any_value(channels.channel_name), performance.channel_id),
            coalesce(any_value(channels.channel_name_zh), performance.channel_id),
            coalesce(any_value(channels.is_paid), false),
            sum(performance.spend),
            sum(performance.new_customers),
            sum(performance.revenue),
            sum(performance.platform_claimed_conversions),
            coalesce(bool_or(performance.is_provisional), false)
        from fct_channel_performance as performance
        left join dim_channel as channels using (channel_id)
        where performance.model = ? and performance.date_day between ? and ?
        group by performance.channel_id
        order by
            sum(performance.spend) desc nulls last, sum(performance.new_customers) desc,
            performance.channel_id
        """,
        [MODEL, window.start, window.end],
    )
    return tuple(
        Channel(
            channel_id=channel_id,
            name=name,
            name_zh=name_zh,
            is_paid=is_paid,
            spend=(spend or Decimal(0)) if knows_spend else None,
            new_customers=(customers or Decimal(0)) if knows_orders else None,
            revenue=(revenue or Decimal(0)) if knows_orders else None,
            claims=claims if knows_spend else None,
            is_provisional=provisional,
        )
        for channel_id, name, name_zh, is_paid, spend, customers, revenue, claims, provisional in (
            rows
        )
    )


def _cohorts(connection: duckdb.DuckDBPyConnection) -> tuple[CohortCell, ...]:
    rows = _rows(
        connection,
        """
        select
            cohort_month, channel_id, age_days, customers, observed_share, is_mature,
            ltv_margin, case when row_kind = 'all' then cac_blended else cac_paid end,
            ltv_cac_ratio, ltv_cac_ratio_low, ltv_cac_ratio_high,
            payback_age_days, payback_status, observed_through_date
        from fct_ltv_cac
        where model = ?
        order by cohort_month, channel_id, age_days
        """,
        [MODEL],
    )
    return tuple(CohortCell(*row) for row in rows)


def _checks(connection: duckdb.DuckDBPyConnection) -> tuple[Check, ...]:
    rows = _rows(
        connection,
        """
        select
            gate, suite, check_name, severity, success, observed_value, unexpected_count,
            details, subject
        from meta_checks
        order by success, severity, gate, suite, check_name, subject
        """,
    )
    return tuple(Check(*row) for row in rows)


def _channel_names(connection: duckdb.DuckDBPyConnection) -> dict[str, tuple[str, str]]:
    rows = _rows(connection, "select channel_id, channel_name, channel_name_zh from dim_channel")
    return {channel_id: (name, name_zh) for channel_id, name, name_zh in rows}
