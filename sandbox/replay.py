"""The replay server: recorded answers of a real TikTok advertiser and a real Amplitude export.

The recordings are what a connector once wrote, one record a line with its stream's name. A day
is served only if a row of it was recorded; nothing is summed up or filled in. Campaign rows were
recorded of other days than ad rows (22, 24, 27 and 28 October 2021 against 20, 25 and 26), so a
campaign report that served them would contradict the ads: it is empty, as on a platform that has
none. It takes the sandbox's credentials, so that one set of connections fits both.
"""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path
from typing import Any

import orjson

from sandbox.catalog import TIKTOK
from sandbox.clock import DAY, HOUR, Clock, day_of
from sandbox.faults import AMPLITUDE, Faults, Rule
from sandbox.platforms.amplitude import MAX_DAYS, export_hour, is_authorised
from sandbox.platforms.common import Answer, Call, Span, json_answer
from sandbox.platforms.tiktok import (
    BASE,
    LEVELS,
    TOKEN,
    check_token,
    json_value,
    paged,
    report_span,
)
from sandbox.platforms.tiktok import MAX_DAYS as REPORT_DAYS
from sandbox.server import Control, Sandbox

REPORT_STREAMS: dict[str, tuple[str, ...]] = {
    "AUCTION_AD": ("ads_reports_daily", "ads_reports"),
    "AUCTION_CAMPAIGN": (),
}
LISTS = {
    "campaign/get/": ("campaigns", "campaign_id"),
    "adgroup/get/": ("ad_groups", "adgroup_id"),
    "ad/get/": ("ads", "ad_id"),
}
IDS = frozenset(("advertiser_id", "campaign_id", "adgroup_id", "ad_id"))
_ENTRY = re.compile(r"^(\d+)//\1_(\d{4}-\d\d-\d\d)_(\d{1,2})#\d+\.json\.gz$")


class RecordedTikTok:
    """The recorded advertiser under `/tiktok`."""

    name = TIKTOK
    prefix = "/tiktok"

    def __init__(self, folder: Path) -> None:
        records = [
            orjson.loads(line)
            for path in sorted(folder.glob("*.jsonl"))
            for line in path.read_bytes().splitlines()
        ]
        if not records:
            raise FileNotFoundError(f"no recorded records (*.jsonl) in {folder}")
        self._by_stream: dict[str, list[dict[str, Any]]] = {}
        for record in records:
            self._by_stream.setdefault(record["stream"], []).append(record["data"])
        self.advertisers = {
            str(data["advertiser_id"]): _as_wire(data) for data in self._by_stream["advertisers"]
        }
        self._reports = {level: self._rows(streams) for level, streams in REPORT_STREAMS.items()}

    def _rows(self, streams: tuple[str, ...]) -> list[dict[str, Any]]:
        """Report rows of a level, oldest first. Where two recordings hold a row, one is kept."""
        rows: dict[str, dict[str, Any]] = {}
        for stream in streams:
            for data in self._by_stream.get(stream, []):
                row = {
                    "dimensions": _as_wire(data["dimensions"]),
                    "metrics": _metrics_as_wire(data["metrics"]),
                }
                rows.setdefault(
                    orjson.dumps(row["dimensions"], option=orjson.OPT_SORT_KEYS).decode(), row
                )
        return sorted(
            rows.values(),
            key=lambda row: (row["dimensions"]["stat_time_day"], sorted(row["dimensions"].items())),
        )

    def span(self, call: Call) -> Span:
        """What the call is about."""
        return report_span(call.query)

    def answer(self, call: Call) -> Answer:
        """The recorded rows in the platform's envelope."""
        if refused := check_token(call.headers, TOKEN):
            return _envelope({}, *refused)
        endpoint = call.path.removeprefix(BASE)
        if endpoint == "advertiser/info/":
            asked = [str(item) for item in json_value(call.query.get("advertiser_ids"), [])]
            if not asked or any(item not in self.advertisers for item in asked):
                return _envelope({}, 40001, f"No permission to operate the advertiser ids {asked}.")
            return _envelope({"list": [self.advertisers[item] for item in asked]})
        if call.query.get("advertiser_id") not in self.advertisers:
            return _envelope(
                {}, 40001, f"No permission to operate advertiser {call.query.get('advertiser_id')}."
            )
        if endpoint == "report/integrated/get/":
            rows = self._report(call)
            if isinstance(rows, str):
                return _envelope({}, 40002, rows)
        elif endpoint in LISTS:
            stream, key = LISTS[endpoint]
            rows = list(
                {
                    str(data[key]): _as_wire(data) for data in self._by_stream.get(stream, [])
                }.values()
            )
        else:
            return _envelope({}, 40002, f"The request path {call.path} does not exist.")
        page, problem = paged(call.query, rows)
        return _envelope({}, 40002, problem or "") if page is None else _envelope(page)

    def refuse(self, rule: Rule, call: Call) -> Answer | None:
        """A recording has no faults of its own."""
        return None

    def _report(self, call: Call) -> list[dict[str, Any]] | str:
        """Recorded rows of the days asked for, or what is wrong with the request."""
        query = call.query
        dimensions = json_value(query.get("dimensions"), [])
        if query.get("report_type") != "BASIC" or query.get("data_level") not in LEVELS:
            return (
                "report_type, data_level: only BASIC rows of AUCTION_AD and AUCTION_CAMPAIGN "
                "were recorded."
            )
        if set(dimensions) != {LEVELS[query["data_level"]][1], "stat_time_day"}:
            return f"dimensions: {dimensions} do not fit data_level {query['data_level']} by day."
        try:
            since, until = day_of(query["start_date"]), day_of(query["end_date"])
        except (KeyError, ValueError):
            return (
                "start_date, end_date: Missing data for required field or not in the form "
                "YYYY-MM-DD."
            )
        if not 0 <= until - since < REPORT_DAYS["stat_time_day"]:
            return (
                f"The time span between start_date and end_date exceeds the maximum of "
                f"{REPORT_DAYS['stat_time_day']} days."
            )
        metrics = json_value(query.get("metrics"), ["spend", "impressions"])
        currency = self.advertisers[query["advertiser_id"]]["currency"]
        return [
            {
                "dimensions": row["dimensions"],
                "metrics": {
                    n: ({"currency": currency} | row["metrics"]).get(n, "-") for n in metrics
                },
            }
            for row in self._reports[query["data_level"]]
            if since <= day_of(row["dimensions"]["stat_time_day"][:10]) <= until
        ]


class RecordedAmplitude:
    """The recorded export under `/amplitude`: its bytes as they came, for the hours they cover."""

    name = AMPLITUDE
    prefix = "/amplitude"

    def __init__(self, path: Path) -> None:
        self._body = path.read_bytes()
        self.project = ""
        self._hours: list[int] = []
        with zipfile.ZipFile(io.BytesIO(self._body)) as archive:
            for name in archive.namelist():
                if found := _ENTRY.match(name):
                    self.project = found[1]
                    self._hours.append(day_of(found[2]) * DAY + int(found[3]) * HOUR)

    def span(self, call: Call) -> Span:
        """Rules for days do not reach a recording."""
        return Span(self.project)

    def answer(self, call: Call) -> Answer:
        """The recorded zip if the range holds its hours, else the answer to an empty range."""
        if not is_authorised(call.headers):
            return json_answer(
                {
                    "error": {
                        "http_code": 403,
                        "type": "forbidden",
                        "message": "Invalid API key or secret key",
                    }
                },
                403,
            )
        start, end = (
            export_hour(call.query.get("start", "")),
            export_hour(call.query.get("end", "")),
        )
        if (
            call.path != "/api/2/export"
            or start is None
            or end is None
            or start > end
            or (end - start) // DAY >= MAX_DAYS
        ):
            return json_answer(
                {
                    "error": {
                        "http_code": 400,
                        "type": "bad_request",
                        "message": "start and end must look like 20260101T00 and span at most 365 "
                        "days",
                    }
                },
                400,
            )
        if not any(start <= hour <= end for hour in self._hours):
            return json_answer(
                {
                    "error": {
                        "http_code": 404,
                        "type": "not_found",
                        "message": "Raw data files were not found.",
                    }
                },
                404,
            )
        return Answer(200, self._body, {"Content-Type": "application/zip"})

    def refuse(self, rule: Rule, call: Call) -> Answer | None:
        """A recording has no faults of its own."""
        return None


def open_replay(fixtures: Path, port: int = 0) -> Sandbox:
    """A server that listens already and serves the recordings in `fixtures`.

    Raises:
        FileNotFoundError: the folder holds no recordings.
    """
    tiktok = RecordedTikTok(fixtures / "tiktok")
    amplitude = RecordedAmplitude(fixtures / "amplitude" / "events_request_content.zip")
    about = {
        "tiktok_advertisers": sorted(tiktok.advertisers),
        "amplitude_project": amplitude.project,
    }
    return Sandbox(port, [tiktok, amplitude], Control(Clock(), Faults(), None, about))


def _as_wire(data: dict[str, Any]) -> dict[str, Any]:
    """Ids as the strings the platform sends: a typed recording has turned them into numbers."""
    return {
        name: str(value) if name in IDS and isinstance(value, int) else value
        for name, value in data.items()
    }


def _metrics_as_wire(metrics: dict[str, Any]) -> dict[str, Any]:
    """Metric values as the strings the platform sends, `-` where there was nothing."""
    return {name: "-" if value is None else str(value) for name, value in metrics.items()}


def _envelope(data: dict[str, Any], code: int = 0, message: str = "OK") -> Answer:
    return json_answer(
        {"code": code, "message": message, "request_id": "20260101000000000000000001", "data": data}
    )
