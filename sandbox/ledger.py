"""The facts of the truth ledger as of a moment: what had reached us, who is who, who gets the
credit.

"Known" follows the pipeline's night: of the app everything uploaded on UTC days up to the last
closed company day, of the shop the files of those days.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sandbox.catalog import DIRECT
from sandbox.clock import DAY, closed_day, events_visible_before
from sandbox.events import touches
from sandbox.journeys import APP_OPEN, IDENTITY_CODES
from sandbox.people import PRIVATE
from sandbox.world import World

WINDOW = 30 * DAY  # a touch may be credited for this long
APP_WINDOW = 7 * DAY  # one that opens the app for the first time


@dataclass(frozen=True)
class Known:
    """Masks and links of a world as of one moment."""

    as_of: int  # last closed company day
    events: np.ndarray  # mask over events
    orders: np.ndarray  # mask over orders
    refunded: np.ndarray  # cents per order
    is_valid: np.ndarray  # per order: known, paid and not fully refunded
    user_seen: np.ndarray  # per app account: it occurs in what is known
    user_linked: np.ndarray  # per app account: something known ties it to a person's contacts
    device_shared: np.ndarray
    device_linked: np.ndarray  # per device: private and signed in by a linked app account


def known_at(world: World, now: int) -> Known:
    """What is known of the world at `now`."""
    as_of = closed_day(now)
    events, shop, people = world.events, world.shop, world.people
    seen = events.uploaded_at < min((as_of + 1) * DAY, events_visible_before(now))
    orders = shop.day <= as_of
    refunded = shop.refunded_cents(as_of)
    signed = seen & (events.user >= 0)
    user_seen = np.zeros(len(people.user_person), bool)
    user_seen[events.user[signed]] = True
    user_linked = np.zeros(len(people.user_person), bool)
    user_linked[events.user[signed & np.isin(events.code, IDENTITY_CODES)]] = True
    with_user = orders & (shop.user >= 0)
    user_seen[shop.user[with_user]] = True
    user_linked[shop.user[with_user]] = True
    own_device = events.junk_device < 0
    device = world.sessions.device[events.session]
    device_shared = (people.device_kind != PRIVATE) | people.is_sold
    device_linked = np.zeros(len(people.device_kind), bool)
    device_linked[device[signed & own_device & user_linked[events.user]]] = True
    return Known(
        as_of=as_of,
        events=seen,
        orders=orders,
        refunded=refunded,
        is_valid=orders & ~shop.is_cancelled & (refunded < shop.order_cents()),
        user_seen=user_seen,
        user_linked=user_linked,
        device_shared=device_shared,
        device_linked=device_linked & ~device_shared,
    )


@dataclass(frozen=True)
class Touches:
    """Known touches that can be tied to their person, ordered by person and time."""

    event: np.ndarray
    person: np.ndarray
    at: np.ndarray
    channel: np.ndarray
    cell: np.ndarray  # -1 where the touch does not tell its campaign
    window: np.ndarray  # how long it may be credited


def touches_at(world: World, known: Known) -> Touches:
    """Touches of signed-in moments, and all others of private devices that were signed in once."""
    events, sessions = world.events, world.sessions
    row = touches(events)
    row = row[known.events[row]]
    session, user = events.session[row], events.user[row]
    tied = np.where(
        user >= 0, known.user_linked[user], known.device_linked[sessions.device[session]]
    )
    row, session = row[tied], session[tied]
    person, at = sessions.person[session], events.happened_at[row]
    order = np.lexsort((at, person))
    row, session = row[order], session[order]
    channel = sessions.channel[session]
    return Touches(
        row,
        person[order],
        at[order],
        channel,
        np.where(channel == DIRECT, -1, sessions.cell[session]),
        np.where(events.code[row] == APP_OPEN, APP_WINDOW, WINDOW),
    )


def credit(world: World, known: Known, touched: Touches) -> np.ndarray:
    """Row of `touched` credited with each order, -1 without one: the last touch within its window
    (30 x 24 hours before the order, 7 x 24 for a first open) that is not direct, else the last
    direct one."""
    shop = world.shop
    credited = np.full(len(shop.person), -1)
    if not len(touched.at):
        return credited
    # Person and time make one sortable integer: counted from the first instant, 90 days of
    # microseconds times 24,000 people are a fiftieth of what 64 bits hold.
    base = min(touched.at.min(), shop.ordered_at.min())
    span = max(touched.at.max(), shop.ordered_at.max()) - base + 1
    wanted = shop.person * span + (shop.ordered_at - base)
    for is_sourced in (False, True):  # the second pass overrides the first
        last = np.full(len(shop.person), -1)
        for window in (WINDOW, APP_WINDOW):
            rows = np.flatnonzero(
                ((touched.channel != DIRECT) == is_sourced) & (touched.window == window)
            )
            if not len(rows):
                continue
            keys = touched.person[rows] * span + (touched.at[rows] - base)
            position = np.searchsorted(keys, wanted, side="left") - 1
            found = rows[np.maximum(position, 0)]
            hit = (
                (position >= 0)
                & (touched.person[found] == shop.person)
                & (touched.at[found] >= shop.ordered_at - window)
            )
            last = np.maximum(last, np.where(hit, found, -1))  # rows are in the order of time
        credited = np.where(last >= 0, last, credited)
    return np.where(known.is_valid, credited, -1)


def first_valid(world: World, known: Known) -> np.ndarray:
    """Mask over orders: the person's first valid one (orders are sorted by time)."""
    valid = np.flatnonzero(known.is_valid)
    first = np.zeros(len(world.shop.person), bool)
    first[valid[np.unique(world.shop.person[valid], return_index=True)[1]]] = True
    return first


def person_id(person: int) -> str:
    """The true person's id; it occurs nowhere but in the ledger."""
    return f"person-{person:06d}"
