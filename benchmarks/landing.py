"""Landing: rows a second and memory, a TikTok report over HTTP into the lake.

The server answers with pages made beforehand, so that what is measured is our side: transport,
source, checks, lake. Beside it, in the same run, the least that anybody could do: fetch the same
pages, split them, and write the rows with pyarrow.
"""

from __future__ import annotations

import json
import multiprocessing
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing.connection import Connection as Pipe
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import requests

from benchmarks.measure import measured

PAGE_ROWS = 1000
DAY = date(2026, 3, 1)


def run(folder: Path, rows: int) -> list[str]:
    with _server(rows) as address:
        ours = measured(_land, address, folder / "lake")
        plain = measured(_plain, address, folder / "plain.parquet", rows)
    assert ours.result == rows, ours.result
    size = f"{rows:,} rows in pages of {PAGE_ROWS:,}"
    return [
        f"| plain fetch and write | {size} | {rows / plain.seconds:,.0f} rows/s "
        f"| {plain.peak_gib:.2f} GiB | 1.0 |",
        f"| land | {size} | {rows / ours.seconds:,.0f} rows/s | {ours.peak_gib:.2f} GiB "
        f"| {plain.seconds / ours.seconds:.2f} of plain |",
    ]


def _land(address: str, lake: Path) -> int:
    from desilo.lake import Lake
    from desilo.landing import land
    from desilo.settings import SourceConfig
    from desilo.sources import REGISTRY, Connection
    from desilo.transport import HttpSession

    config = SourceConfig(
        name="tiktok_ads", kind="tiktok_ads", connection="", schedule="", reread_days=1,
        accounts=("7",), start_date=DAY,
    )  # fmt: skip
    kind = REGISTRY["tiktok_ads"]

    class AdsOnly(kind):  # type: ignore[misc, valid-type]
        streams = (kind.stream("ad_daily"),)

    source = AdsOnly(Connection(address, password="token"), {}, HttpSession("tiktok_ads"))
    report = land(
        config, source, "7", Lake(str(lake)), day=DAY, fetched_at=datetime(2026, 3, 2, tzinfo=UTC)
    )
    return report.rows


def _plain(address: str, path: Path, rows: int) -> int:
    session = requests.Session()
    writer = None
    for page in range(1, rows // PAGE_ROWS + 1):
        url = f"{address}/open_api/v1.3/report/integrated/get/"
        body = session.get(url, params={"page": page}).content
        records = [orjson.dumps(row).decode() for row in orjson.loads(body)["data"]["list"]]
        table = pa.table({"record": records})
        writer = writer or pq.ParquetWriter(path, table.schema, compression="zstd")
        writer.write_table(table)
    if writer is not None:
        writer.close()
    return rows


@contextmanager
def _server(rows: int) -> Iterator[str]:
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_serve, args=(sender, rows), daemon=True)
    process.start()
    try:
        yield f"http://127.0.0.1:{receiver.recv()}"
    finally:
        process.terminate()


def _serve(sender: Pipe, rows: int) -> None:
    pages = rows // PAGE_ROWS
    bodies = [_page(number, pages) for number in range(1, pages + 1)]

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            number = int(parse_qs(urlsplit(self.path).query).get("page", ["1"])[0])
            body = bodies[number - 1]
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *arguments: object) -> None:
            """The terminal shows results only."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    sender.send(server.server_address[1])
    server.serve_forever()


def _page(number: int, pages: int) -> bytes:
    first = (number - 1) * PAGE_ROWS
    listed = [
        {
            "dimensions": {"ad_id": str(10**15 + first + n), "stat_time_day": f"{DAY} 00:00:00"},
            "metrics": {
                "spend": "20.00", "impressions": "5830", "clicks": "69", "conversion": "3",
                "campaign_id": "1714125042508817", "campaign_name": "Website Traffic",
                "adgroup_id": "1714125049901106", "adgroup_name": "Ad group", "ad_name": "Ad",
                "currency": "USD", "complete_payment": "1", "total_purchase_value": "20.00",
                "vta_conversion": "0", "cta_conversion": "3", "ctr": "1.18", "cpc": "0.29",
            },
        }
        for n in range(PAGE_ROWS)
    ]  # fmt: skip
    info = {
        "page": number, "page_size": PAGE_ROWS, "total_number": pages * PAGE_ROWS,
        "total_page": pages,
    }  # fmt: skip
    data = {"list": listed, "page_info": info}
    return json.dumps({"code": 0, "message": "OK", "request_id": "1", "data": data}).encode()
