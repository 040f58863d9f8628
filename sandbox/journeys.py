"""How people come by: sessions on devices, where each came from, and the events the app uploads.

A session lies between 05:30 and 23:45 of the company zone, so an event's UTC day is its company
day. Within a person no two touches share an instant.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sandbox import ads, catalog
from sandbox.catalog import CHANNELS, DIRECT
from sandbox.clock import COMPANY_ZONE, DAY, DAYS, FIRST_DAY, HOUR, SECOND, utc_us
from sandbox.commerce import Plan
from sandbox.people import PRIVATE, WEB, People, mix

EVENT_TYPES = (
    "session_start",
    "Landing Viewed",
    "App Opened First",
    "Landing Engaged",
    "Lead Submitted",
    "Coupon Claimed",
    "Community Joined",
    "Signed In",
    "Registered",
    "$identify",
    "Onboarding Completed",
    "Product Searched",
    "Product Viewed",
    "Product Added",
    "Checkout Started",
    "Order Placed",
    "Order Received",
    "Support Requested",
    "Referral Shared",
    "Store Viewed",
)
CODE = {name: number for number, name in enumerate(EVENT_TYPES)}
LANDING, APP_OPEN = CODE["Landing Viewed"], CODE["App Opened First"]
IDENTITY_CODES = (CODE["Signed In"], CODE["Registered"], CODE["$identify"])
EARLIEST, LATEST = int(5.5 * 3600), int(23.1 * 3600)  # seconds of the day a session may start
# Chances of a first visit and of a later landing, in the order of CHANNELS.
FIRST_VISIT = (0.20, 0.20, 0.16, 0.16, 0.08, 0.01, 0.05, 0.14)
LATER_VISIT = (0.07, 0.06, 0.03, 0.14, 0.04, 0.24, 0.04, 0.38)
UNTAGGED_SHARE = 0.08  # of paid first visits: they come from an untagged campaign and look direct


@dataclass(frozen=True)
class Sessions:
    """One row per session, ordered by person and start."""

    person: np.ndarray
    started_at: np.ndarray  # UTC microseconds
    device: np.ndarray
    user: np.ndarray  # app account signed in by the end, -1 if anonymous throughout
    signs_in_after: np.ndarray  # microseconds after the start from which events carry the user_id
    is_registration: np.ndarray
    is_sign_in: np.ndarray  # a Signed In event is sent
    lands: np.ndarray  # there is a landing or first-open event
    opens_app: np.ndarray  # that event is App Opened First
    channel: np.ndarray  # row of CHANNELS as it shows
    cell: np.ndarray  # cell of the catalogue that brought it, -1; untagged ones show as direct
    order: np.ndarray  # row of the order plan, -1


def make_sessions(
    people: People, plan: Plan, spend: np.ndarray, rng: np.random.Generator
) -> Sessions:
    """First visits, order visits and returns that thin out with time."""
    person, day, order = _visits(people, plan, rng)
    second = rng.integers(EARLIEST, LATEST, size=len(person))
    local = (FIRST_DAY + day) * DAY + second * SECOND + rng.integers(0, SECOND, size=len(person))
    started_at = utc_us(local, COMPANY_ZONE)
    # The first visit is the first: a person's later visits of the same day follow it.
    is_first_visit = np.arange(len(person)) < len(people)
    first_at = started_at[: len(people)][person]
    started_at = np.where(
        ~is_first_visit & (started_at <= first_at), first_at + 40 * 60 * SECOND, started_at
    )
    cap = utc_us((FIRST_DAY + day) * DAY + LATEST * SECOND, COMPANY_ZONE)
    started_at = np.where(
        started_at > cap + HOUR // 2, cap + (order + 2) % 997 * SECOND, started_at
    )

    sequence = np.lexsort((started_at, person))
    person, started_at, order, day = (a[sequence] for a in (person, started_at, order, day))
    begins = np.searchsorted(person, np.arange(len(people)))
    rank = np.arange(len(person)) - begins[person]
    total = np.bincount(person, minlength=len(people))

    register_rank = np.minimum((rng.random(len(people)) > 0.62).astype(np.int64), total - 1)
    register_rank = np.where(people.registers_late, np.minimum(4, total - 1), register_rank)
    registered = people.is_registered[person]
    is_registration = registered & (rank == register_rank[person])
    signed = (
        registered
        & (rank >= register_rank[person])
        & (is_registration | (rng.random(len(person)) > 0.15))
    )
    device, signed = _devices(people, person, rank, day, signed, is_registration, rng)
    use_second = (
        (people.second_user[person] >= 0)
        & (rank > register_rank[person])
        & (rng.random(len(person)) < 0.5)
    )
    user = np.where(
        signed, np.where(use_second, people.second_user[person], people.first_user[person]), -1
    )

    is_shared = people.device_kind[device] != PRIVATE
    first_on_device = _first_of(device, started_at)
    is_app = people.device_platform[device] != WEB
    lands = (
        (rank == 0)
        | (first_on_device & is_app)
        | (rng.random(len(person)) < np.where(is_app, 0.25, 0.75))
    )
    channel, cell = _sources(person, rank, day, spend, rng)
    # Whoever has a running app session keeps the user_id; others sign in a little after landing.
    stays_signed = (
        signed
        & ~is_registration
        & ~is_shared
        & ~use_second
        & ~_first_of_pair(device, user, started_at)
    )
    stays_signed &= rng.random(len(person)) < 0.6
    is_sign_in = signed & ~is_registration & ~stays_signed
    after = np.where(
        is_registration, rng.integers(60, 180, len(person)), rng.integers(20, 50, len(person))
    )
    after = np.where(stays_signed, 0, np.where(is_shared, 1, after)) * SECOND
    return Sessions(
        person=person, started_at=started_at, device=device, user=user, signs_in_after=after,
        is_registration=is_registration, is_sign_in=is_sign_in, lands=lands,
        opens_app=lands & first_on_device & is_app, channel=np.where(lands, channel, DIRECT),
        cell=np.where(lands, cell, -1), order=order,
    )  # fmt: skip


def _visits(
    people: People, plan: Plan, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    everyone = np.arange(len(people))
    returns = rng.poisson(np.where(people.is_registered, 4.2, 0.45))
    returner = np.repeat(everyone, returns)
    gap = np.ceil(70 * rng.random(len(returner)) ** 2.3).astype(np.int64)
    return_day = people.arrival_day[returner] + np.maximum(gap, 1)
    kept = return_day < DAYS
    person = np.concatenate([everyone, plan.person, returner[kept]])
    day = np.concatenate([people.arrival_day, plan.day, return_day[kept]])
    none = np.full(len(people), -1)
    order = np.concatenate([none, np.arange(len(plan.person)), np.full(int(kept.sum()), -1)])
    return person, day, order


def _devices(
    people: People,
    person: np.ndarray,
    rank: np.ndarray,
    day: np.ndarray,
    signed: np.ndarray,
    is_registration: np.ndarray,
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:
    """The device of each session; shared ones only where somebody signs in, third ones never
    signed in."""
    mark = rng.random(len(person))
    moved_on = day >= people.moves_on_day[person]
    device = np.where(moved_on, people.new_device[person], people.primary_device[person])
    later = rank > 0
    extras = people.extras[person]
    which = (mark * 1e6).astype(np.int64) % (extras + 1)
    device = np.where(later & (which > 0), people.first_extra[person] + which - 1, device)
    second = people.second_device[person]
    device = np.where(later & (mark < 0.30) & (second >= 0), second, device)
    third = people.third_device[person]
    hidden = later & ~is_registration & (mark > 0.93) & (third >= 0)
    device = np.where(hidden, third, device)
    may_share = later & signed & ~is_registration & ~hidden
    device = np.where(
        may_share & (mark > 0.78) & (people.tablet[person] >= 0), people.tablet[person], device
    )
    device = np.where(
        may_share & (mark > 0.55) & (people.kiosk[person] >= 0), people.kiosk[person], device
    )
    return device, signed & ~hidden


def _first_of(device: np.ndarray, started_at: np.ndarray) -> np.ndarray:
    """Whether a session is the first one on its device."""
    sequence = np.lexsort((started_at, device))
    is_new = np.ones(len(device), bool)
    is_new[1:] = device[sequence][1:] != device[sequence][:-1]
    first = np.empty(len(device), bool)
    first[sequence] = is_new
    return first


def _first_of_pair(device: np.ndarray, user: np.ndarray, started_at: np.ndarray) -> np.ndarray:
    """Whether a session is the first of its app account on its device."""
    return _first_of(device * np.int64(10_000_000) + user + 1, started_at)


def _sources(
    person: np.ndarray,
    rank: np.ndarray,
    day: np.ndarray,
    spend: np.ndarray,
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:
    """Channel as it shows and the cell behind it."""
    mark = rng.random(len(person))
    first = np.searchsorted(np.cumsum(FIRST_VISIT)[:-1], mark, side="right")
    later = np.searchsorted(np.cumsum(LATER_VISIT)[:-1], mark, side="right")
    channel = np.where(rank == 0, first, later)
    untagged = (rank == 0) & (rng.random(len(person)) < UNTAGGED_SHARE)
    cell = np.full(len(person), -1)
    for platform in catalog.PLATFORMS:
        number = next(i for i, name in enumerate(CHANNELS) if name.endswith(platform.split("_")[0]))
        for tagged in (True, False):
            which = (channel == number) & (untagged != tagged)
            cell[which] = ads.choose_cells(platform, day[which], spend, tagged, rng)
    is_paid = channel < len(catalog.PLATFORMS)
    # A day on which no campaign of the platform ran has no paid visits.
    return np.where(is_paid & (untagged | (cell < 0)), DIRECT, channel), cell


def by_creator(seed: int, session: int, channel: int) -> bool:
    """Whether a visit from a social network came by a creator's link."""
    return CHANNELS[channel] == "organic_social" and mix(seed + 29, session) % 3 == 0


def touched_cells(sessions: Sessions) -> tuple[np.ndarray, np.ndarray]:
    """Cell and instant of every landing an ad brought, tagged or not."""
    paid = sessions.cell >= 0
    return sessions.cell[paid], sessions.started_at[paid]
