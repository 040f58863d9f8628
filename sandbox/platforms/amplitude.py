"""Amplitude Export API: a zip with one gzip NDJSON file per hour of upload."""

from __future__ import annotations

import base64
import gzip
import io
import re
import zipfile
from collections.abc import Mapping
from typing import Any

import numpy as np
import orjson

from sandbox.clock import (
    DAY,
    FIRST_DAY,
    HOUR,
    LAST_DAY,
    Clock,
    events_visible_before,
    utc_datetime,
)
from sandbox.faults import AMPLITUDE, DRIFT, Faults, Rule, drifted
from sandbox.platforms.amplitude_records import PROJECT, Records
from sandbox.platforms.common import Answer, Call, Span, json_answer
from sandbox.world import World

LOGIN, PASSWORD = "sandbox-key", "sandbox-secret"
MAX_DAYS = 365
_HOUR = re.compile(r"^(\d{4})(\d\d)(\d\d)T(\d{1,2})$")


class Amplitude:
    """Answers under `/amplitude`."""

    name = AMPLITUDE
    prefix = "/amplitude"

    def __init__(self, world: World, clock: Clock, faults: Faults) -> None:
        self._world = world
        self._clock = clock
        self._faults = faults
        self._records = Records(world)
        self._hours: dict[int, bytes] = {}  # gzip of every complete hour asked for so far

    def span(self, call: Call) -> Span:
        """What the call is about: UTC days of upload."""
        start, end = (
            export_hour(call.query.get("start", "")),
            export_hour(call.query.get("end", "")),
        )
        if start is None or end is None:
            return Span(PROJECT)
        return Span(PROJECT, start // DAY, end // DAY)

    def answer(self, call: Call) -> Answer:
        """The platform's answer to one call."""
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
        if call.path != "/api/2/export" or call.method != "GET":
            return json_answer(
                {"error": {"http_code": 404, "type": "not_found", "message": "Not found"}}, 404
            )
        start, end = (
            export_hour(call.query.get("start", "")),
            export_hour(call.query.get("end", "")),
        )
        if start is None or end is None or start > end:
            return json_answer(
                {
                    "error": {
                        "http_code": 400,
                        "type": "bad_request",
                        "message": "start and end must look like 20260101T00, start not after end",
                    }
                },
                400,
            )
        if (end - start) // DAY >= MAX_DAYS:
            return json_answer(
                {
                    "error": {
                        "http_code": 400,
                        "type": "bad_request",
                        "message": "The range is longer than 365 days",
                    }
                },
                400,
            )
        parts = (
            [] if call.rule and call.rule.kind == "empty_page" else self._parts(call, start, end)
        )
        if not parts:
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
        sink = io.BytesIO()
        with zipfile.ZipFile(sink, "w", zipfile.ZIP_STORED) as archive:
            for hour, body in parts:
                moment = utc_datetime(hour)
                name = f"{PROJECT}//{PROJECT}_{moment:%Y-%m-%d}_{moment.hour}#0.json.gz"
                archive.writestr(zipfile.ZipInfo(name, moment.timetuple()[:6]), body)
        return Answer(200, sink.getvalue(), {"Content-Type": "application/zip"})

    def refuse(self, rule: Rule, call: Call) -> Answer | None:
        """The platform's own words for a wire fault."""
        if rule.kind == "throttle":
            answer = json_answer(
                {
                    "error": {
                        "http_code": 429,
                        "type": "too_many_requests",
                        "message": "Too many requests",
                    }
                },
                429,
            )
            answer.headers["Retry-After"] = str(int(rule.parameters.get("wait_s", 2)))
            return answer
        if rule.kind in ("token_expired", "token_revoked"):
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
        if rule.kind == "too_big":
            return json_answer(
                {
                    "error": {
                        "http_code": 400,
                        "type": "bad_request",
                        "message": "The amount of data exceeds 4GB. Please "
                        "request a smaller range.",
                    }
                },
                400,
            )
        if rule.kind == "version_sunset":
            return json_answer(
                {
                    "error": {
                        "http_code": 410,
                        "type": "gone",
                        "message": "This API version has been retired",
                    }
                },
                410,
            )
        return None

    def _parts(self, call: Call, start: int, end: int) -> list[tuple[int, bytes]]:
        """(hour, gzip) for every hour of start..end in which something visible was uploaded."""
        visible = events_visible_before(self._clock.now)
        rules = self._faults.silent(AMPLITUDE, PROJECT)
        drift = call.rule if call.rule and call.rule.kind in DRIFT else None
        uploaded = self._world.events.uploaded_at
        first = max(start, FIRST_DAY * DAY - DAY)
        last = min(end, visible, (LAST_DAY + 14) * DAY)
        parts = []
        for hour in range(first, last + 1, HOUR):
            low, high = np.searchsorted(uploaded, [hour, min(hour + HOUR, visible)])
            if high <= low or self._is_dropped(rules, hour):
                continue
            doubled = any(rule.kind == "day_doubled" and rule.hits(hour // DAY) for rule in rules)
            if drift or doubled or hour + HOUR > visible:
                rows = [
                    drifted(drift, record, "event_time")
                    for record in self._records.between(int(low), int(high))
                ]
                parts.append((hour, _gzip(rows * (2 if doubled else 1))))
                continue
            if hour not in self._hours:
                self._hours[hour] = _gzip(self._records.between(int(low), int(high)))
            parts.append((hour, self._hours[hour]))
        return parts

    @staticmethod
    def _is_dropped(rules: list[Rule], hour: int) -> bool:
        day, hour_of_day = divmod(hour, DAY)
        return any(
            rule.hits(day)
            and (
                rule.kind in ("account_silent", "empty_night")
                or (rule.kind == "page_missing" and hour_of_day >= 12 * HOUR)
            )
            for rule in rules
        )


def is_authorised(headers: Mapping[str, str]) -> bool:
    """Whether the request carries the project's key and secret."""
    return (
        headers.get("authorization")
        == "Basic " + base64.b64encode(f"{LOGIN}:{PASSWORD}".encode()).decode()
    )


def export_hour(text: str) -> int | None:
    """Microseconds of `20260101T07`, None if it is nothing like it."""
    found = _HOUR.match(text)
    if not found or int(found[4]) > 23:
        return None
    try:
        day = np.datetime64(f"{found[1]}-{found[2]}-{found[3]}", "D").astype(np.int64)
    except ValueError:
        return None
    return int(day) * DAY + int(found[4]) * HOUR


def _gzip(rows: list[dict[str, Any]]) -> bytes:
    body = b"".join(
        orjson.dumps(row, option=orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE) for row in rows
    )
    return gzip.compress(body, compresslevel=1, mtime=0)
