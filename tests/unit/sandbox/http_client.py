"""Calls the sandbox as a platform's manual says, with nothing but the standard library."""

from __future__ import annotations

import base64
import gzip
import io
import json
import urllib.error
import urllib.parse
import urllib.request
import zipfile
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from sandbox.clock import instant
from sandbox.truth import write_truth
from sandbox.world import World

NIGHTS = ("2026-01-20T08:30:00Z", "2026-02-28T08:30:00Z", "2026-04-01T08:30:00Z")
META, GOOGLE, TIKTOK = "meta_ads", "google_ads", "tiktok_ads"
ACCOUNTS = {
    META: ("1001", "1002"),
    GOOGLE: ("2000000001", "2000000002"),
    TIKTOK: ("7000000000000000001", "7000000000000000002"),
}
FIRST = date(2026, 1, 1)
DAY = "2026-03-10"  # the day that faults are tried on
Row = tuple[str, str, Decimal]  # (day, id of ad or campaign, spend)


class Client:
    """Calls the server the plainest way there is: urllib, no retries, nobody else's code."""

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
            "fields": "campaign_id,campaign_name,ad_id,spend,account_currency,actions,"
            "action_values",
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
            "advertiser_id": account, "report_type": "BASIC",
            "data_level": f"AUCTION_{level.upper()}",
            "dimensions": json.dumps([id_name, "stat_time_day"]),
            "metrics": json.dumps(["spend", "clicks"]),
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


def truth(world: World, now: str, out: Path, table: str) -> list[dict[str, Any]]:
    write_truth(world, instant(now), out)
    return pq.read_table(out / f"{table}.parquet").to_pylist()


def meta_day(client: Client) -> tuple[int, dict[str, str], bytes]:
    return client.meta("1001", "campaign", "2026-03-10", "2026-03-10")
