"""Ocean Engine as emulated: what its contract says of envelopes, limits, tokens and clocks."""

from __future__ import annotations

import json
import threading
import urllib.parse
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox import catalog
from sandbox.clock import FIRST_DAY, LAST_DAY, instant
from sandbox.extra import LONGEST_DELAY
from sandbox.serving import open_sandbox
from sandbox.world import WITH_EXTRA, World, make_world
from tests.unit.sandbox.http_client import Client

ACCOUNT, OTHER = "1800000000000001", "1800000000000002"
APP = {"app_id": "1800000000", "secret": "sandbox-ocean-secret"}
ADS = ["stat_time_day", "cdp_project_id", "cdp_promotion_id", "material_id"]
SETTLED = "2026-04-01T08:30:00Z"
REPORT = "v3.0/report/custom/get/"


@pytest.fixture(scope="module")
def china() -> World:
    return make_world("china", 7)


class Ocean:
    """Speaks to the platform as its documentation says."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.access = "sandbox-ocean-access-0"

    def get(self, path: str, **query: str) -> dict[str, Any]:
        url = f"/oceanengine/open_api/{path}?{urllib.parse.urlencode(query)}"
        headers = {"Access-Token": self.access} if self.access else {}
        status, _, body = self.client.call("GET", url, headers)
        assert status == 200
        reply: dict[str, Any] = json.loads(body)
        assert set(reply) == {"code", "message", "request_id", "data"}
        return reply

    def post(self, path: str, **body: str) -> dict[str, Any]:
        url = f"/oceanengine/open_api/oauth2/{path}"
        status, _, reply = self.client.call("POST", url, {}, json.dumps(body).encode())
        assert status == 200
        return dict(json.loads(reply))

    def refresh(self, token: str) -> dict[str, Any]:
        return self.post("refresh_token/", **APP, grant_type="refresh_token", refresh_token=token)

    def sign_in(self) -> Ocean:
        """A person authorises the app anew."""
        now = self.client.control("GET", "clock")["now"]
        code = {"grant_type": "auth_code", "auth_code": f"sandbox-code-{now}"}
        self.access = self.post("access_token/", **APP, **code)["data"]["access_token"]
        return self

    def report(self, day: str, until: str = "", **more: str) -> dict[str, Any]:
        query = {
            "advertiser_id": ACCOUNT,
            "data_topic": "MATERIAL_DATA",
            "dimensions": json.dumps(ADS),
            "metrics": '["stat_cost","show_cnt","convert_cnt","attribution_convert_cnt"]',
            "filters": "[]",
            "order_by": "[]",
            "start_time": day,
            "end_time": until or day,
            "page_size": "100",
        }
        return self.get(REPORT, **{**query, **more})

    def campaigns(self, day: str, until: str = "") -> list[dict[str, Any]]:
        rows, page = [], 1
        while True:
            reply = self.report(
                day, until, data_topic="BASIC_DATA", page=str(page),
                dimensions='["stat_time_day","cdp_project_id"]',
            )  # fmt: skip
            rows += reply["data"]["rows"]
            if page >= reply["data"]["page_info"]["total_page"]:
                return rows
            page += 1


@pytest.fixture
def open_ocean(china: World, tmp_path: Path) -> Iterator[Callable[[str], Ocean]]:
    """The platform at an instant; asked again, the same state folder at a later one."""
    running = []

    def stop() -> None:
        for server, thread in running:
            server.shutdown()
            server.server_close()
            thread.join()
        running.clear()

    def start(now: str) -> Ocean:
        stop()
        server = open_sandbox(tmp_path / "state", china, now=instant(now))
        thread = threading.Thread(
            target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )
        thread.start()
        running.append((server, thread))
        return Ocean(Client(f"http://127.0.0.1:{server.port}"))

    yield start
    stop()


@pytest.fixture
def ocean(open_ocean: Callable[[str], Ocean]) -> Ocean:
    return open_ocean(SETTLED)


def total(rows: list[dict[str, Any]], metric: str) -> float:
    return round(sum(float(row["metrics"][metric]) for row in rows), 2)


def test_a_world_without_the_platform_is_the_same_in_everything_else(china: World) -> None:
    small = make_world("small", 7)
    assert small.extra is None and small.ad_accounts == catalog.ACCOUNTS
    assert {"default", "small"}.isdisjoint(WITH_EXTRA)
    assert (small.ads.cents == china.ads.cents).all()
    assert (small.ads.noise == china.ads.noise).all()
    assert (small.events.happened_at == china.events.happened_at).all()
    assert small.rates.published(10**18) == china.rates.published(10**18)


def test_a_report_is_text_in_the_documented_envelope(ocean: Ocean) -> None:
    reply = ocean.report("2026-03-10")
    assert (reply["code"], reply["message"]) == (0, "OK")
    assert set(reply["data"]) == {"rows", "total_metrics", "page_info"}
    row = reply["data"]["rows"][0]
    assert list(row["dimensions"]) == ADS
    assert row["dimensions"]["stat_time_day"] == "2026-03-10"
    assert {len(row["dimensions"][name]) for name in ADS[1:]} == {19}
    assert all(isinstance(value, str) for value in row["metrics"].values())
    assert total(reply["data"]["rows"], "stat_cost") == float(
        reply["data"]["total_metrics"]["stat_cost"]
    )


@pytest.mark.parametrize(
    "wrong",
    [
        {"page_size": "101"}, {"page": "0"}, {"filters": ""}, {"order_by": "none"},
        {"dimensions": "stat_time_day"}, {"dimensions": '["stat_time_day"]'},
        {"dimensions": '["stat_time_day","material_id"]'}, {"data_topic": "BASIC_DATA"},
        {"metrics": '["no_such_metric"]'}, {"start_time": "2016-10-01", "end_time": "2016-10-02"},
        {"start_time": "2026-03-11"}, {"start_time": "2026-02-08"}, {"start_time": "today"},
    ],
)  # fmt: skip
def test_what_the_contract_forbids_is_refused(ocean: Ocean, wrong: dict[str, str]) -> None:
    query = {"start_time": "2026-03-10", "end_time": "2026-03-10", **wrong}
    reply = ocean.report("2026-03-10", **query)
    assert (reply["code"], reply["data"]) == (40001, {})


def test_thirty_days_are_the_longest_span(ocean: Ocean) -> None:
    assert ocean.report("2026-03-01", "2026-03-30")["code"] == 0
    assert ocean.report("2026-03-01", "2026-03-31")["code"] == 40001


def test_pages_are_the_whole(ocean: Ocean) -> None:
    first = ocean.report("2026-02-01", "2026-03-01")["data"]
    pages = first["page_info"]["total_page"]
    assert pages > 2
    keys = {
        tuple(row["dimensions"].values())
        for page in range(1, pages + 1)
        for row in ocean.report("2026-02-01", "2026-03-01", page=str(page))["data"]["rows"]
    }
    assert len(keys) == first["page_info"]["total_number"]


def test_lists_have_small_pages_and_hide_the_deleted_unless_asked(ocean: Ocean) -> None:
    for kind, everything in (("project", "PROJECT_STATUS_ALL"), ("promotion", "ALL")):
        path = f"v3.0/{kind}/list/"
        assert ocean.get(path, advertiser_id=ACCOUNT, page_size="11")["code"] == 40001
        shown = ocean.get(
            path, advertiser_id=ACCOUNT, page_size="10", filtering=f'{{"status":"{everything}"}}'
        )["data"]["list"]
        assert shown and all(isinstance(each[f"{kind}_id"], int) for each in shown)
    materials = [
        material["material_status"]
        for promotion in shown
        for material in promotion["promotion_materials"]["video_material_list"]
    ]
    assert {"MATERIAL_STATUS_OK", "MATERIAL_STATUS_DELETE"} == set(materials)


@pytest.mark.parametrize(
    ("token", "code"), [("", 40104), ("Bearer sandbox-ocean-access-0", 40105), ("x", 40105)]
)
def test_a_missing_or_wrong_token_has_its_own_code(ocean: Ocean, token: str, code: int) -> None:
    ocean.access = token
    assert ocean.report("2026-03-10")["code"] == code


def test_somebody_elses_advertiser_is_refused(ocean: Ocean) -> None:
    assert ocean.report("2026-03-10", advertiser_id="999")["code"] == 40002
    assert ocean.get("2/advertiser/info/", advertiser_ids=f"[{ACCOUNT},999]")["code"] == 40002
    accounts = ocean.get("2/advertiser/info/", advertiser_ids=f"[{ACCOUNT},{OTHER}]")["data"]
    assert [str(each["id"]) for each in accounts] == [ACCOUNT, OTHER]
    assert not {"currency", "timezone"} & set(accounts[0])


def test_a_refresh_ends_the_pair_before_it(ocean: Ocean) -> None:
    grant = ocean.refresh("sandbox-ocean-refresh-0")["data"]
    assert (grant["expires_in"], grant["refresh_token_expires_in"]) == (86_400, 2_592_000)
    assert ocean.report("2026-03-10")["code"] == 40105
    assert ocean.refresh("sandbox-ocean-refresh-0")["code"] == 40107
    ocean.access = grant["access_token"]
    assert ocean.report("2026-03-10")["code"] == 0


def test_a_refresh_needs_the_app_and_its_grant_type(ocean: Ocean) -> None:
    token = {"refresh_token": "sandbox-ocean-refresh-0"}
    wrong = {**APP, "secret": "guess"}
    assert ocean.post("refresh_token/", **wrong, **token, grant_type="refresh_token")["code"] == (
        40101
    )
    assert ocean.post("refresh_token/", **APP, **token, grant_type="auth_code")["code"] == 40001
    assert ocean.report("2026-03-10")["code"] == 0


def test_tokens_expire_by_the_clock_and_survive_a_restart(
    open_ocean: Callable[[str], Ocean],
) -> None:
    ocean = open_ocean("2026-02-01T08:30:00Z")
    grant = ocean.refresh("sandbox-ocean-refresh-0")["data"]
    for now, code in (("2026-02-02T08:29:59Z", 0), ("2026-02-02T08:30:00Z", 40102)):
        ocean = open_ocean(now)
        ocean.access = grant["access_token"]
        assert ocean.report("2026-01-10")["code"] == code
    ocean = open_ocean("2026-03-03T08:30:00Z")
    assert ocean.refresh(grant["refresh_token"])["code"] == 40103
    again = {**APP, "grant_type": "auth_code", "auth_code": "sandbox-code-1"}
    renewed = ocean.post("access_token/", **again)
    assert renewed["data"]["advertiser_ids"] == [int(ACCOUNT), int(OTHER)]
    assert ocean.post("access_token/", **again)["code"] == 40001
    ocean.access = renewed["data"]["access_token"]
    assert ocean.report("2026-03-01")["code"] == 0


def test_a_day_settles_at_eight_in_shanghai(open_ocean: Callable[[str], Ocean]) -> None:
    def spend(now: str) -> float:
        return total(open_ocean(now).sign_in().campaigns("2026-03-10"), "stat_cost")

    running, night = spend("2026-03-10T12:00:00Z"), spend("2026-03-10T23:59:59Z")
    morning, later = spend("2026-03-11T00:00:00Z"), spend("2026-03-20T00:00:00Z")
    assert running < 0.6 * morning
    assert night != morning
    assert morning == later


def test_billing_time_grows_for_a_week_and_event_time_does_not(
    open_ocean: Callable[[str], Ocean],
) -> None:
    told = []
    for age in range(1, LONGEST_DELAY + 3):
        ocean = open_ocean(f"2026-03-{10 + age}T00:00:00Z").sign_in()
        rows = ocean.campaigns("2026-03-10")
        told.append((total(rows, "attribution_convert_cnt"), total(rows, "convert_cnt")))
    billed = [each[0] for each in told]
    assert billed == sorted(billed)
    assert billed[0] < billed[LONGEST_DELAY] == billed[-1]
    assert len({each[1] for each in told}) == 1


def test_both_clocks_count_the_same_conversions(china: World) -> None:
    rows = china.ad_rows(ACCOUNT, FIRST_DAY, LAST_DAY, instant("2026-06-01T00:00:00Z"))
    billed = sum(row.conversions for row in rows)
    late = sum(row.conversions for row in rows if row.day > LAST_DAY - LONGEST_DELAY)
    happened = sum(row.event_conversions for row in rows)
    assert billed - late <= happened <= billed
    assert any(row.cents == 0 and row.event_conversions for row in rows)


@pytest.mark.parametrize(
    ("kind", "factor"),
    [("money_100x", 100), ("day_doubled", 2), ("account_silent", 0), ("spend_by_grain", 1.5)],
)
def test_silent_faults_bend_the_rows_of_their_account_only(
    ocean: Ocean, kind: str, factor: float
) -> None:
    before = total(ocean.report("2026-03-10")["data"]["rows"], "stat_cost")
    other = ocean.report("2026-03-10", advertiser_id=OTHER)["data"]
    ocean.client.rules({"kind": kind, "match": {"platform": "ocean", "account": ACCOUNT}})
    after = total(ocean.report("2026-03-10")["data"]["rows"], "stat_cost")
    assert after == pytest.approx(before * factor, abs=0.2)
    assert ocean.report("2026-03-10", advertiser_id=OTHER)["data"] == other


def test_a_shifted_day_is_the_day_before(ocean: Ocean) -> None:
    day_before = total(ocean.campaigns("2026-03-09"), "stat_cost")
    match = {"platform": "ocean_engine", "day": "2026-03-10"}
    ocean.client.rules({"kind": "zone_shift", "match": match})
    assert total(ocean.campaigns("2026-03-10"), "stat_cost") == day_before


@pytest.mark.parametrize(
    ("kind", "code"),
    [("throttle", 40100), ("token_expired", 40102), ("token_revoked", 40105),
     ("version_sunset", 40001), ("too_big", 40001)],
)  # fmt: skip
def test_wire_faults_use_the_platforms_own_codes(ocean: Ocean, kind: str, code: int) -> None:
    ocean.client.rules({"kind": kind, "match": {"platform": "ocean_engine"}})
    assert ocean.report("2026-03-10")["code"] == code


def test_a_withdrawn_access_gives_no_new_tokens(ocean: Ocean) -> None:
    ocean.client.rules({"kind": "token_revoked", "match": {"platform": "ocean_engine"}})
    assert ocean.refresh("sandbox-ocean-refresh-0")["code"] == 40107


def test_the_clock_is_told_in_the_platforms_zone(ocean: Ocean) -> None:
    assert ocean.report("2026-03-10")["request_id"].startswith("20260401163000")
