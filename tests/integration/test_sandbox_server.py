"""The sandbox over real HTTP: what it serves ties to its truth ledger, and every fault does what it says."""

from __future__ import annotations

import base64
import csv
import gzip
import hashlib
import io
import json
import subprocess
import sys
import threading
import urllib.error
import urllib.parse
import urllib.request
import zipfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from http.client import IncompleteRead
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow.parquet as pq
import pytest

from sandbox.clock import instant
from sandbox.people import JUNK_IDS
from sandbox.serving import open_sandbox
from sandbox.truth import write_truth
from sandbox.world import World, make_world

NIGHTS = ("2026-01-20T08:30:00Z", "2026-02-28T08:30:00Z", "2026-04-01T08:30:00Z")
META, GOOGLE, TIKTOK = "meta_ads", "google_ads", "tiktok_ads"
ACCOUNTS = {
    META: ("1001", "1002"),
    GOOGLE: ("2000000001", "2000000002"),
    TIKTOK: ("7000000000000000001", "7000000000000000002"),
}
FIRST = date(2026, 1, 1)
Row = tuple[str, str, Decimal]  # (day, id of ad or campaign, spend)


class Client:
    """Calls the server the plainest way there is: urllib, no retries, no shared code with anybody."""

    def __init__(self, base: str) -> None:
        self.base = base
        self._token = ""

    def call(
        self,
        method: str,
        path: str,
        headers: dict[str, str] | None = None,
        body: bytes | None = None,
    ) -> tuple[int, dict[str, str], bytes]:
        url = path if path.startswith("http") else self.base + path
        request = urllib.request.Request(url, body, headers or {}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as reply:
                return reply.status, dict(reply.headers), reply.read()
        except urllib.error.HTTPError as refused:
            return refused.code, dict(refused.headers), refused.read()

    def control(self, method: str, what: str, document: Any = None) -> Any:
        body = None if document is None else json.dumps(document).encode()
        status, _, reply = self.call(method, f"/_control/{what}", body=body)
        assert status == 200, reply
        return json.loads(reply)

    def rules(self, *rules: dict[str, Any]) -> None:
        self.control("POST", "faults", {"rules": list(rules)})

    def meta(
        self, account: str, level: str, since: str, until: str, **more: str
    ) -> tuple[int, dict[str, str], bytes]:
        query = {
            "level": level, "time_increment": "1", "limit": "50",
            "time_range": json.dumps({"since": since, "until": until}),
            "fields": "campaign_id,campaign_name,ad_id,spend,account_currency,actions,action_values",
            "filtering": json.dumps([{"field": f"{level}.effective_status", "operator": "IN",
                                      "value": ["ACTIVE", "PAUSED", "DELETED"]}]),
            **more,
        }  # fmt: skip
        path = f"/graph/v26.0/act_{account}/insights?{urllib.parse.urlencode(query)}"
        return self.call("GET", path, {"Authorization": "Bearer sandbox-meta-token"})

    def token(self) -> str:
        form = urllib.parse.urlencode(
            {
                "grant_type": "refresh_token",
                "client_id": "sandbox-client",
                "client_secret": "sandbox-secret",
                "refresh_token": "sandbox-refresh",
            }
        ).encode()
        status, _, reply = self.call("POST", "/google-oauth/token", body=form)
        assert status == 200, reply
        self._token = json.loads(reply)["access_token"]
        return self._token

    def google(
        self, account: str, query: str, version: str = "v26"
    ) -> tuple[int, dict[str, str], bytes]:
        return self.call(
            "POST",
            f"/googleads/{version}/customers/{account}/googleAds:searchStream",
            {
                "Authorization": f"Bearer {self._token or self.token()}",
                "Content-Type": "application/json",
            },
            json.dumps({"query": query}).encode(),
        )

    def tiktok(self, path: str, **query: str) -> dict[str, Any]:
        url = f"/tiktok/open_api/v1.3/{path}?{urllib.parse.urlencode(query)}"
        status, _, reply = self.call("GET", url, {"Access-Token": "sandbox-tiktok-token"})
        assert status == 200
        return json.loads(reply)

    def tiktok_report(
        self, account: str, level: str, since: str, until: str, **more: str
    ) -> dict[str, Any]:
        id_name = {"ad": "ad_id", "campaign": "campaign_id"}[level]
        query = {
            "advertiser_id": account, "report_type": "BASIC", "data_level": f"AUCTION_{level.upper()}",
            "dimensions": json.dumps([id_name, "stat_time_day"]), "metrics": json.dumps(["spend", "clicks"]),
            "start_date": since, "end_date": until, "page_size": "200",
            "filtering": json.dumps([{"field_name": f"{level}_status", "filter_type": "IN",
                                      "filter_value": json.dumps(["STATUS_ALL"])}]),
            **more,
        }  # fmt: skip
        return self.tiktok("report/integrated/get/", **query)

    def export(self, start: str, end: str) -> tuple[int, dict[str, str], bytes]:
        secret = base64.b64encode(b"sandbox-key:sandbox-secret").decode()
        return self.call(
            "GET",
            f"/amplitude/api/2/export?start={start}&end={end}",
            {"Authorization": f"Basic {secret}"},
        )

    def events(self, start: str, end: str) -> list[dict[str, Any]]:
        status, _, body = self.export(start, end)
        assert status == 200, body[:200]
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            lines = [
                line
                for name in archive.namelist()
                for line in gzip.decompress(archive.read(name)).splitlines()
            ]
        return [json.loads(line) for line in lines]

    def rates(self) -> list[list[str]]:
        _, _, body = self.call("GET", "/ecb/stats/eurofxref/eurofxref-hist.zip")
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            return [
                line.split(",") for line in archive.read("eurofxref-hist.csv").decode().splitlines()
            ]


def spans(first: date, last: date, days: int) -> Iterator[tuple[str, str]]:
    while first <= last:
        stop = min(first + timedelta(days=days - 1), last)
        yield first.isoformat(), stop.isoformat()
        first = stop + timedelta(days=1)


def report(
    client: Client, platform: str, account: str, level: str, first: date, last: date
) -> list[Row]:
    """Every row of a report, read page by page as its platform's manual says."""
    rows: list[Row] = []
    for since, until in spans(first, last, 20):
        if platform == META:
            _, _, body = client.meta(account, level, since, until)
            while True:
                page = json.loads(body)
                rows += [
                    (r["date_start"], r[f"{level}_id"], Decimal(r["spend"])) for r in page["data"]
                ]
                if "next" not in page.get("paging", {}):
                    break
                _, _, body = client.call("GET", page["paging"]["next"])
        elif platform == GOOGLE:
            resource, name = {
                "ad": ("ad_group_ad", "ad_group_ad.ad.id"),
                "campaign": ("campaign", "campaign.id"),
            }[level]
            status, _, body = client.google(
                account,
                f"SELECT {name}, metrics.cost_micros, segments.date FROM {resource} "
                f"WHERE segments.date BETWEEN '{since}' AND '{until}'",
            )
            assert status == 200, body
            for batch in json.loads(body):
                for r in batch.get("results", []):
                    entity = r["adGroupAd"]["ad"]["id"] if level == "ad" else r["campaign"]["id"]
                    rows.append(
                        (
                            r["segments"]["date"],
                            entity,
                            Decimal(r["metrics"]["costMicros"]) / 1_000_000,
                        )
                    )
        else:
            page_no, pages = 1, 1
            while page_no <= pages:
                data = client.tiktok_report(account, level, since, until, page=str(page_no))["data"]
                pages, page_no = data["page_info"]["total_page"], page_no + 1
                rows += [
                    (
                        r["dimensions"]["stat_time_day"][:10],
                        r["dimensions"][f"{level}_id"],
                        Decimal(r["metrics"]["spend"]),
                    )
                    for r in data["list"]
                ]
    return rows


@pytest.fixture(scope="module")
def world() -> World:
    return make_world("small", 7)


@pytest.fixture
def serve(world: World, tmp_path: Path) -> Iterator[Callable[[str], Client]]:
    servers = []

    def start(now: str) -> Client:
        server = open_sandbox(tmp_path / f"state-{len(servers)}", world, now=instant(now))
        thread = threading.Thread(
            target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )
        thread.start()
        servers.append((server, thread))
        return Client(f"http://127.0.0.1:{server.port}")

    yield start
    for server, thread in servers:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def client(serve: Callable[[str], Client]) -> Client:
    return serve(NIGHTS[-1])


def truth(world: World, now: str, out: Path, table: str) -> list[dict[str, Any]]:
    write_truth(world, instant(now), out)
    return pq.read_table(out / f"{table}.parquet").to_pylist()


# --- what is served ties to the ledger ---------------------------------------------------------------


@pytest.mark.parametrize("now", NIGHTS)
def test_spend_of_every_account_day_and_entity_equals_the_ledger_at_its_age(
    world: World, serve: Callable[[str], Client], tmp_path: Path, now: str
) -> None:
    client, last = serve(now), datetime.fromisoformat(now).date() - timedelta(days=1)
    ledger = [
        row for row in truth(world, now, tmp_path / "truth", "spend") if row["date_day"] <= last
    ]
    for platform, accounts in ACCOUNTS.items():
        for account in accounts:
            mine = [row for row in ledger if row["account_id"] == account]
            ads = sorted(
                (str(r["date_day"]), r["ad_id"], r["spend_native"]) for r in mine if r["ad_id"]
            )
            assert sorted(report(client, platform, account, "ad", FIRST, last)) == ads
            campaigns: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
            for row in mine:
                campaigns[str(row["date_day"]), row["campaign_id"]] += row["spend_native"]
            served = report(client, platform, account, "campaign", FIRST, last)
            assert {(day, entity): spend for day, entity, spend in served} == campaigns
            assert len(served) == len(campaigns)


@pytest.mark.parametrize("now", NIGHTS)
def test_an_independent_join_of_files_and_events_finds_the_ledgers_new_customers(
    world: World, serve: Callable[[str], Client], tmp_path: Path, now: str
) -> None:
    client = serve(now)
    last = datetime.fromisoformat(now).date() - timedelta(days=1)
    orders, lines, refunds = read_drop(Path(client.control("GET", "world")["drop"]))
    events = client.events("20260101T00", f"{last:%Y%m%d}T23")
    expected = {
        (str(row["date_day"]), row["channel_id"]): row["new_customers"]
        for row in truth(world, now, tmp_path / "truth", "new_customers")
    }
    assert sum(expected.values()) > 15
    assert new_customers(orders, lines, refunds, events) == expected


def read_drop(
    drop: Path,
) -> tuple[list[dict[str, Any]], list[dict[str, Any]], list[dict[str, Any]]]:
    orders: list[dict[str, Any]] = []
    lines: list[dict[str, Any]] = []
    refunds: list[dict[str, Any]] = []
    for folder in sorted(drop.iterdir()):
        orders += csv.DictReader((folder / "orders.csv").read_text().splitlines())
        lines += pq.read_table(folder / "order_lines.parquet").to_pylist()
        refunds += [
            json.loads(line) for line in (folder / "refunds.ndjson").read_bytes().splitlines()
        ]
    return orders, lines, refunds


class Groups:
    """Union-find over identifier nodes."""

    def __init__(self) -> None:
        self._parent: dict[Any, Any] = {}

    def find(self, node: Any) -> Any:
        parent = self._parent.setdefault(node, node)
        if parent != node:
            parent = self._parent[node] = self.find(parent)
        return parent

    def join(self, nodes: list[Any]) -> None:
        for node in nodes[1:]:
            self._parent[self.find(node)] = self.find(nodes[0])


def nodes_of(user_id: str | None, email: str | None, phone: str | None) -> list[Any]:
    nodes: list[Any] = []
    if user_id and user_id.strip().lower() not in JUNK_IDS:
        nodes.append(("user", user_id.strip().lower()))
    if email:
        nodes.append(("email", email.strip().lower()))
    if phone:
        nodes.append(("phone", "+" + "".join(c for c in phone if c.isdigit())))
    return nodes


def channel_of(properties: dict[str, Any]) -> str:
    for click_id, channel in (
        ("gclid", "paid_search_google"), ("fbclid", "paid_social_meta"), ("ttclid", "paid_social_tiktok"),
    ):  # fmt: skip
        if properties.get(click_id):
            return channel
    if (properties.get("utm_source"), properties.get("utm_medium")) == ("newsletter", "email"):
        return "email"
    hosts = {
        "https://www.google.com/": "organic_search",
        "https://www.xiaohongshu.com/": "organic_social",
    }
    referrer = properties.get("referrer")
    return hosts.get(referrer, "referral") if referrer else "direct"


def new_customers(
    orders: list[dict[str, Any]],
    lines: list[dict[str, Any]],
    refunds: list[dict[str, Any]],
    events: list[dict[str, Any]],
) -> dict[tuple[str, str], int]:
    """First valid orders by company day and channel, from nothing but what was delivered."""
    groups = Groups()
    users_of: dict[str, set[Any]] = defaultdict(set)
    for event in events:
        properties = event["user_properties"]
        nodes = nodes_of(event["user_id"], properties.get("email"), properties.get("phone"))
        groups.join(nodes)
        if event["device_id"] not in JUNK_IDS:
            users_of[event["device_id"]] |= {node for node in nodes if node[0] == "user"}
    for order in orders:
        groups.join(
            [
                ("customer", order["customer_id"]),
                *nodes_of(order["user_id"], order["email"], order["phone"]),
            ]
        )
    touches: dict[Any, dict[str, tuple[datetime, str]]] = defaultdict(dict)
    for event in events:
        if event["event_type"] not in ("Landing Viewed", "App Opened First"):
            continue
        owners = [node for node in nodes_of(event["user_id"], None, None)] or list(
            users_of[event["device_id"]]
        )
        people = {groups.find(node) for node in owners}
        if (
            len(people) == 1
        ):  # a device of several people says nothing about a moment nobody was signed in
            at = datetime.fromisoformat(event["event_time"]).replace(tzinfo=UTC)
            touches[people.pop()][event["$insert_id"]] = (at, channel_of(event["event_properties"]))
    due: dict[str, Decimal] = defaultdict(Decimal)
    for line in lines:
        due[line["order_id"]] += Decimal(line["unit_price"]) * line["quantity"] - Decimal(
            line["discount"]
        )
    for refund in refunds:
        due[refund["order_id"]] -= Decimal(refund["amount"])
    first: dict[Any, datetime] = {}
    for order in orders:
        if order["status"] == "paid" and due[order["order_id"]] > 0:
            person, at = (
                groups.find(("customer", order["customer_id"])),
                datetime.fromisoformat(order["ordered_at"]),
            )
            first[person] = min(at, first.get(person, at))
    counts: Counter[tuple[str, str]] = Counter()
    for person, at in first.items():
        window = [t for t in touches[person].values() if at - timedelta(days=30) <= t[0] < at]
        best = max((t for t in window if t[1] != "direct"), default=max(window, default=None))
        counts[
            str(at.astimezone(ZoneInfo("Europe/Berlin")).date()),
            best[1] if best else "(unattributed)",
        ] += 1
    return dict(counts)


def test_orders_lines_and_refunds_of_the_drop_equal_the_ledger(
    world: World, client: Client, tmp_path: Path
) -> None:
    orders, lines, refunds = read_drop(Path(client.control("GET", "world")["drop"]))
    ledger = {
        row["order_id"]: row for row in truth(world, NIGHTS[-1], tmp_path / "truth", "orders")
    }
    assert {order["order_id"] for order in orders} == set(ledger) and len(orders) == len(ledger)
    gross: dict[str, Decimal] = defaultdict(Decimal)
    refunded: dict[str, Decimal] = defaultdict(Decimal)
    for line in lines:
        gross[line["order_id"]] += Decimal(line["unit_price"]) * line["quantity"]
    for refund in refunds:
        refunded[refund["order_id"]] += Decimal(refund["amount"])
    for order_id, row in ledger.items():
        assert (gross[order_id], refunded[order_id]) == (row["gross"], row["refund"])
    assert {order["status"] for order in orders} == {"paid", "cancelled"}
    assert {order["currency"] for order in orders} == {"EUR", "USD", "CNY"}


def test_every_touch_of_the_ledger_was_exported_under_its_uuid(
    world: World, client: Client, tmp_path: Path
) -> None:
    exported = {event["uuid"]: event for event in client.events("20260101T00", "20260331T23")}
    touches = truth(world, NIGHTS[-1], tmp_path / "truth", "touches")
    assert len(touches) > 500
    for touch in touches:
        event = exported[touch["uuid"]]
        assert channel_of(event["event_properties"]) == touch["channel_id"]
        assert datetime.fromisoformat(event["event_time"]) == touch["touched_at"]
        paid = touch["channel_id"].startswith("paid_")
        assert (event["event_properties"].get("utm_campaign") if paid else None) == touch[
            "campaign_id"
        ]


def test_the_rates_file_holds_what_the_ledger_holds_newest_first(
    world: World, client: Client, tmp_path: Path
) -> None:
    header, *rows = client.rates()
    assert header[:3] == ["Date", "USD", "JPY"] and header[-1] == ""
    assert [row[0] for row in rows] == sorted((row[0] for row in rows), reverse=True)
    served = {
        (row[0], currency): Decimal(text)
        for row in rows
        for currency, text in zip(header[1:-1], row[1:-1], strict=True)
        if text != "N/A"
    }
    ledger = truth(world, NIGHTS[-1], tmp_path / "truth", "fx")
    assert served == {(str(row["date_day"]), row["currency"]): row["rate"] for row in ledger}
    assert all(date.fromisoformat(row[0]).weekday() < 5 for row in rows)


# --- the clock ------------------------------------------------------------------------------------------


def test_the_clock_never_goes_back_and_delivers_each_closed_day_once(
    serve: Callable[[str], Client],
) -> None:
    client = serve("2026-01-03T08:30:00Z")
    drop = Path(client.control("GET", "world")["drop"])
    assert sorted(path.name for path in drop.iterdir()) == ["2026-01-01", "2026-01-02"]
    assert client.control("POST", "clock", {"now": "2026-01-05T08:30:00Z"})["delivered"] == [
        "2026-01-03",
        "2026-01-04",
    ]
    assert client.control("POST", "clock", {"now": "2026-01-02T08:30:00Z"}) == {
        "now": "2026-01-05T08:30:00Z",
        "delivered": [],
    }


def test_names_are_those_of_the_moment_of_asking(serve: Callable[[str], Client]) -> None:
    client = serve("2026-02-05T08:30:00Z")
    query = "SELECT campaign.id, campaign.name FROM campaign WHERE campaign.name = 'US | Prospecting Broad'"
    assert client.google("2000000002", query)[0] == 200
    before = json.loads(client.meta("1001", "campaign", "2026-02-01", "2026-02-01")[2])["data"][0][
        "campaign_name"
    ]
    client.control("POST", "clock", {"now": "2026-02-12T08:30:00Z"})
    after = json.loads(client.meta("1001", "campaign", "2026-02-01", "2026-02-01")[2])["data"][0][
        "campaign_name"
    ]
    assert (before, after) == ("US | Prospecting Broad", "US | Prospecting Broad v2")


def test_hours_younger_than_two_hours_are_not_complete(serve: Callable[[str], Client]) -> None:
    client = serve("2026-02-10T12:30:00Z")
    stamps = [event["server_upload_time"] for event in client.events("20260210T00", "20260210T23")]
    assert max(stamps) < "2026-02-10 10:30:00.000000"
    assert client.export("20260210T12", "20260210T12")[0] == 404
    client.control("POST", "clock", {"now": "2026-02-10T15:30:00Z"})
    assert len(client.events("20260210T00", "20260210T23")) > len(stamps)


# --- the platforms' own rules -------------------------------------------------------------------------------


def test_meta_pages_by_cursor_and_refuses_too_much_at_once(client: Client) -> None:
    status, headers, body = client.meta("1001", "ad", "2026-03-01", "2026-03-05", limit="7")
    first = json.loads(body)
    assert (
        status == 200
        and len(first["data"]) == 7
        and first["paging"]["next"].startswith(client.base)
    )
    assert "x-fb-ads-insights-throttle" in headers and all(
        isinstance(v, str | list) for v in first["data"][0].values()
    )
    status, _, body = client.meta("1001", "ad", "2026-01-01", "2026-03-31")
    assert status == 400 and (
        json.loads(body)["error"]["code"],
        json.loads(body)["error"]["error_subcode"],
    ) == (100, 1487534)


def test_meta_reports_a_purchase_under_several_names(client: Client) -> None:
    data = json.loads(client.meta("1001", "campaign", "2026-01-01", "2026-01-20")[2])["data"]
    bought = next(
        row for row in data if any(a["action_type"] == "purchase" for a in row.get("actions", []))
    )
    values = {a["action_type"]: a["value"] for a in bought["actions"]}
    assert (
        values["purchase"]
        == values["omni_purchase"]
        == values["offsite_conversion.fb_pixel_purchase"]
    )
    assert any("action_values" not in row for row in data)


@pytest.mark.parametrize(
    ("path", "headers", "status", "code"),
    [
        ("/graph/v26.0/act_1001", {}, 400, 104),
        ("/graph/v26.0/act_1001", {"Authorization": "Bearer wrong"}, 400, 190),
        ("/graph/v22.0/act_1001", {"Authorization": "Bearer sandbox-meta-token"}, 400, 2635),
        ("/graph/v26.0/act_9", {"Authorization": "Bearer sandbox-meta-token"}, 400, 100),
        ("/tiktok/open_api/v1.3/advertiser/info/", {}, 200, 40104),
        ("/tiktok/open_api/v1.3/advertiser/info/", {"Access-Token": "Bearer sandbox-tiktok-token"}, 200, 40105),
    ],
)  # fmt: skip
def test_bad_access_is_refused_in_the_platforms_words(
    client: Client, path: str, headers: dict[str, str], status: int, code: int
) -> None:
    got, _, body = client.call("GET", path, headers)
    document = json.loads(body)
    assert (got, document.get("error", document)["code"]) == (status, code)


def test_google_refuses_old_versions_unknown_fields_and_foreign_tokens(client: Client) -> None:
    assert client.google("2000000001", "SELECT campaign.id FROM campaign", version="v22")[0] == 404
    status, _, body = client.google("2000000001", "SELECT campaign.nonsense FROM campaign")
    failure = json.loads(body)[0]["error"]["details"][0]["errors"][0]
    assert status == 400 and failure["errorCode"] == {"queryError": "UNRECOGNIZED_FIELD"}
    client._token = "ya29.foreign"
    assert client.google("2000000001", "SELECT campaign.id FROM campaign")[0] == 401


def test_a_google_token_dies_with_the_virtual_hour(serve: Callable[[str], Client]) -> None:
    client = serve(NIGHTS[0])
    assert client.google("2000000001", "SELECT customer.id FROM customer")[0] == 200
    client.control("POST", "clock", {"now": "2026-01-20T10:00:00Z"})
    assert client.google("2000000001", "SELECT customer.id FROM customer")[0] == 401
    client.token()
    assert client.google("2000000001", "SELECT customer.id FROM customer")[0] == 200


def test_tiktok_hides_deleted_ads_and_refuses_long_spans_large_pages_and_odd_metrics(
    client: Client,
) -> None:
    account = ACCOUNTS[TIKTOK][0]
    everything = client.tiktok_report(account, "ad", "2026-02-01", "2026-02-20")["data"][
        "page_info"
    ]["total_number"]
    default = client.tiktok_report(account, "ad", "2026-02-01", "2026-02-20", filtering="[]")[
        "data"
    ]["page_info"]
    assert default["total_number"] < everything
    for wrong in (
        {"start_date": "2026-01-01", "end_date": "2026-03-31"},
        {"page_size": "1001"},
        {"metrics": '["voucher_spend"]'},
    ):
        assert (
            client.tiktok_report(account, "ad", "2026-02-01", "2026-02-20", **wrong)["code"]
            == 40002
        )


# --- faults on the wire -----------------------------------------------------------------------------------------


def meta_day(client: Client) -> tuple[int, dict[str, str], bytes]:
    return client.meta("1001", "campaign", "2026-03-10", "2026-03-10")


def test_a_throttle_says_how_long_to_wait_on_each_platform(client: Client) -> None:
    client.rules({"match": {}, "kind": "throttle", "wait_s": 3})
    status, headers, body = meta_day(client)
    assert (status, json.loads(body)["error"]["code"]) == (400, 80000)
    assert json.loads(headers["x-ad-account-usage"])["reset_time_duration"] == 3
    status, _, body = client.google("2000000001", "SELECT customer.id FROM customer")
    detail = json.loads(body)[0]["error"]["details"][0]["errors"][0]["details"]
    assert status == 429 and detail["quotaErrorDetails"]["retryDelay"] == "3s"
    assert (
        client.tiktok_report(ACCOUNTS[TIKTOK][0], "ad", "2026-03-10", "2026-03-10")["code"] == 40100
    )
    status, headers, _ = client.export("20260310T00", "20260310T23")
    assert (status, headers["Retry-After"]) == (429, "3")


@pytest.mark.parametrize("kind", ["cut_stream", "wrong_length"])
def test_a_body_shorter_than_announced_breaks_off(client: Client, kind: str) -> None:
    client.rules({"match": {"platform": "meta"}, "kind": kind})
    with pytest.raises(IncompleteRead):
        meta_day(client)


def test_broken_bodies_arrive_whole_but_unreadable(client: Client) -> None:
    client.rules(
        {"match": {"platform": "meta"}, "kind": "invalid_json"},
        {"match": {"platform": "amplitude"}, "kind": "truncated_zip"},
    )
    with pytest.raises(json.JSONDecodeError):
        json.loads(meta_day(client)[2])
    status, _, body = client.export("20260310T00", "20260310T23")
    assert status == 200 and not zipfile.is_zipfile(io.BytesIO(body))
    client.rules({"match": {"platform": "meta"}, "kind": "html_200"})
    status, headers, body = meta_day(client)
    assert (
        status == 200
        and headers["Content-Type"].startswith("text/html")
        and body.startswith(b"<!DOCTYPE")
    )


def test_server_errors_come_as_often_as_the_rule_says(client: Client) -> None:
    client.rules({"match": {"platform": "meta", "times": 2}, "kind": "http_500"})
    assert [meta_day(client)[0] for _ in range(4)] == [500, 500, 200, 200]
    client.rules({"match": {"platform": "meta", "nth": 2}, "kind": "http_500"})
    assert [meta_day(client)[0] for _ in range(4)] == [200, 500, 200, 200]
    client.rules({"match": {"platform": "meta", "every": 2}, "kind": "http_500"})
    assert [meta_day(client)[0] for _ in range(4)] == [200, 500, 200, 500]
    client.control("DELETE", "faults")
    assert meta_day(client)[0] == 200


def test_an_expired_token_recovers_with_a_new_one_and_a_revoked_does_not(client: Client) -> None:
    query = "SELECT customer.id FROM customer"
    assert client.google("2000000001", query)[0] == 200
    client.rules({"match": {"platform": "google"}, "kind": "token_expired"})
    assert client.google("2000000001", query)[0] == 401
    assert client.google("2000000001", query)[0] == 401, "the old token stays dead"
    client.token()
    assert client.google("2000000001", query)[0] == 200
    client.rules({"match": {"platform": "google"}, "kind": "token_revoked"})
    assert client.google("2000000001", query)[0] == 401
    form = b"grant_type=refresh_token&client_id=sandbox-client&client_secret=sandbox-secret&refresh_token=sandbox-refresh"
    status, _, body = client.call("POST", "/google-oauth/token", body=form)
    assert (status, json.loads(body)["error"]) == (400, "invalid_grant")


def test_a_fault_hits_only_the_account_and_day_it_names(client: Client) -> None:
    client.rules(
        {"match": {"platform": "meta", "account": "1002", "day": "2026-03-10"}, "kind": "too_big"}
    )
    assert meta_day(client)[0] == 200
    assert client.meta("1002", "campaign", "2026-03-11", "2026-03-12")[0] == 200
    assert client.meta("1002", "campaign", "2026-03-09", "2026-03-10")[0] == 400


def test_sunset_and_empty_page_answer_as_described(client: Client) -> None:
    client.rules({"match": {}, "kind": "version_sunset"})
    assert json.loads(meta_day(client)[2])["error"]["code"] == 2635
    assert client.google("2000000001", "SELECT customer.id FROM customer")[0] == 404
    client.rules({"match": {}, "kind": "empty_page"})
    assert json.loads(meta_day(client)[2]) == {"data": []}
    assert (
        client.tiktok_report(ACCOUNTS[TIKTOK][0], "ad", "2026-03-10", "2026-03-10")["data"]["list"]
        == []
    )
    assert client.export("20260310T00", "20260310T23")[0] == 404


def test_schema_drift_adds_removes_and_retypes_a_field(client: Client) -> None:
    def metrics() -> dict[str, Any]:
        return client.tiktok_report(ACCOUNTS[TIKTOK][0], "campaign", "2026-03-10", "2026-03-10")[
            "data"
        ]["list"][0]["metrics"]

    client.rules({"match": {"platform": "tiktok"}, "kind": "drift_new_field", "field": "surprise"})
    assert set(metrics()) == {"spend", "clicks", "surprise"}
    client.rules(
        {"match": {"platform": "tiktok"}, "kind": "drift_missing_field", "field": "clicks"}
    )
    assert set(metrics()) == {"spend"}
    client.rules({"match": {"platform": "tiktok"}, "kind": "drift_retyped_field", "field": "spend"})
    assert isinstance(metrics()["spend"], dict)
    client.rules(
        {"match": {"platform": "amplitude"}, "kind": "drift_missing_field", "field": "event_time"}
    )
    assert all("event_time" not in event for event in client.events("20260310T00", "20260310T23"))


def test_an_unknown_rule_is_refused(client: Client) -> None:
    for rule in (
        {"kind": "gremlins"},
        {"kind": "http_500", "match": {"platform": "myspace"}},
        {"kind": "http_500", "match": {"x": 1}},
    ):
        assert (
            client.call("POST", "/_control/faults", body=json.dumps({"rules": [rule]}).encode())[0]
            == 400
        )


def test_calls_are_logged_without_secrets(client: Client) -> None:
    client.meta("1001", "campaign", "2026-03-10", "2026-03-10", access_token="sandbox-meta-token")
    logged = client.control("GET", "requests")["requests"]
    assert logged[-1][
        "path"
    ] == "/graph/v26.0/act_1001/insights" and "sandbox-meta-token" not in json.dumps(logged)


# --- silent damage ------------------------------------------------------------------------------------------------

DAY = "2026-03-10"


def day_rows(
    client: Client, platform: str, level: str = "ad", since: date = date(2026, 3, 9)
) -> dict[str, list[Row]]:
    rows = report(client, platform, ACCOUNTS[platform][0], level, since, date(2026, 3, 11))
    return {
        day: [row for row in rows if row[0] == day] for day in ("2026-03-09", DAY, "2026-03-11")
    }


def spent(rows: list[Row]) -> Decimal:
    return sum((row[2] for row in rows), Decimal(0))


@pytest.mark.parametrize("platform", [META, GOOGLE, TIKTOK])
def test_silent_damage_changes_the_named_day_and_no_other(client: Client, platform: str) -> None:
    clean = day_rows(client, platform)
    match = {"platform": platform, "account": ACCOUNTS[platform][0], "day": DAY}

    def damaged(kind: str, level: str = "ad", **more: Any) -> dict[str, list[Row]]:
        client.rules({"match": match, "kind": kind, **more})
        rows = day_rows(client, platform, level)
        if level == "ad":
            assert (
                rows["2026-03-09"] == clean["2026-03-09"]
                and rows["2026-03-11"] == clean["2026-03-11"]
            )
        return rows

    assert sorted(damaged("day_doubled")[DAY]) == sorted(clean[DAY] * 2)
    missing = damaged("page_missing")[DAY]
    assert 0 < len(missing) < len(clean[DAY]) and set(missing) < set(clean[DAY])
    assert damaged("account_silent")[DAY] == []
    assert spent(damaged("money_100x")[DAY]) == 100 * spent(clean[DAY])
    shifted = damaged("zone_shift")[DAY]
    assert [(row[1], row[2]) for row in shifted] == [
        (row[1], row[2]) for row in clean["2026-03-09"]
    ]
    client.control("DELETE", "faults")
    campaigns = day_rows(client, platform, "campaign")
    more = spent(damaged("spend_by_grain")[DAY])
    assert (
        more > spent(campaigns[DAY]) * Decimal("1.01")
        and day_rows(client, platform, "campaign") == campaigns
    )


def test_a_changed_currency_shows_on_the_account_and_its_rows(client: Client) -> None:
    client.rules({"match": {"account": "1002"}, "kind": "currency_changed", "currency": "GBP"})
    _, _, body = client.call(
        "GET",
        "/graph/v26.0/act_1002?fields=currency",
        {"Authorization": "Bearer sandbox-meta-token"},
    )
    assert json.loads(body)["currency"] == "GBP"
    assert {
        row["account_currency"]
        for row in json.loads(client.meta("1002", "campaign", DAY, DAY)[2])["data"]
    } == {"GBP"}
    assert {row["account_currency"] for row in json.loads(meta_day(client)[2])["data"]} == {"USD"}


def busy_day(client: Client) -> str:
    """A day of March on which the small shop sold at least twice."""
    sold = Counter(
        order["ordered_at"][:10]
        for order in read_drop(Path(client.control("GET", "world")["drop"]))[0]
    )
    return next(day for day in sorted(sold) if day >= "2026-03-05" and sold[day] >= 2)


def test_an_empty_night_empties_every_platform_and_the_files(client: Client) -> None:
    day = busy_day(client)
    drop = Path(client.control("GET", "world")["drop"]) / day
    before = (drop / "orders.csv").read_text()
    client.rules({"match": {"day": [day, DAY]}, "kind": "empty_night"})
    for platform in ACCOUNTS:
        assert day_rows(client, platform)[DAY] == []
    assert client.export("20260310T00", "20260310T23")[0] == 404
    assert len((drop / "orders.csv").read_text().splitlines()) == 1 < len(before.splitlines())
    client.control("DELETE", "faults")
    assert (drop / "orders.csv").read_text() == before


def test_a_missing_rate_is_missing_for_the_day_or_as_a_column(client: Client) -> None:
    client.rules({"match": {"day": DAY}, "kind": "missing_rate", "currency": "USD"})
    header, *rows = client.rates()
    column = header.index("USD")
    assert {row[0] for row in rows if row[column] == "N/A"} == {DAY}
    client.rules({"match": {}, "kind": "missing_rate", "currency": "USD"})
    assert "USD" not in client.rates()[0]


def test_order_faults_rewrite_the_files_of_their_day(client: Client) -> None:
    drop = Path(client.control("GET", "world")["drop"])
    clean, _, _ = read_drop(drop)
    day = busy_day(client)
    client.rules({"match": {"day": day}, "kind": "order_doubled"})
    twice = [
        order
        for order, n in Counter(order["order_id"] for order in read_drop(drop)[0]).items()
        if n == 2
    ]
    assert len(twice) == 1
    client.rules({"match": {"day": day}, "kind": "order_unknown_currency"})
    assert [order["currency"] for order in read_drop(drop)[0]].count("XTS") == 1
    client.control("DELETE", "faults")
    assert read_drop(drop)[0] == clean


def test_a_doubled_upload_day_holds_each_event_twice(client: Client) -> None:
    clean = client.events("20260310T00", "20260310T23")
    client.rules({"match": {"platform": "amplitude", "day": DAY}, "kind": "day_doubled"})
    assert len(client.events("20260310T00", "20260310T23")) == 2 * len(clean)


# --- the command line -----------------------------------------------------------------------------------------------


def test_serve_announces_itself_in_one_line_and_remembers_its_clock(tmp_path: Path) -> None:
    root = Path(__file__).resolve().parents[2]
    command = [
        sys.executable,
        "-m",
        "sandbox",
        "serve",
        "--state",
        str(tmp_path),
        "--world",
        "small",
    ]
    for extra, now in (
        (["--now", "2026-01-04T08:30:00Z"], "2026-01-04T08:30:00Z"),
        ([], "2026-01-04T08:30:00Z"),
    ):
        process = subprocess.Popen([*command, *extra], cwd=root, stdout=subprocess.PIPE, text=True)
        try:
            assert process.stdout is not None
            ready = json.loads(process.stdout.readline())
            assert (ready["ready"], ready["world"], ready["first_day"], ready["last_day"]) == (
                True,
                "small",
                "2026-01-01",
                "2026-03-31",
            )
            client = Client(f"http://127.0.0.1:{ready['port']}")
            assert client.control("GET", "clock")["now"] == now
            assert (Path(ready["drop"]) / "2026-01-03" / "coupons.csv").exists()
        finally:
            process.terminate()
            process.wait(timeout=10)
            process.stdout.close()
    refused = subprocess.run(
        [*command, "--seed", "8"], cwd=root, capture_output=True, text=True, check=False
    )
    assert refused.returncode == 2 and "another --state" in refused.stderr


def test_hashes_in_the_ledger_are_those_of_normalised_contacts(
    world: World, tmp_path: Path
) -> None:
    people = truth(world, NIGHTS[0], tmp_path / "truth", "people")
    email = world.texts.email(0)
    assert hashlib.sha256(email.encode()).hexdigest() not in {email}
    kinds = {row["identifier_type"] for row in people}
    assert kinds == {"device_id", "user_id", "customer_id", "email", "phone"}
    assert all(
        len(row["identifier_value"]) == 64
        for row in people
        if row["identifier_type"] in ("email", "phone")
    )
