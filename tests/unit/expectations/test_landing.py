# ruff: noqa: E501  a statement is easier to read on one line
"""The landing gate: good nights pass, every planted fault is caught by its own name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from desilo.quality import run_gate
from expectations import registry
from tests.unit.quality import tiny_build
from tests.unit.quality.one_claim import check

NIGHT = "'2026-03-31'"
ADS, CAMPAIGNS, EVENTS = (
    "raw.meta_ads__ad_daily",
    "raw.meta_ads__campaign_daily",
    "raw.amplitude__events",
)

FAULTS: dict[str, tuple[str, str, str]] = {
    # what happened: (check that must catch it, damage, a word its reason must say)
    "a record cut in half": (
        "records_are_json",
        f"update {ADS} set record = left(record, 20) where day = {NIGHT} and seq = 0",
        "no JSON",
    ),
    "a list where an object was": (
        "records_are_json",
        f"update {EVENTS} set record = '[1, 2]' where day = {NIGHT} and seq = 0",
        "ARRAY",
    ),
    "a field renamed": (
        "required_fields_present",
        f"update {ADS} set record = replace(record, '\"spend\"', '\"amount_spent\"')",
        "spend",
    ),
    "a field null": (
        "required_fields_present",
        f"update {CAMPAIGNS} set record = replace(record, '\"c2\"', 'null') where day = {NIGHT}",
        "campaign_id",
    ),
    "a field that may be null is gone": (
        "required_fields_present",
        f"""update {EVENTS} set record = replace(record, '"user_id"', '"uid"') where day = {NIGHT}""",
        "user_id",
    ),
    "text became a number": (
        "field_types_as_declared",
        f"""update {ADS} set record = regexp_replace(record, '"spend": "([^"]*)"', '"spend": \\1')
        where day = {NIGHT}""",
        "DOUBLE",
    ),
    "micros became an object": (
        "field_types_as_declared",
        """update raw.google_ads__campaign_daily
        set record = regexp_replace(record, '"costMicros": "[^"]*"', '"costMicros": {"v": 1}')""",
        "metrics.costMicros",
    ),
    "a day doubled": (
        "key_unique_in_load",
        f"insert into {ADS} select * replace (seq + 3 as seq) from {ADS} where day = {NIGHT}",
        "doubled 3",
    ),
    "a page of events repeated": (
        "key_unique_in_load",
        f"insert into {EVENTS} select * from {EVENTS} where day = {NIGHT} and seq < 10",
        "doubled 10",
    ),
    "the night's answer was empty": (
        "load_not_suspect",
        f"""insert into raw.loads select * replace ('suspect' as status, false as is_newest,
            'empty, the load before had 3 rows' as reason, 0 as rows, load_id || 'b' as load_id,
            path || 'b' as path)
        from raw.loads where kind = 'meta_ads' and stream = 'ad_daily' and day = {NIGHT}""",
        "empty",
    ),
    "three days shrank": (
        "load_not_suspect",
        """insert into raw.loads select * replace ('suspect' as status, false as is_newest,
            '1 rows' as reason, load_id || 'b' as load_id, path || 'b' as path)
        from raw.loads where kind = 'meta_ads' and stream = 'ad_daily'
            and day between '2026-03-24' and '2026-03-26'""",
        "suspect_days 3",
    ),
    "one earlier day shrank": (
        "shrunken_answer_kept_aside",
        """insert into raw.loads select * replace ('suspect' as status, false as is_newest,
            '1 rows' as reason, load_id || 'b' as load_id, path || 'b' as path)
        from raw.loads where kind = 'meta_ads' and stream = 'ad_daily' and day = '2026-03-24'""",
        "2026-03-24",
    ),
    "an account silent": (
        "account_not_silent",
        f"""update raw.loads set rows = 0
        where kind = 'google_ads' and stream = 'campaign_daily' and day = {NIGHT}""",
        "google_ads",
    ),
    "an empty night": (
        "empty_night",
        f"""update raw.loads set rows = 0
        where stream in ('ad_daily', 'campaign_daily') and day = {NIGHT}""",
        "ad_rows_of_the_day_before",
    ),
    "no platform landed": (
        "empty_night",
        f"delete from raw.loads where stream in ('ad_daily', 'campaign_daily') and day = {NIGHT}",
        "ad_rows_of_the_day_before",
    ),
    "nothing ever landed": ("empty_night", "delete from raw.loads", "rows_of_all_days 0"),
    "half an export": (
        "rows_near_norm",
        f"update raw.loads set rows = 7 where stream = 'events' and day = {NIGHT}",
        "amplitude",
    ),
    "a platform failed": (
        "loads_complete_for_day",
        f"delete from raw.loads where kind = 'google_ads' and day = {NIGHT}",
        "google_ads",
    ),
    "a platform never landed": (
        "loads_complete_for_day",
        "delete from raw.loads where kind = 'google_ads'",
        "google_ads",
    ),
    "an API version moved": (
        "api_version_unchanged",
        f"update raw.loads set api_version = 'v2' where kind = 'meta_ads' and day = {NIGHT}",
        "v2",
    ),
    "a page of ads missing": (
        "page_not_missing",
        f"delete from {ADS} where day = {NIGHT} and seq < 2",
        "2026-03-31",
    ),
    "a page of campaigns missing": (
        "page_not_missing",
        f"delete from {CAMPAIGNS} where day = '2026-03-30' and seq = 1",
        "2026-03-30",
    ),
    "ads dearer than their campaign": (
        "page_not_missing",
        f"""update {ADS} set record = regexp_replace(record, '"spend": "([0-9]*)', '"spend": "\\g<1>9')
        where day = {NIGHT} and seq = 2""".replace("\\g<1>", "\\1"),
        "ads dearer than their campaign",
    ),
    "half of all campaigns gone from both reports": (
        "page_not_missing",
        f"""
        insert into {CAMPAIGNS} by name select * exclude (n) replace (seq + n * 10 as seq,
            replace(replace(record, '"c1"', '"c1' || n || '"'), '"c2"', '"c2' || n || '"') as record)
        from {CAMPAIGNS}, range(1, 3) as t (n);
        insert into {ADS} by name select * exclude (n) replace (seq + n * 10 as seq,
            replace(replace(record, '"c1"', '"c1' || n || '"'), '"c2"', '"c2' || n || '"') as record)
        from {ADS}, range(1, 3) as t (n);
        delete from {CAMPAIGNS} where seq > 9 and day = {NIGHT};
        delete from {ADS} where seq > 9 and day = {NIGHT}
        """,
        "campaigns fell away together",
    ),
    "rows of the next day": (
        "zone_not_shifted",
        f"update {ADS} set record = replace(record, '2026-03-31', '2026-04-01') where day = {NIGHT}",
        "another day",
    ),
    "the whole window moved by a day": (
        "zone_not_shifted",
        f"""
        update {CAMPAIGNS} set record = replace(replace(earlier.record, earlier.day::varchar,
            {CAMPAIGNS}.day::varchar), '"account"', '"account"')
        from {CAMPAIGNS} as earlier
        where earlier.day = {CAMPAIGNS}.day - 1 and earlier.seq = {CAMPAIGNS}.seq
        """,
        "moved by a day",
    ),
    "the night is the day before again": (
        "zone_not_shifted",
        f"""update {CAMPAIGNS} set record = replace(earlier.record, '2026-03-30', '2026-03-31')
        from {CAMPAIGNS} as earlier
        where {CAMPAIGNS}.day = {NIGHT} and earlier.day = '2026-03-30'
            and earlier.seq = {CAMPAIGNS}.seq""",
        "a day is its neighbour again",
    ),
    "a day's money 100x": (
        "money_in_range",
        f"""update {CAMPAIGNS} set record = regexp_replace(record, '"spend": "([0-9]*)\\.([0-9]*)"',
            '"spend": "\\1\\2"') where day = {NIGHT}""",
        "2026-03-31",
    ),
    "the window's money in fen": (
        "money_in_range",
        f"""update {CAMPAIGNS} set record = regexp_replace(record, '"spend": "([0-9]*)\\.([0-9]*)"',
            '"spend": "\\1\\2"')""",
        "meta_ads",
    ),
    "micros of another unit": (
        "money_in_range",
        """update raw.google_ads__campaign_daily
        set record = regexp_replace(record, '"costMicros": "([0-9]*)"', '"costMicros": "\\1000"')""",
        "google_ads",
    ),
    "negative spend": (
        "money_in_range",
        f"""update {CAMPAIGNS} set record = replace(record, '"spend": "', '"spend": "-')
        where day = {NIGHT}""",
        "spend -",
    ),
    "a currency changed": (
        "currency_unchanged",
        """update raw.meta_ads__accounts set record = replace(record, 'USD', 'EUR')""",
        "EUR, USD",
    ),
    "a zone changed": (
        "account_zone_unchanged",
        """update raw.meta_ads__accounts
        set record = replace(record, 'America/Los_Angeles', 'Europe/Berlin')""",
        "Europe/Berlin",
    ),
}

WARNINGS = {"shrunken_answer_kept_aside", "loads_complete_for_day", "api_version_unchanged"}


@pytest.mark.parametrize("what", FAULTS)
def test_catches_a_planted_fault_by_name(
    what: str,
    damage: Callable[[str], Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    name, statements, reason = FAULTS[what]

    found = check(monkeypatch, "landing", name, damage(statements), tmp_path / "docs")

    assert not found.success
    assert found.unexpected_count
    assert reason in found.details
    assert "itself failed" not in found.details
    assert found.severity == ("warning" if name in WARNINGS else "critical")


def test_every_claim_has_a_planted_fault() -> None:
    plan = registry.plan(
        "landing", day="2026-03-31", columns={}, context={"streams": tiny_build.STREAMS}
    )

    names = {claim.name for _, claim in plan.claims()}

    assert names == {name for name, _, _ in FAULTS.values()}


def test_a_good_later_night_passes_every_check(later_night: Path, tmp_path: Path) -> None:
    result = run_gate(
        "landing",
        later_night,
        day=tiny_build.DAY,
        docs_dir=tmp_path / "docs",
        context={"streams": tiny_build.STREAMS},
    )

    assert [each.details for each in result.checks if not each.success] == []
    assert result.passed


def test_the_first_night_has_nothing_to_compare_with_and_passes(
    first_night: Path, tmp_path: Path
) -> None:
    result = run_gate(
        "landing",
        first_night,
        day=tiny_build.DAY,
        docs_dir=tmp_path / "docs",
        context={"streams": tiny_build.STREAMS},
    )

    assert [each.details for each in result.checks if not each.success] == []


def test_phones_that_repeat_themselves_are_ordinary(
    damage: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = damage(
        f"insert into {EVENTS} select * from {EVENTS} where day = {NIGHT} and seq = 0"
    )

    assert check(monkeypatch, "landing", "key_unique_in_load", database, tmp_path / "docs").success


def test_an_account_that_is_often_empty_is_not_silent(
    damage: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = damage(
        f"""update raw.loads set rows = 0 where kind = 'google_ads'
        and day in ('2026-03-28', {NIGHT})"""
    )

    assert check(monkeypatch, "landing", "account_not_silent", database, tmp_path / "docs").success


def test_a_suspect_answer_that_was_read_again_is_forgotten(
    damage: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = damage(
        f"""insert into raw.loads select * replace ('suspect' as status, false as is_newest,
            '0' || load_id as load_id, path || 'b' as path)
        from raw.loads where kind = 'meta_ads' and stream = 'ad_daily' and day = {NIGHT}"""
    )

    found = check(monkeypatch, "landing", "load_not_suspect", database, tmp_path / "docs")

    assert found.success


def test_campaigns_that_were_switched_off_may_fall_away_together(
    damage: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    missing = FAULTS["half of all campaigns gone from both reports"][1]
    paused = """
    create table raw.meta_ads__campaigns as
    select 'meta_ads' as source, '1001' as account_id, date '2026-03-31' as day, 'l' as load_id,
        timestamp '2026-04-01' as fetched_at, n as seq,
        '{"id": "' || id || '", "status": "' || status || '"}' as record
    from (values (1, 'c11', 'PAUSED'), (2, 'c21', 'PAUSED'), (3, 'c12', 'PAUSED'),
        (4, 'c22', 'ACTIVE')) as campaigns (n, id, status)
    """
    campaigns = {"kind": "meta_ads", "stream": "campaigns", "key": ["id"],
                 "required": {"id": "string"}, "money": {}, "is_snapshot": True}  # fmt: skip
    monkeypatch.setattr(tiny_build, "STREAMS", [*tiny_build.STREAMS, campaigns])

    database = damage(f"{missing}; {paused}")

    assert check(monkeypatch, "landing", "page_not_missing", database, tmp_path / "docs").success


def test_a_small_currency_is_not_a_wrong_unit(
    damage: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dear = f"""
    delete from marts.fct_ad_spend;
    update {CAMPAIGNS} set record = regexp_replace(record, '"spend": "([0-9]*)\\.([0-9]*)"',
        '"spend": "\\1\\2"');
    """
    yen = "update raw.meta_ads__accounts set record = replace(record, 'USD', 'JPY');"
    yen += "update marts.dim_account set currency = 'JPY';"

    in_dollars = check(monkeypatch, "landing", "money_in_range", damage(dear), tmp_path / "docs")
    in_yen = check(monkeypatch, "landing", "money_in_range", damage(yen), tmp_path / "docs")

    assert not in_dollars.success
    assert in_yen.success
