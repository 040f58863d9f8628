"""The truth of the 28 touchpoints: every path, and who crossed from marketing to operations."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from sandbox import catalog
from sandbox.catalog import CHANNELS
from sandbox.clock import COMPANY_ZONE, local_day
from sandbox.journeys import CODE, by_creator
from sandbox.ledger import Known, first_valid, person_id
from sandbox.world import World

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


def touchpoints(world: World, journeys: Journeys) -> pa.Table:
    """One row per holder (a person, or a device that nothing ties to one) and touchpoint."""
    pairs, touches = np.unique(
        np.stack([journeys.holder, journeys.touchpoint]), axis=1, return_counts=True
    )
    return pa.table(
        {
            "holder_id": [holder_id(world, holder) for holder in pairs[0].tolist()],
            "touchpoint_no": pa.array(pairs[1], pa.int64()),
            "touches": pa.array(touches, pa.int64()),
        }
    )


def handoffs(world: World, journeys: Journeys) -> pa.Table:
    """One row per holder: their first touch of marketing and of operations, and the channel of
    their first arrival."""
    holder = np.unique(journeys.holder)
    place = np.searchsorted(holder, journeys.holder)

    def first(where: np.ndarray) -> np.ndarray:
        """Row of each holder's first touch of a kind, -1 without one (rows are in time order)."""
        found = np.full(len(holder), len(journeys.holder))
        np.minimum.at(found, place[where], np.flatnonzero(where))
        return np.where(found < len(journeys.holder), found, -1)

    def instants(rows: np.ndarray) -> pa.Array:
        at = pa.array(journeys.at[rows], pa.int64(), mask=rows < 0)
        return at.cast(pa.timestamp("us"))

    is_marketing = journeys.touchpoint < FIRST_OF_OPERATIONS
    arrival = first(journeys.channel >= 0)
    return pa.table(
        {
            "holder_id": [holder_id(world, number) for number in holder.tolist()],
            "brought_at": instants(first(is_marketing)),
            "crossed_at": instants(first(~is_marketing)),
            "channel_id": [
                CHANNELS[journeys.channel[row]] if row >= 0 else catalog.UNATTRIBUTED
                for row in arrival.tolist()
            ],
        }
    )


def holder_id(world: World, holder: int) -> str:
    """A holder of a journey: the true person, or `device-` and its number."""
    people = len(world.people)
    return person_id(holder) if holder < people else f"device-{holder - people:06d}"
