"""Ocean Engine, landed night by night and staged, is the truth ledger of its world to the cent."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from desilo import settings, warehouse
from desilo.lake import Lake
from desilo.landing import land
from desilo.sources import REGISTRY, Connection
from desilo.transport import HttpSession
from sandbox.clock import instant
from sandbox.serving import open_sandbox
from sandbox.truth import write_truth
from sandbox.world import make_world
from tests.oracle.project import Project

KIND = "ocean_engine"
ACCOUNTS = ("1800000000000001", "1800000000000002")
FIRST = date(2026, 3, 8)
NIGHTS = (date(2026, 3, 14), date(2026, 3, 20), date(2026, 3, 21))  # five were missed
STAGED = [f"stg_{KIND}__{name}" for name in (
    "accounts", "campaigns", "ad_groups", "ads", "ad_daily", "campaign_daily", "report_history",
)]  # fmt: skip
COMPARED = """
with truth as (
    select
        spend.account_id, spend.date_day, spend.campaign_id, spend.ad_group_id, spend.ad_id,
        spend.spend_native, spend.impressions, spend.clicks, spend.click_conversions,
        spend.video_plays,
        events.event_conversions
    from read_parquet('{truth}/spend.parquet') as spend
    join read_parquet('{truth}/event_conversions.parquet') as events
        on spend.account_id = events.account_id and spend.date_day = events.date_day
        and spend.campaign_id = events.campaign_id and spend.ad_id is not distinct from events.ad_id
    where spend.platform = 'ocean_engine'
),
expected as (
    select account_id, date_day, campaign_id, {keys}, sum(spend_native), sum(impressions),
        sum(clicks), sum(click_conversions), sum(event_conversions), sum(video_plays)
    from truth where {which} group by all
),
found as (
    select account_id, date_day, campaign_id, {keys}, spend_native, impressions, clicks,
        platform_click_conversions, platform_event_conversions, video_plays
    from {relation}
)
select 'missing', * from (from expected except all from found)
union all
select 'too much', * from (from found except all from expected)
"""


@pytest.fixture(scope="module")
def staged(
    project: Project, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Project, duckdb.DuckDBPyConnection, Path]]:
    """Three nights landed through HTTP, taken in as one build."""
    folder = tmp_path_factory.mktemp("ocean")
    truth = folder / "truth"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DESILO_HOME", str(folder / "home"))
        patch.delenv("DESILO_LAKE", raising=False)
        patch.delenv("DESILO_BUILD_DB", raising=False)
        world = make_world("china", 7)
        server = open_sandbox(folder / "state", world)
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        lake = Lake(settings.lake_url())
        for day in NIGHTS:
            now = datetime(day.year, day.month, day.day + 1, 8, 30, tzinfo=UTC)
            server.control.clock.advance(instant(now.isoformat()))
            _land(f"http://127.0.0.1:{server.port}/oceanengine", lake, day, now)
        server.shutdown()
        server.server_close()
        thread.join()
        write_truth(world, instant(now.isoformat()), truth)
        configuration = settings.Configuration("Europe/Berlin", "EUR", FIRST, "", (_config(),))
        warehouse.prepare(lake, configuration, NIGHTS[-1])
        with project.world({}) as connection:
            connection.execute(f"attach '{settings.build_database()}' as landed (read_only)")
            raw = connection.execute(
                "select view_name from duckdb_views() where database_name = 'landed' "
                f"and view_name like '{KIND}%'"
            ).fetchall()
            for (name,) in raw:
                connection.execute(
                    f"create table {project.relation(name)} as from landed.raw.{name}"
                )
            project.build(connection, STAGED, {})
            yield project, connection, truth


def _config() -> settings.SourceConfig:
    return settings.SourceConfig(
        name=KIND, kind=KIND, connection=KIND, schedule="", reread_days=7, accounts=ACCOUNTS,
        start_date=FIRST,
    )  # fmt: skip


def _land(url: str, lake: Lake, day: date, now: datetime) -> None:
    extra = {
        "app_id": "1800000000", "secret": "sandbox-ocean-secret",
        "access_token": "sandbox-ocean-access-0", "refresh_token": "sandbox-ocean-refresh-0",
    }  # fmt: skip
    source = REGISTRY[KIND](Connection(url, extra=extra), {}, HttpSession(KIND, clock=lambda: now))
    for account in ACCOUNTS:
        report = land(_config(), source, account, lake, day=day, fetched_at=now)
        assert (report.through, report.suspects) == (day, [])


@pytest.mark.parametrize(
    ("stream", "keys", "which"),
    [("ad_daily", "ad_group_id, ad_id", "ad_id is not null"), ("campaign_daily", "1, 2", "true")],
)
def test_what_is_staged_is_the_truth_on_both_clocks(
    staged: Any, stream: str, keys: str, which: str
) -> None:
    project, connection, truth = staged
    relation = project.relation(f"stg_{KIND}__{stream}")
    days = f"date_day between '{FIRST}' and '{NIGHTS[-1]}'"
    sql = COMPARED.format(truth=truth, keys=keys, which=f"{which} and {days}", relation=relation)
    assert connection.execute(sql).fetchall() == []
    (rows, click, event) = connection.execute(
        f"select count(*), sum(platform_click_conversions), sum(platform_event_conversions) "
        f"from {relation}"
    ).fetchone()
    assert rows > 50
    assert 0 < event != click > 0  # two series; the sums differ at both ends of the range


def test_a_day_is_restated_by_billing_time_only(staged: Any) -> None:
    project, connection, _ = staged
    (days, respent, grown, shrunken) = connection.execute(
        f"""
        select count(*), count(*) filter (where last.spend <> first.spend),
            count(*) filter (where last.billed > first.billed),
            count(*) filter (where last.billed < first.billed)
        from (
            select
                min_by(version, loaded_at) as first,
                max_by(version, loaded_at) as last
            from (
                select account_id, date_day, loaded_at, {{
                    'spend': sum(spend_native), 'billed': sum(platform_click_conversions)
                }} as version
                from {project.relation(f"stg_{KIND}__report_history")}
                where stream = 'campaign_daily'
                group by account_id, date_day, loaded_at
            )
            group by account_id, date_day
        )
        """
    ).fetchone()
    assert days == len(ACCOUNTS) * ((NIGHTS[-1] - FIRST).days + 1)
    assert (respent, shrunken) == (0, 0)
    assert grown > 0


def test_every_row_has_its_account_project_promotion_and_material(staged: Any) -> None:
    project, connection, _ = staged
    name = {each.split("__")[1]: project.relation(each) for each in STAGED}
    lost = connection.execute(
        f"""
        select count(*) from {name["ad_daily"]} as daily
        left join {name["ads"]} as ads using (account_id, campaign_id, ad_group_id, ad_id)
        left join {name["ad_groups"]} as ad_groups using (account_id, campaign_id, ad_group_id)
        left join {name["campaigns"]} as campaigns using (account_id, campaign_id)
        where ads.ad_name is null or ad_groups.ad_group_name is null
                or campaigns.campaign_name is null
        """
    ).fetchone()
    assert lost == (0,)
    accounts = connection.execute(
        f"select distinct account_id, currency, timezone from {name['accounts']} order by 1"
    ).fetchall()
    assert accounts == [(account, "CNY", "Asia/Shanghai") for account in ACCOUNTS]
