"""Amplitude Export API: a zip with one gzip NDJSON file per hour of upload."""

from __future__ import annotations

import base64
import gzip
import io
import re
import zipfile
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import numpy as np
import orjson

from sandbox import catalog
from sandbox.catalog import CHANNELS, DIRECT
from sandbox.clock import (
    DAY,
    FIRST_DAY,
    HOUR,
    LAST_DAY,
    Clock,
    events_visible_before,
    iso_day,
    utc_datetime,
)
from sandbox.commerce import PRODUCTS
from sandbox.faults import AMPLITUDE, DRIFT, Faults, Rule, drifted
from sandbox.files import order_id
from sandbox.journeys import APP_OPEN, EVENT_TYPES, IDENTITY_CODES, LANDING
from sandbox.people import ANDROID, IOS, JUNK_IDS, mix, uuid_of
from sandbox.platforms.common import Answer, Call, Span, json_answer
from sandbox.world import World

PROJECT = "434000"
LOGIN, PASSWORD = "sandbox-key", "sandbox-secret"
MAX_DAYS = 365
_HOUR = re.compile(r"^(\d{4})(\d\d)(\d\d)T(\d{1,2})$")
_CLICK_IDS = {
    "paid_search_google": ("gclid", "google", "cpc"),
    "paid_social_meta": ("fbclid", "facebook", "paid_social"),
    "paid_social_tiktok": ("ttclid", "tiktok", "paid_social"),
}
_REFERRERS = {
    "organic_search": "https://www.google.com/",
    "organic_social": "https://www.xiaohongshu.com/",
    "referral": "https://blog.example.net/best-of-2026",
}
_HARDWARE = {
    IOS: ("iOS", "ios", "17.4", "Apple", "iPhone 15", "Apple iPhone"),
    ANDROID: ("Android", "android", "14", "Google", "Pixel 8", "Google Pixel"),
}
_BROWSER = ("Chrome", "Web", "122", None, None, "Windows")
_PLACES = (
    ("Germany", "Berlin", "de"),
    ("United States", "California", "en"),
    ("China", "Shanghai", "zh"),
)
# Keys of a record that never carry anything here, in the export's alphabetical order with the
# others.
_NOTHING: dict[str, Any] = dict.fromkeys(
    [
        "$insert_key",
        "$schema",
        "adid",
        "amplitude_attribution_ids",
        "amplitude_event_type",
        "device_brand",
        "device_carrier",
        "dma",
        "global_user_properties",
        "idfa",
        "is_attribution_event",
        "location_lat",
        "location_lng",
        "partner_id",
        "paying",
        "sample_rate",
        "source_id",
        "start_version",
    ]
)


class Amplitude:
    """Answers under `/amplitude`."""

    name = AMPLITUDE
    prefix = "/amplitude"

    def __init__(self, world: World, clock: Clock, faults: Faults) -> None:
        self._world = world
        self._clock = clock
        self._faults = faults
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
                    for record in self._records(int(low), int(high))
                ]
                parts.append((hour, _gzip(rows * (2 if doubled else 1))))
                continue
            if hour not in self._hours:
                self._hours[hour] = _gzip(self._records(int(low), int(high)))
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

    def _records(self, low: int, high: int) -> list[dict[str, Any]]:
        """Events of rows low..high-1 with every key of the export.

        Columns are turned into Python lists once per hour: reading 320,000 events cell by cell out
        of
        arrays took 14 s, this takes a third.
        """
        world, events, sessions = self._world, self._world.events, self._world.sessions
        rows = slice(low, high)
        session = events.session[rows]
        device = sessions.device[session]
        columns = (
            session, events.user[rows], device, events.junk_user[rows], events.junk_device[rows], events.code[rows],
            events.happened_at[rows], events.uploaded_at[rows], world.people.market[sessions.person[session]],
            events.uuid_key[rows], events.insert_key[rows], world.people.device_platform[device],
            np.where(events.in_session[rows], sessions.started_at[session] // 1000, -1),
            sessions.person[session], events.order[rows],
        )  # fmt: skip
        return [
            self._record(*values)
            for values in zip(*(column.tolist() for column in columns), strict=True)
        ]

    def _record(
        self, session: int, user: int, device: int, junk_user: int, junk_device: int, code: int, at: int, uploaded: int,
        market: int, uuid_key: int, insert_key: int, kind: int, session_id: int, person: int, order: int,
    ) -> dict[str, Any]:  # fmt: skip
        world = self._world
        os_name, platform, os_version, maker, model, family = _HARDWARE.get(kind, _BROWSER)
        country, region, language = _PLACES[market]
        user_id: str | None = JUNK_IDS[junk_user] if junk_user >= 0 else None
        if user >= 0:
            user_id = world.texts.user_id(user)
            if "@" in user_id:
                user_id = world.texts.written(user_id, mix(world.seed + 11, session))
        is_identity = code in IDENTITY_CODES and user >= 0
        return _NOTHING | {
            "$insert_id": uuid_of(world.seed + 23, insert_key),
            "amplitude_id": 550_000_000_000 + (user if user >= 0 else 10_000_000 + device),
            "app": int(PROJECT),
            "city": region,
            "client_event_time": _stamp(at),
            "client_upload_time": _stamp(max(at, uploaded - 1_500_000)),
            "country": country,
            "data": {"path": "/2/httpapi", "user_properties_updated": is_identity, "group_first_event": {}, "group_ids": {}},
            "data_type": "event",
            "device_family": family,
            "device_id": JUNK_IDS[junk_device] if junk_device >= 0 else world.texts.device_id(device),
            "device_manufacturer": maker,
            "device_model": model,
            "device_type": family,
            "event_id": uuid_key % 1_000_000_000,
            "event_properties": self._properties(code, session, person, order, uuid_key),
            "event_time": _stamp(at),
            "event_type": EVENT_TYPES[code],
            "group_properties": {},
            "groups": {},
            "ip_address": None,
            "language": language,
            "library": "amplitude-analytics-mobile/1.9.0" if model else "amplitude-ts/2.3.0",
            "os_name": os_name,
            "os_version": os_version,
            "plan": {},
            "platform": platform,
            "processed_time": _stamp(uploaded + 2_100_000),
            "region": region,
            "server_received_time": _stamp(uploaded - 400_000),
            "server_upload_time": _stamp(uploaded),
            "session_id": session_id,
            "user_creation_time": None,
            "user_id": user_id,
            "user_properties": self._user_properties(user, session) if is_identity else {},
            "uuid": uuid_of(world.seed, uuid_key),
            "version_name": "4.2.0" if model else None,
        }  # fmt: skip

    def _user_properties(self, user: int, session: int) -> dict[str, Any]:
        """What the app tells of the signed-in: raw contacts and consent."""
        texts, people = self._world.texts, self._world.people
        person, variant = int(people.user_person[user]), mix(self._world.seed + 13, session)
        properties: dict[str, Any] = {
            "email": texts.written(texts.user_email(user), variant),
            "consent": bool(people.has_consent[person]),
        }
        if people.has_phone[person]:
            properties["phone"] = texts.written_phone(texts.phone(person), variant >> 9)
        return properties

    def _properties(
        self, code: int, session: int, person: int, order: int, key: int
    ) -> dict[str, Any]:
        if code in (LANDING, APP_OPEN):
            return self._source(session) | {"page_path": "/" if code == LANDING else "app://home"}
        if order >= 0:
            return {"order_id": order_id(order)}
        name = EVENT_TYPES[code]
        if name in ("Product Viewed", "Product Added"):
            product = mix(self._world.seed + 17, key) % PRODUCTS
            return {"product_id": f"P-{product:03d}", "page_path": f"/product/{product:03d}"}
        if name == "Product Searched":
            return {
                "query": ("lamp", "travel mug", "desk", "rain jacket")[person % 4],
                "page_path": "/search",
            }
        return {"page_path": "/"} if name == "Landing Engaged" else {}

    def _source(self, session: int) -> dict[str, Any]:
        """Where a landing came from, as far as its address and referrer tell."""
        channel = int(self._world.sessions.channel[session])
        if channel == DIRECT:
            return {}
        name = CHANNELS[channel]
        if name == "email":
            return {"utm_source": "newsletter", "utm_medium": "email", "utm_campaign": "weekly"}
        if name in _REFERRERS:
            return {"referrer": _REFERRERS[name]}
        click_id, source, medium = _CLICK_IDS[name]
        cell = catalog.CELLS[int(self._world.sessions.cell[session])]
        token = f"{mix(self._world.seed + 19, session):016x}"
        properties = {click_id: f"Cj0{quote(token)}", "utm_source": source, "utm_medium": medium}
        properties["utm_campaign"] = cell.campaign.entity_id
        return properties | ({"utm_content": cell.ad.entity_id} if cell.ad else {})


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


def _stamp(us: int) -> str:
    day, rest = divmod(us, DAY)
    seconds, fraction = divmod(rest, 1_000_000)
    return (
        f"{iso_day(day)} "
        f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}.{fraction:06d}"
    )


def _gzip(rows: list[dict[str, Any]]) -> bytes:
    body = b"".join(
        orjson.dumps(row, option=orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE) for row in rows
    )
    return gzip.compress(body, compresslevel=1, mtime=0)
