"""Every event the app uploads: what, when it happened, when it arrived, under which ids.

Some arrive hours or days late, some twice (the same uuid again, or the same insert id under
another uuid), some carry an id that is nobody's.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sandbox.clock import (
    COMPANY_ZONE,
    DAY,
    DAYS,
    FIRST_DAY,
    HOUR,
    SECOND,
    local_day,
    local_us,
    utc_us,
)
from sandbox.commerce import Shop
from sandbox.journeys import APP_OPEN, CODE, LANDING, Sessions
from sandbox.people import JUNK_IDS, PRIVATE, People

ORDER_AFTER = 900 * SECOND  # an order is placed this long after its session began, give or take
MINUTE = 60 * SECOND


@dataclass(frozen=True)
class Events:
    """One row per uploaded record, ordered by upload time."""

    code: np.ndarray  # row of EVENT_TYPES
    session: np.ndarray
    happened_at: np.ndarray
    uploaded_at: np.ndarray
    user: np.ndarray  # app account the record names, -1
    junk_user: np.ndarray  # row of JUNK_IDS in place of a user_id, -1
    junk_device: np.ndarray  # row of JUNK_IDS in place of the device id, -1
    order: np.ndarray  # row of the shop's orders for order events, -1
    in_session: np.ndarray
    uuid_key: np.ndarray
    insert_key: np.ndarray
    is_repeat: np.ndarray  # a second upload of something already sent

    def __len__(self) -> int:
        return len(self.code)


def order_times(
    people: People, sessions: Sessions, count: int, rng: np.random.Generator
) -> tuple[np.ndarray, ...]:
    """(person, session, user, ordered_at) per planned order.

    Of people who arrived on an earlier day one order in twenty is taken by the shop's night desk
    shortly after midnight, which is still the day before in UTC; nothing in the app tells of
    those.
    """
    carrier = np.flatnonzero(sessions.order >= 0)
    session = np.empty(count, dtype=np.int64)
    session[sessions.order[carrier]] = carrier
    ordered_at = sessions.started_at[session] + ORDER_AFTER + rng.integers(0, 90 * SECOND, count)
    by_guest = rng.random(count) < 0.07
    day = local_day(ordered_at, COMPANY_ZONE)
    at_night = (rng.random(count) < 1 / 20) & (
        day - FIRST_DAY > people.arrival_day[sessions.person[session]]
    )
    midnight = day * DAY
    tonight = utc_us(midnight + 5 * MINUTE + rng.integers(0, 50 * MINUTE, count), COMPANY_ZONE)
    ordered_at = np.where(at_night, tonight, ordered_at)
    user = np.where(by_guest | at_night, -1, sessions.user[session])
    return sessions.person[session], session, user, ordered_at // SECOND * SECOND


class _Columns:
    """Collects events kind by kind before they are joined and sorted."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions
        self._parts: dict[str, list[np.ndarray]] = {
            name: [] for name in ("code", "session", "happened_at", "order", "in_session")
        }

    def add(
        self,
        name: str,
        session: np.ndarray,
        after: np.ndarray | int,
        order: np.ndarray | None = None,
        at: np.ndarray | None = None,
        in_session: bool = True,
    ) -> None:
        """Events of one kind, `after` microseconds into their sessions or exactly `at`."""
        if at is None:
            at = self._sessions.started_at[session] + after
        self._parts["code"].append(np.full(len(session), CODE[name], dtype=np.int8))
        self._parts["session"].append(session)
        self._parts["happened_at"].append(at)
        self._parts["order"].append(np.full(len(session), -1) if order is None else order)
        self._parts["in_session"].append(np.full(len(session), in_session))

    def joined(self) -> dict[str, np.ndarray]:
        return {name: np.concatenate(parts) for name, parts in self._parts.items()}


def make_events(
    people: People,
    sessions: Sessions,
    shop: Shop,
    rng: np.random.Generator,
    store_rng: np.random.Generator,
) -> Events:
    """The events of all sessions and orders with their upload times, late ones and repeats
    included."""
    columns = _happenings(people, sessions, shop, rng)
    count = len(columns["code"])
    session, at = columns["session"], columns["happened_at"]
    signed = (sessions.user[session] >= 0) & (
        at - sessions.started_at[session] >= sessions.signs_in_after[session]
    )
    user = np.where(signed, sessions.user[session], -1)
    private = people.device_kind[sessions.device[session]] == PRIVATE
    anonymous = private & (user < 0)
    junk_user = np.where(
        anonymous & (rng.random(count) < 0.006), rng.integers(0, len(JUNK_IDS), count), -1
    )
    blind = anonymous & (columns["code"] == CODE["Product Viewed"]) & (rng.random(count) < 0.01)
    junk_device = np.where(blind, rng.integers(0, len(JUNK_IDS), count), -1)

    uploaded_at = at + rng.integers(2 * SECOND, 70 * SECOND, count)
    late = rng.random(count) < 0.03
    delay = np.minimum(rng.lognormal(np.log(9.0), 1.1, count), 6 * 24.0) * HOUR
    uploaded_at = np.where(late, uploaded_at + delay.astype(np.int64), uploaded_at)
    key = np.arange(count)
    columns |= {
        "uploaded_at": uploaded_at, "user": user,
        "junk_user": junk_user, "junk_device": junk_device,
        "uuid_key": key, "insert_key": key, "is_repeat": np.zeros(count, bool),
    }  # fmt: skip
    mark = rng.random(count)
    again = np.flatnonzero(mark < 0.015)
    repeats = {name: column[again] for name, column in columns.items()}
    repeats["uploaded_at"] = repeats["uploaded_at"] + rng.integers(
        30 * SECOND, 20 * HOUR, len(again)
    )
    # A third of the repeats come from a client that makes a new uuid for each attempt.
    repeats["uuid_key"] = np.where(mark[again] < 0.005, again + count, again)
    repeats["is_repeat"] = np.ones(len(again), bool)
    stores = _store_views(people, sessions, 2 * count, store_rng)
    joined = {
        name: np.concatenate([column, repeats[name], stores[name]])
        for name, column in columns.items()
    }
    by_upload = np.lexsort((joined["uuid_key"], joined["uploaded_at"]))
    return Events(**{name: column[by_upload] for name, column in joined.items()})


def _store_views(
    people: People, sessions: Sessions, first_key: int, rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """The app's page in the store, looked at just before the app is opened for the first time.

    They have a generator and keys of their own, so that every other event is the same without them.
    """
    session = np.flatnonzero(sessions.opens_app & (people.device_kind[sessions.device] == PRIVATE))
    session = session[rng.random(len(session)) < 0.6]
    count = len(session)
    at = sessions.started_at[session] - rng.integers(20 * SECOND, 240 * SECOND, count)
    nobody, key = np.full(count, -1), first_key + np.arange(count)
    return {
        "code": np.full(count, CODE["Store Viewed"], dtype=np.int8),
        "session": session, "happened_at": at, "order": nobody,
        "in_session": np.zeros(count, bool),
        "uploaded_at": at + rng.integers(2 * SECOND, 70 * SECOND, count),
        "user": nobody, "junk_user": nobody, "junk_device": nobody,
        "uuid_key": key, "insert_key": key, "is_repeat": np.zeros(count, bool),
    }  # fmt: skip


def _happenings(
    people: People, sessions: Sessions, shop: Shop, rng: np.random.Generator
) -> dict[str, np.ndarray]:
    columns = _Columns(sessions)
    every = np.arange(len(sessions.person))
    is_shared = people.device_kind[sessions.device] != PRIVATE

    def seconds(low: float, high: float, size: int) -> np.ndarray:
        return rng.integers(int(low * SECOND), int(high * SECOND), size)

    def some(where: np.ndarray, share: float) -> np.ndarray:
        return every[where & (rng.random(len(every)) < share)]

    def add(name: str, session: np.ndarray, low: float, high: float) -> None:
        columns.add(name, session, seconds(low, high, len(session)))

    columns.add("session_start", every, 0)
    # On a shared device the sign-in opens the session; elsewhere people look around first.
    columns.add(
        "Signed In", every[sessions.is_sign_in], sessions.signs_in_after[sessions.is_sign_in]
    )
    landing = sessions.lands & ~sessions.opens_app
    landing_at = seconds(2, 4, len(every))
    columns.add("Landing Viewed", every[landing], landing_at[landing])
    columns.add("App Opened First", every[sessions.opens_app], landing_at[sessions.opens_app])
    add("Landing Engaged", some(landing, 0.62), 8, 18)
    is_first = np.ones(len(every), bool)
    is_first[1:] = sessions.person[1:] != sessions.person[:-1]
    add("Lead Submitted", some(is_first, 0.14), 30, 55)
    add("Coupon Claimed", some(np.ones(len(every), bool), 0.04), 30, 55)
    add("Community Joined", some(is_first, 0.03), 30, 55)
    registration = sessions.is_registration
    columns.add("Registered", every[registration], sessions.signs_in_after[registration])
    told = some(registration, 0.5)
    columns.add("$identify", told, sessions.signs_in_after[told] + SECOND, in_session=False)
    add("Onboarding Completed", some(registration, 0.72), 185, 260)
    buys = np.zeros(len(every), bool)
    buys[shop.session] = True
    add("Product Searched", some(~is_first | buys, 0.25), 265, 320)
    viewed = np.repeat(every, np.where(buys, 1, 0) + rng.poisson(0.9, len(every)))
    add("Product Viewed", viewed, 325, 600)
    add("Product Added", np.union1d(every[buys], some(~buys, 0.10)), 605, 700)
    add("Checkout Started", np.union1d(every[buys], some(~buys, 0.03)), 705, 800)
    in_app = np.flatnonzero(shop.user >= 0)
    columns.add("Order Placed", shop.session[in_app], 0, in_app, shop.ordered_at[in_app] + SECOND)
    parcels = in_app[~is_shared[shop.session[in_app]] & ~shop.is_cancelled[in_app]]
    _add_in_daytime(columns, "Order Received", parcels, shop, rng.uniform(2.5, 6.0, len(parcels)))
    asks = parcels[rng.random(len(parcels)) < 0.04]
    _add_in_daytime(columns, "Support Requested", asks, shop, rng.uniform(0.5, 9.0, len(asks)))
    add("Referral Shared", some((sessions.user >= 0) & ~is_first, 0.03), 820, 895)
    return columns.joined()


def _add_in_daytime(
    columns: _Columns, name: str, order: np.ndarray, shop: Shop, days: np.ndarray
) -> None:
    """Events some days after orders, outside any session, between nine and nineteen o'clock."""
    at = shop.ordered_at[order] + (days * DAY).astype(np.int64)
    wall = local_us(at, COMPANY_ZONE)
    at = utc_us(wall // DAY * DAY + 9 * HOUR + wall % (10 * HOUR), COMPANY_ZONE)
    kept = at < utc_us((FIRST_DAY + DAYS) * DAY, COMPANY_ZONE)
    columns.add(name, shop.session[order[kept]], 0, order[kept], at[kept], in_session=False)


def touches(events: Events) -> np.ndarray:
    """Rows of the events that are touches with a channel, repeats left out."""
    return np.flatnonzero(
        ((events.code == LANDING) | (events.code == APP_OPEN)) & ~events.is_repeat
    )
