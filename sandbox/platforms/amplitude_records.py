"""One event as the export writes it, every key included."""

from __future__ import annotations

from typing import Any, NamedTuple
from urllib.parse import quote

import numpy as np

from sandbox import catalog
from sandbox.catalog import CHANNELS, DIRECT
from sandbox.clock import DAY, iso_day
from sandbox.commerce import PRODUCTS
from sandbox.files import order_id
from sandbox.journeys import APP_OPEN, EVENT_TYPES, IDENTITY_CODES, LANDING, by_creator
from sandbox.people import ANDROID, IOS, JUNK_IDS, mix, uuids_of
from sandbox.world import World

PROJECT = "434000"
_SEARCHES = ("lamp", "travel mug", "desk", "rain jacket")
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


class _Row(NamedTuple):
    """An event's columns (see `events.Events`) with those of its session that it needs."""

    session: int
    user: int
    device: int
    junk_user: int
    junk_device: int
    code: int
    happened_at: int
    uploaded_at: int
    market: int
    uuid_key: int
    hardware: int
    session_id: int
    person: int
    order: int
    uuid: str
    insert_id: str


class Records:
    """Writes events of a world."""

    def __init__(self, world: World) -> None:
        self._world = world

    def between(self, low: int, high: int) -> list[dict[str, Any]]:
        """Events of rows low..high-1 with every key of the export.

        Columns are turned into Python lists once per hour: reading 320,000 events cell by cell
        out of arrays took 14 s, this takes a third.
        """
        world, events, sessions = self._world, self._world.events, self._world.sessions
        rows = slice(low, high)
        session = events.session[rows]
        device = sessions.device[session]
        columns = (
            session,
            events.user[rows],
            device,
            events.junk_user[rows],
            events.junk_device[rows],
            events.code[rows],
            events.happened_at[rows],
            events.uploaded_at[rows],
            world.people.market[sessions.person[session]],
            events.uuid_key[rows],
            world.people.device_platform[device],
            np.where(events.in_session[rows], sessions.started_at[session] // 1000, -1),
            sessions.person[session],
            events.order[rows],
        )
        ids = (
            uuids_of(world.seed, events.uuid_key[rows]),
            uuids_of(world.seed + 23, events.insert_key[rows]),
        )
        values = zip(*(column.tolist() for column in columns), *ids, strict=True)
        return [self._record(_Row(*row)) for row in values]

    def _record(self, row: _Row) -> dict[str, Any]:
        world, kind = self._world, row.code
        os_name, platform, os_version, maker, model, family = _HARDWARE.get(row.hardware, _BROWSER)
        country, region, language = _PLACES[row.market]
        user_id: str | None = JUNK_IDS[row.junk_user] if row.junk_user >= 0 else None
        if row.user >= 0:
            user_id = world.texts.user_id(row.user)
            if "@" in user_id:
                user_id = world.texts.written(user_id, mix(world.seed + 11, row.session))
        is_identity = kind in IDENTITY_CODES and row.user >= 0
        happened, uploaded = _stamp(row.happened_at), row.uploaded_at
        device_id = world.texts.device_id(row.device)
        return _NOTHING | {
            "$insert_id": row.insert_id,
            # One id per app account, or per device as long as nobody has signed in.
            "amplitude_id": 550_000_000_000
            + (row.user if row.user >= 0 else 10_000_000 + row.device),
            "app": int(PROJECT),
            "city": region,
            "client_event_time": happened,
            "client_upload_time": _stamp(max(row.happened_at, uploaded - 1_500_000)),
            "country": country,
            "data": {
                "path": "/2/httpapi",
                "user_properties_updated": is_identity,
                "group_first_event": {},
                "group_ids": {},
            },
            "data_type": "event",
            "device_family": family,
            "device_id": JUNK_IDS[row.junk_device] if row.junk_device >= 0 else device_id,
            "device_manufacturer": maker,
            "device_model": model,
            "device_type": family,
            "event_id": row.uuid_key % 1_000_000_000,
            "event_properties": self._properties(row),
            "event_time": happened,
            "event_type": EVENT_TYPES[kind],
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
            "session_id": row.session_id,
            "user_creation_time": None,
            "user_id": user_id,
            "user_properties": self._user_properties(row.user, row.session) if is_identity else {},
            "uuid": row.uuid,
            "version_name": "4.2.0" if model else None,
        }

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

    def _properties(self, row: _Row) -> dict[str, Any]:
        if row.code in (LANDING, APP_OPEN):
            path = "/" if row.code == LANDING else "app://home"
            return self._source(row.session) | {"page_path": path}
        if row.order >= 0:
            return {"order_id": order_id(row.order)}
        name = EVENT_TYPES[row.code]
        if name in ("Product Viewed", "Product Added"):
            product = mix(self._world.seed + 17, row.uuid_key) % PRODUCTS
            return {"product_id": f"P-{product:03d}", "page_path": f"/product/{product:03d}"}
        if name == "Product Searched":
            return {"query": _SEARCHES[row.person % len(_SEARCHES)], "page_path": "/search"}
        return {"page_path": "/"} if name == "Landing Engaged" else {}

    def _source(self, session: int) -> dict[str, Any]:
        """Where a landing came from, as far as its address and referrer tell."""
        channel = int(self._world.sessions.channel[session])
        if channel == DIRECT:
            return {}
        name = CHANNELS[channel]
        if name == "email":
            return {"utm_source": "newsletter", "utm_medium": "email", "utm_campaign": "weekly"}
        if by_creator(self._world.seed, session, channel):
            return {"utm_source": "xiaohongshu", "utm_medium": "creator", "utm_campaign": "kol-07"}
        if name in _REFERRERS:
            return {"referrer": _REFERRERS[name]}
        click_id, source, medium = _CLICK_IDS[name]
        cell = catalog.CELLS[int(self._world.sessions.cell[session])]
        token = f"{mix(self._world.seed + 19, session):016x}"
        properties = {click_id: f"Cj0{quote(token)}", "utm_source": source, "utm_medium": medium}
        properties["utm_campaign"] = cell.campaign.entity_id
        return properties | ({"utm_content": cell.ad.entity_id} if cell.ad else {})


def _stamp(us: int) -> str:
    day, rest = divmod(us, DAY)
    seconds, fraction = divmod(rest, 1_000_000)
    return (
        f"{iso_day(day)} "
        f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}.{fraction:06d}"
    )
