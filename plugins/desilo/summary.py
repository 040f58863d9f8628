"""What a night says when it is over: what was published, and where to look."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from desilo import release, settings, warehouse

RECENT_DAYS = 28

BLENDED_CAC = f"""
with through as (select max(order_date) as day from fct_orders)
select
    (
        select sum(spend) from fct_ad_spend, through
        where date_day > through.day - {RECENT_DAYS} and date_day <= through.day
    ) as spend,
    (
        select count(distinct person_id) from fct_orders, through
        where is_first and order_date > through.day - {RECENT_DAYS}
    ) as new_customers
"""

LAST_MATURE_COHORT = """
select cohort_month, age_days, customers, ltv_margin, cac_blended, ltv_cac_ratio
from fct_ltv_cac
where channel_id = '(all)' and is_mature and age_days >= 30
order by cohort_month desc, age_days desc
limit 1
"""


def of_release(published: release.Release) -> str:
    """The short table at the end of a night."""
    manifest = published.manifest
    database = published.database
    currency = manifest["base_currency"]
    accounts = warehouse.query(
        database,
        "select source, account_id, data_through_date, status, rows_last_night "
        "from meta_sources order by source, account_id",
    )
    checks = manifest["checks"]
    lines = [
        f"Published release {published.release_id}",
        "",
        *_table(["source", "account", "data through", "status", "rows (12 h)"], accounts),
        "",
        f"  checks            {checks['passed']} passed, {checks['warned']} warned, "
        f"{checks['failed']} failed",
        f"  blended CAC       {_cac(database, currency)}",
        f"  LTV:CAC           {_ltv_cac(database, currency)}",
        "",
        "Where to look",
        f"  war room   {published.folder / 'site' / 'index.html'}",
        f"  dbt docs   {published.folder / 'site' / 'dbt' / 'index.html'}",
        f"  Data Docs  {published.folder / 'site' / 'data_docs' / 'index.html'}",
        f"  database   {settings.releases_dir() / release.CURRENT / 'marts.duckdb'}",
        "  Airflow    make up",
    ]
    return "\n".join(lines)


def of_failure(day: date, run_id: str) -> str:
    """What a night says that published nothing."""
    serving = release.current()
    served = serving.release_id if serving else "none yet"
    reasons = release.blocking_reasons(run_id)
    if reasons:
        docs = settings.releases_dir() / "blocked" / day.isoformat() / "data_docs" / "index.html"
        found = "".join(f"\n  {each['check_name']}: {each['details']}" for each in reasons)
        why = f"A gate blocked the night of {day}:{found}\nThe rows: {docs}"
    else:
        why = (
            f"The night of {day} failed. What the red task said is in Airflow (make up) and below "
            f"{settings.home() / 'airflow' / 'logs'}; dbt's own words: "
            f"{settings.home() / 'dbt_logs' / 'dbt.log'}"
        )
    return f"{why}\nNothing was published; the release that is served stays: {served}"


def _cac(database: Any, currency: str) -> str:
    spend, customers = warehouse.query(database, BLENDED_CAC)[0]
    if not spend:
        return f"no spend in the last {RECENT_DAYS} days of orders"
    if not customers:
        return f"no new customers in the last {RECENT_DAYS} days"
    value = float(str(spend)) / int(str(customers))
    return f"{value:,.2f} {currency} over the last {RECENT_DAYS} days ({customers:,} new customers)"


def _ltv_cac(database: Any, currency: str) -> str:
    found = warehouse.query(database, LAST_MATURE_COHORT)
    if not found:
        return "no cohort is mature yet"
    month, age, customers, ltv, cac, ratio = found[0]
    cohort = f"cohort {str(month)[:7]}, {age} days, {customers:,.0f} customers"
    if ratio is None:
        why = "no spend to compare with" if cac is None else "too few for a ratio"
        return f"LTV {float(str(ltv)):,.2f} {currency}, {why} ({cohort})"
    return f"{float(str(ratio)):.2f} (LTV {float(str(ltv)):,.2f} {currency}; {cohort})"


def _table(header: Sequence[str], rows: Sequence[Sequence[Any]]) -> list[str]:
    """Lines of a table with columns as wide as they need."""
    texts = [list(header)] + [[_cell(value) for value in row] for row in rows]
    widths = [max(len(row[i]) for row in texts) for i in range(len(header))]
    return [
        "  "
        + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in texts
    ]


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:,}" if isinstance(value, int) else str(value)
