"""The facts of the truth ledger as of a moment: what had reached us, who is who, who gets the
credit.

"Known" follows the pipeline's night: of the app everything uploaded on UTC days up to the last
closed company day, of the shop the files of those days.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sandbox.catalog import CHANNELS, DIRECT
from sandbox.clock import COMPANY_ZONE, DAY, closed_day, events_visible_before, local_day
from sandbox.events import touches
from sandbox.journeys import CODE, IDENTITY_CODES, by_creator
from sandbox.people import PRIVATE
from sandbox.world import World

WINDOW = 30 * DAY  # a touch may be credited for this long
SILENCE_DAYS = 30  # whole days without activity after which a return is won back
TOUCHPOINT_OF_EVENT = {
    "Landing Viewed": 9,
    "Landing Engaged": 10,
    "Store Viewed": 11,
    "App Opened First": 12,
    "Lead Submitted": 13,
    "Coupon Claimed": 14,
    "Community Joined": 15,
    "Registered": 16,
    "Onboarding Completed": 17,
    "Product Viewed": 18,
    "Product Searched": 19,
    "Product Added": 20,
    "Checkout Started": 21,
    "Order Received": 23,
    "Support Requested": 24,
    "Referral Shared": 27,
}
LEAD_IN = {  # what led to an arrival of a channel; a creator's link is told apart by the visit
    "paid_search_google": 7,
    "organic_search": 7,
    "organic_social": 8,
    "referral": 8,
    "direct": 8,
}
CREATOR_LINK, REGISTRATION, FIRST_ORDER, DAY_1, REPEAT_ORDER, WON_BACK = 6, 16, 22, 25, 26, 28
FIRST_OF_OPERATIONS = 16
ARRIVALS = (9, 12)


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
    device_shared = people.device_kind != PRIVATE
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
    )


def credit(world: World, known: Known, touched: Touches) -> np.ndarray:
    """Row of `touched` credited with each order, -1 without one: the last touch that is not
    direct in the 30 x 24 hours before the order, else the last direct one."""
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
        rows = np.flatnonzero((touched.channel != DIRECT) == is_sourced)
        if not len(rows):
            continue
        keys = touched.person[rows] * span + (touched.at[rows] - base)
        position = np.searchsorted(keys, wanted, side="left") - 1
        found = rows[np.maximum(position, 0)]
        hit = (
            (position >= 0)
            & (touched.person[found] == shop.person)
            & (touched.at[found] >= shop.ordered_at - WINDOW)
        )
        credited = np.where(hit, found, credited)
    return np.where(known.is_valid, credited, -1)


def first_valid(world: World, known: Known) -> np.ndarray:
    """Mask over orders: the person's first valid one (orders are sorted by time)."""
    valid = np.flatnonzero(known.is_valid)
    first = np.zeros(len(world.shop.person), bool)
    first[valid[np.unique(world.shop.person[valid], return_index=True)[1]]] = True
    return first


@dataclass(frozen=True)
class Journeys:
    """Every known touch at one of the 28 touchpoints, ordered by holder and time.

    A holder is a person or, where nothing known ties a private device to one, that device: nobody
    can tell it from a person of its own.
    """

    holder: np.ndarray  # a person, or the number of people plus a device
    at: np.ndarray
    touchpoint: np.ndarray  # 6..28; totals of ad platforms belong to nobody
    channel: np.ndarray  # of an arrival, else -1


def journeys_at(world: World, known: Known) -> Journeys:
    """Touches of what the app, the orders and being there again tell, each of its holder."""
    events, sessions, shop = world.events, world.sessions, world.shop
    row = np.flatnonzero(known.events & ~events.is_repeat & (events.junk_device < 0))
    session, user = events.session[row], events.user[row]
    device = sessions.device[session]
    tied = np.where(user >= 0, known.user_linked[user], known.device_linked[device])
    holder = np.where(tied, sessions.person[session], len(world.people) + device)
    kept = tied | ~known.device_shared[device]
    holder, session = holder[kept], session[kept]
    at, code = events.happened_at[row[kept]], events.code[row[kept]]
    number = np.zeros(len(CODE), dtype=np.int64)
    for name, touchpoint in TOUCHPOINT_OF_EVENT.items():
        number[CODE[name]] = touchpoint
    is_arrival = np.isin(number[code], ARRIVALS)
    channel = sessions.channel[session]
    nowhere = np.full(len(code), -1)
    lead_in = [
        CREATOR_LINK if by_creator(world.seed, visit, source) else LEAD_IN.get(CHANNELS[source], 0)
        for visit, source in zip(
            session[is_arrival].tolist(), channel[is_arrival].tolist(), strict=True
        )
    ]
    valid = known.is_valid
    kind = np.where(first_valid(world, known)[valid], FIRST_ORDER, REPEAT_ORDER)
    parts = [
        (holder, at, number[code], np.where(is_arrival, channel, nowhere)),
        (
            holder[is_arrival],
            at[is_arrival],
            np.array(lead_in, dtype=np.int64),
            nowhere[is_arrival],
        ),
        (shop.person[valid], shop.ordered_at[valid], kind, np.full(len(kind), -1)),
        *_returns(holder, at, number[code] == REGISTRATION),
    ]
    holders, moments, touchpoints, channels = (
        np.concatenate(column) for column in zip(*parts, strict=True)
    )
    order = np.lexsort((touchpoints, moments, holders))
    order = order[touchpoints[order] > 0]
    return Journeys(holders[order], moments[order], touchpoints[order], channels[order])


def _returns(
    person: np.ndarray, at: np.ndarray, registers: np.ndarray
) -> list[tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]]:
    """Active the day after registering, and again after a long silence."""
    order = np.lexsort((at, person))
    person, at, registers = person[order], at[order], registers[order]
    day = local_day(at, COMPANY_ZONE)
    begins = np.ones(len(person), bool)
    begins[1:] = (person[1:] != person[:-1]) | (day[1:] != day[:-1])
    registered_on = np.full(int(person.max(initial=-1)) + 1, np.iinfo(np.int64).max // 2)
    np.minimum.at(registered_on, person[registers], day[registers])
    who, when, moment = person[begins], day[begins], at[begins]
    next_day = when == registered_on[who] + 1
    silent = np.zeros(len(who), bool)
    silent[1:] = (who[1:] == who[:-1]) & (when[1:] - when[:-1] > SILENCE_DAYS)
    return [
        (
            who[mask],
            moment[mask],
            np.full(int(mask.sum()), touchpoint),
            np.full(int(mask.sum()), -1),
        )
        for mask, touchpoint in ((next_day, DAY_1), (silent, WON_BACK))
    ]
