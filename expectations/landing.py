"""The landing gate: may tonight's answers of the platforms enter the build?

It reads the verbatim records before anything is built from them: their shape, whether they are
complete, and whether they can be meant. What it compares with is the lake's own list of loads and
the marts of the build before, which the first night does not have.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from expectations import landing_numbers
from expectations.landing_evidence import evidence
from expectations.landing_numbers import REFETCH, data_claim
from expectations.registry import Columns, Plan, Suite, text

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
            *landing_numbers.suites(limits),
        ),
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
            data_claim(
                "records_are_json",
                "critical",
                "every record",
                "Every record is one JSON object.",
                REFETCH,
                faults("not_json"),
            ),
            data_claim(
                "required_fields_present",
                "critical",
                "every record",
                "Every field that the marts are made of is in every record.",
                schema_change,
                faults("missing"),
            ),
            data_claim(
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
            data_claim(
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
        select suspect.kind, suspect.stream, suspect.account_id, suspect.day,
            max(suspect.reason) as reason
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
            data_claim(
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
            data_claim(
                "shrunken_answer_kept_aside",
                "warning",
                "loads of the night",
                "Where an answer shrank, the fuller one before it still counts.",
                READ_SUSPECT,
                "select * from {batch} order by kind, stream, account_id, day",
            ),
        ),
    )


def _coverage(day: str, streams: Sequence[Mapping[str, Any]], limits: Mapping[str, float]) -> Suite:
    declared = ", ".join(f"({text(each['kind'])}, {text(each['stream'])})" for each in streams)
    declared = declared or "(null, null)"
    norm = limits["rows_norm_min"]
    return Suite(
        "landing_coverage",
        "select * from day_loads",
        (
            data_claim(
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
            data_claim(
                "empty_night",
                "critical",
                "all ad platforms",
                "Some platform has ad rows for the night when the day before had; and something "
                "has landed at all.",
                "Every platform at once points at ourselves: clock, day of the run, network.",
                f"""
                select ad_rows, ad_rows_of_the_day_before, rows_of_all_days
                from (
                    select coalesce(sum(rows) filter (where is_ad and day = date '{day}'), 0)
                            as ad_rows,
                        sum(rows) filter (where is_ad and day = date '{day}' - 1)
                            as ad_rows_of_the_day_before,
                        coalesce(sum(rows), 0) as rows_of_all_days
                    from (
                        select *, stream in ('ad_daily', 'campaign_daily') as is_ad from {{batch}}
                    )
                )
                where (ad_rows = 0 and ad_rows_of_the_day_before > 0) or rows_of_all_days = 0
                """,
            ),
            data_claim(
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
            data_claim(
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
                where expected.is_enabled and (
                    date '{day}' - last_day >= longest_gap
                    -- A stream that never landed may not be configured; an account is.
                    or not exists (
                        select 1 from landed
                        where landed.kind = expected.kind
                            and landed.account_id = expected.account_id
                    )
                )
                order by 1, 2, 3
                """,
            ),
            data_claim(
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
