"""The landing gate: may tonight's answers of the platforms enter the build?

It reads the verbatim records before anything is built from them: their shape, whether they are
complete, and whether they can be meant. What it compares with is the lake's own list of loads and
the marts of the build before, which the first night does not have.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from expectations.landing_evidence import evidence
from expectations.registry import Claim, Columns, NoRows, Plan, Severity, Suite, text

UNITS_PER_DOLLAR = {
    "JPY": 150, "KRW": 1400, "VND": 25000, "IDR": 16000, "HUF": 370, "CLP": 950, "COP": 4000,
    "INR": 85, "TWD": 32, "THB": 35, "PHP": 57, "RUB": 90, "PKR": 280, "NGN": 1500,
}  # fmt: skip
"""Order of magnitude only: bounds of money must not mistake a small currency for a wrong unit."""

REFETCH = "Re-land the account and day named here (`make backfill`), then run the night again."
READ_SUSPECT = (
    "Look at the platform's own screen. If the answer is wrong, run the account again; if it is "
    "right, land it with accept_shrunken."
)


def plan(
    day: str, columns: Columns, streams: Iterable[Mapping[str, Any]], limits: Mapping[str, float]
) -> Plan:
    """Evidence and suites for a night."""
    known = list(streams)
    return Plan(
        gate="landing",
        evidence=evidence(known, columns, day),
        suites=(
            _shape(),
            _keys(limits),
            _loads(day, limits),
            _coverage(day, known, limits),
            _reports(limits),
            _zone(),
            _money(limits),
            _accounts(),
        ),
    )


def _claim(
    name: str, severity: Severity, subject: str, protects: str, on_failure: str, query: str
) -> Claim:
    return Claim(
        name=name,
        severity=severity,
        subject=subject,
        owner="data",
        protects=protects,
        on_failure=on_failure,
        expectation=NoRows(unexpected_rows_query=query),
    )


def _shape() -> Suite:
    def faults(fault: str) -> str:
        return f"""
        select kind, stream, field, declared, found, sum(records) as records,
            min(account_id) as account_id, max(day) as day
        from {{batch}}
        where fault = '{fault}'
        group by kind, stream, field, declared, found
        order by records desc, kind, stream, field
        """

    schema_change = (
        "Compare the record with the platform's release notes; change the stream's declaration "
        "and its staging model together."
    )
    return Suite(
        "landing_shape",
        "select * from record_faults",
        (
            _claim(
                "records_are_json",
                "critical",
                "every record",
                "Every record is one JSON object.",
                REFETCH,
                faults("not_json"),
            ),
            _claim(
                "required_fields_present",
                "critical",
                "every record",
                "Every field that the marts are made of is in every record.",
                schema_change,
                faults("missing"),
            ),
            _claim(
                "field_types_as_declared",
                "critical",
                "every record",
                "Every such field has the type its stream declares.",
                schema_change,
                faults("mistyped"),
            ),
        ),
    )


def _keys(limits: Mapping[str, float]) -> Suite:
    share = limits["duplicate_event_share"]
    return Suite(
        "landing_keys",
        "select * from doubled_keys",
        (
            _claim(
                "key_unique_in_load",
                "critical",
                "every load",
                "No record is twice in one load: no day doubled, no page repeated.",
                REFETCH,
                f"""
                select kind, stream, account_id, day, records, records - keys as doubled
                from {{batch}}
                where stream <> 'events' or records - keys > {share} * records
                order by doubled desc, kind, stream, account_id, day
                """,
            ),
        ),
    )


def _loads(day: str, limits: Mapping[str, float]) -> Suite:
    open_suspects = f"""
        select suspect.kind, suspect.stream, suspect.account_id, suspect.day, max(suspect.reason) as reason
        from raw.loads as suspect
        left join raw.loads as later
            on later.source = suspect.source and later.stream = suspect.stream
            and later.account_id = suspect.account_id and later.day = suspect.day
            and later.status = 'complete' and later.load_id > suspect.load_id
        where suspect.status = 'suspect' and suspect.day <= date '{day}' and later.load_id is null
        group by all
    """
    return Suite(
        "landing_loads",
        open_suspects,
        (
            _claim(
                "load_not_suspect",
                "critical",
                "loads of the night",
                "No platform answers short: an empty or shrunken answer for the night itself, or "
                "for several days of an account, is not what the platform has.",
                READ_SUSPECT,
                f"""
                select kind, stream, account_id, max(day) as day, count(*) as suspect_days,
                    max_by(reason, day) as reason
                from {{batch}}
                group by kind, stream, account_id
                having max(day) = date '{day}' or count(*) >= {limits["suspect_days"]}
                order by kind, stream, account_id
                """,
            ),
            _claim(
                "shrunken_answer_kept_aside",
                "warning",
                "loads of the night",
                "Where an answer shrank, the fuller one before it still counts.",
                READ_SUSPECT,
                "select * from {batch} order by kind, stream, account_id, day",
            ),
        ),
    )


def _coverage(
    day: str, streams: Sequence[Mapping[str, Any]], limits: Mapping[str, float]
) -> Suite:
    declared = ", ".join(f"({text(each['kind'])}, {text(each['stream'])})" for each in streams)
    declared = declared or "(null, null)"
    norm = limits["rows_norm_min"]
    return Suite(
        "landing_coverage",
        "select * from day_loads",
        (
            _claim(
                "account_not_silent",
                "critical",
                "accounts",
                "An account that had rows every day of the week before has some for the night.",
                "Ask the platform's screen: paused on purpose (switch it off in the configuration) "
                "or a report that has not been made yet (run the account again).",
                f"""
                select kind, stream, account_id, rows_before
                from (
                    select kind, stream, account_id,
                        max(rows) filter (where day = date '{day}') as rows_now,
                        count(*) filter (where day < date '{day}') as days_before,
                        min(rows) filter (where day < date '{day}') as least_before,
                        sum(rows) filter (where day < date '{day}') as rows_before
                    from {{batch}}
                    where day >= date '{day}' - 7
                    group by all
                )
                where rows_now = 0 and days_before >= 5 and least_before > 0
                order by kind, stream, account_id
                """,
            ),
            _claim(
                "empty_night",
                "critical",
                "all ad platforms",
                "Some platform has ad rows for the night, when the day before had.",
                "Every platform at once points at ourselves: clock, day of the run, network.",
                f"""
                select sum(rows) filter (where day = date '{day}' - 1) as rows_of_the_day_before
                from {{batch}}
                where stream in ('ad_daily', 'campaign_daily')
                having coalesce(sum(rows) filter (where day = date '{day}'), 0) = 0
                    and sum(rows) filter (where day = date '{day}' - 1) > 0
                """,
            ),
            _claim(
                "rows_near_norm",
                "critical",
                "accounts and days landed tonight",
                "A day has about as many rows as the days before it: no page is missing from all "
                "of an account's reports at once, no export is half there.",
                REFETCH,
                f"""
                select kind, stream, account_id, day, rows, norm
                from (
                    select loads.*,
                        median(rows) over before as norm, count(*) over before as days_before
                    from (select * from {{batch}}) as loads
                    window before as (
                        partition by kind, stream, account_id order by day
                        rows between 14 preceding and 1 preceding
                    )
                )
                where days_before >= 7 and norm >= {norm} and rows > 0
                    and rows < {limits["rows_share_min"]} * norm
                    and (kind, stream, account_id, day) in (
                        select (changed.kind, changed.stream, changed.account_id, changed.day)
                        from raw.changed_partitions as changed
                        join raw.accounts_expected as expected
                            on expected.kind = changed.kind
                            and expected.account_id = changed.account_id
                        where changed.day > date '{day}' - expected.reread_days
                    )
                order by kind, stream, account_id, day
                """,
            ),
            _claim(
                "loads_complete_for_day",
                "warning",
                "accounts",
                "Every account that is switched on has landed the night's day; one that has not "
                "is shown with the day through which it is complete.",
                "Read the log of the account's ingest run; the next night asks again by itself.",
                f"""
                with landed as (
                    select kind, account_id, stream, day,
                        day - lag(day) over (
                            partition by kind, account_id, stream order by day
                        ) as gap
                    from {{batch}}
                ),
                rhythm as (
                    select kind, account_id, stream, max(day) as last_day,
                        -- Central banks rest at weekends: late is what is later than ever before.
                        coalesce(max(gap) filter (where day > date '{day}' - 60), 1) as longest_gap
                    from landed
                    group by all
                )
                select expected.kind, expected.account_id, declared.stream, rhythm.last_day
                from raw.accounts_expected as expected
                join (values {declared}) as declared (kind, stream)
                    on declared.kind = expected.kind
                left join rhythm
                    on rhythm.kind = expected.kind and rhythm.account_id = expected.account_id
                    and rhythm.stream = declared.stream
                where expected.is_enabled
                    and (last_day is null or date '{day}' - last_day >= longest_gap)
                order by 1, 2, 3
                """,
            ),
            _claim(
                "api_version_unchanged",
                "warning",
                "platforms",
                "The platform answers in the API version it answered in yesterday.",
                "Read the platform's change log before the old version ends.",
                f"""
                select kind, min(api_version) as version, max(api_version) as other_version
                from {{batch}}
                where day > date '{day}' - 7 and api_version <> ''
                group by kind
                having count(distinct api_version) > 1
                order by kind
                """,
            ),
        ),
    )


def _reports(limits: Mapping[str, float]) -> Suite:
    drop = limits["ad_share_drop"]
    return Suite(
        "landing_reports",
        "select * from spend_now",
        (
            _claim(
                "page_not_missing",
                "critical",
                "ad reports landed tonight",
                "Campaigns keep the ads that make up their spend: a campaign whose ad rows fall "
                "away while its own row stays (or the other way round) lost a page.",
                REFETCH,
                f"""
                select platform, account_id, day, count(*) as campaigns,
                    sum(spend) as campaign_spend, sum(ad_spend) as ad_spend
                from (
                    select *,
                        coalesce(ad_spend, 0) / nullif(spend, 0) as share,
                        median(coalesce(ad_spend, 0) / nullif(spend, 0)) over (
                            partition by platform, account_id, campaign_id
                        ) as usual_share,
                        count(*) over (partition by platform, account_id, campaign_id) as days,
                        count(spend) over (partition by platform, account_id, day)
                            as campaigns_of_day
                    from {{batch}}
                )
                where is_new and (
                    (days >= 5 and usual_share > 0 and spend > 0 and share < {drop} * usual_share)
                    or (spend is null and ad_spend > 0 and campaigns_of_day > 0)
                )
                group by platform, account_id, day
                order by platform, account_id, day
                """,
            ),
        ),
    )


def _zone() -> Suite:
    return Suite(
        "landing_zone",
        "select * from account_days",
        (
            _claim(
                "zone_not_shifted",
                "critical",
                "ad reports landed tonight",
                "A day's numbers are those of that day in the account's zone.",
                "Compare the account's zone at the platform with dim_account, and one day's spend "
                "with the platform's screen; then land the window again.",
                """
                select platform, account_id, 'rows carry another day' as why,
                    count(*) as found, max(day) as day
                from report_rows
                where own_date <> day
                group by platform, account_id
                union all
                select now.platform, now.account_id, 'numbers moved by a day' as why,
                    count(*) as found, max(now.day) as day
                from (select * from {batch}) as now
                join account_days as neighbour
                    on neighbour.platform = now.platform
                    and neighbour.account_id = now.account_id
                    and neighbour.day in (now.day - 1, now.day + 1)
                where now.is_new and now.spend > 0
                    and now.spend = neighbour.spend_before and now.clicks = neighbour.clicks_before
                    and now.spend is distinct from now.spend_before
                group by now.platform, now.account_id, neighbour.day - now.day
                having count(*) >= 3
                order by platform, account_id, why
                """,
            ),
        ),
    )


def _money(limits: Mapping[str, float]) -> Suite:
    jump, restated = limits["money_jump"], limits["money_restated"]
    low, high = limits["cost_per_click_min"], limits["cost_per_click_max"]
    scales = ", ".join(f"({text(code)}, {units})" for code, units in UNITS_PER_DOLLAR.items())
    return Suite(
        "landing_money",
        "select * from account_days",
        (
            _claim(
                "money_in_range",
                "critical",
                "ad spend landed tonight",
                "Spend is in the unit that was declared: no account is a hundred times dearer or "
                "cheaper per click than itself, than last night's reading of the same day, or "
                "than any advertiser pays.",
                "Look at the unit on the wire (major, minor, micros) in the platform's change log; "
                "correct the stream's declaration or land the day again.",
                f"""
                with currencies as (
                    select platform, account_id, max(currency) as currency
                    from account_snapshots group by all
                ),
                scales (currency, units) as (values {scales}),
                measured as (
                    select days.*,
                        spend / nullif(clicks, 0) as cost_per_click,
                        spend_before / nullif(clicks_before, 0) as cost_per_click_before,
                        median(spend / nullif(clicks, 0)) over (
                            partition by days.platform, days.account_id order by day
                            rows between 28 preceding and 1 preceding
                        ) as usual,
                        coalesce(units, 1) as units
                    from (select * from {{batch}}) as days
                    left join currencies
                        on currencies.platform = days.platform
                        and currencies.account_id = days.account_id
                    left join scales on scales.currency = currencies.currency
                )
                select platform, account_id, day, spend, clicks, usual, cost_per_click_before
                from measured
                where is_new and (
                    (clicks >= 10 and (cost_per_click > {jump} * usual or usual > {jump} * cost_per_click))
                    or (clicks >= 10 and (
                        cost_per_click > {restated} * cost_per_click_before
                        or cost_per_click_before > {restated} * cost_per_click
                    ))
                    or (clicks >= 20 and spend > 0 and (
                        cost_per_click < {low} * units or cost_per_click > {high} * units
                    ))
                    or spend < 0
                )
                order by platform, account_id, day desc
                """,
            ),
        ),
    )


def _accounts() -> Suite:
    def differs(column: str) -> str:
        return f"""
        select platform, account_id, max_by({column}, day) as {column}_now,
            string_agg(distinct {column}, ', ' order by {column}) as seen
        from {{batch}}
        where {column} is not null
        group by platform, account_id
        having count(distinct {column}) > 1
        order by platform, account_id
        """

    new_account = (
        "Platforms do not change this on a living account: the id was given to another account, "
        "or the answer is another account's. Ask whoever owns the account before anything else."
    )
    return Suite(
        "landing_accounts",
        "select * from account_snapshots",
        (
            _claim(
                "currency_unchanged",
                "critical",
                "accounts",
                "An account's money is in the currency it has always been in.",
                new_account,
                differs("currency"),
            ),
            _claim(
                "account_zone_unchanged",
                "critical",
                "accounts",
                "An account's days are days of the zone they have always been in.",
                new_account,
                differs("timezone"),
            ),
        ),
    )
