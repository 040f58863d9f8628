"""The world `hard`: what ties people together who are not one, and hides that somebody is.

Families on one phone number and on tablets, kiosks, a broken device id, devices that are sold,
e-mail addresses that are given to somebody else, a shop that types one address for many customers,
people with a score of devices, and people who look around for weeks before they register. All
numbers come from generators of their own: the other worlds are as they would be without this file.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from sandbox.clock import DAY
from sandbox.commerce import Shop
from sandbox.journeys import Sessions
from sandbox.people import KIOSK, PRIVATE, TABLET, WEB, People

PLACEHOLDER_EMAIL = "kunde@shop.example.com"
SILENT = 36 * DAY  # an address that is given on was not used for longer than this


@dataclass(frozen=True)
class Contacts:
    """Whose address is on what, where it is not the person's own."""

    email_owner: np.ndarray  # per person: the person whose first address they have today
    is_placeholder: np.ndarray  # per order: the shop typed its own address


def own_contacts(people: People, shop: Shop) -> Contacts:
    """Everybody's address is their own."""
    return Contacts(np.arange(len(people)), np.zeros(len(shop.person), bool))


def harden(people: People, rng: np.random.Generator) -> People:
    """The same people with harder ties."""
    registered = people.is_registered
    kinds, platforms = [people.device_kind], [people.device_platform]

    def new_devices(count: int, kind: int) -> int:
        first = sum(len(part) for part in kinds)
        kinds.append(np.full(count, kind, dtype=np.int8))
        platforms.append(
            rng.choice(3, size=count, p=(0.3, 0.4, 0.3)).astype(np.int8)
            if kind == PRIVATE
            else np.full(count, WEB, dtype=np.int8)
        )
        return first

    def some(where: np.ndarray, share: float) -> np.ndarray:
        found = rng.permutation(np.flatnonzero(where))
        return found[: int(share * len(people))]

    # One number for the whole family, stated by each of them.
    phone_owner, market = np.arange(len(people)), people.market.copy()
    members = some(registered & people.has_phone & ~people.has_second_email, 0.08)
    for family in np.array_split(members, max(1, len(members) // 4)):
        phone_owner[family] = family[0]
        market[family] = market[family[0]]
    tablet, kiosk = people.tablet.copy(), people.kiosk.copy()
    members = some(registered & (tablet < 0), 0.06)
    families = np.array_split(members, max(1, len(members) // 3))
    first = new_devices(len(families), TABLET)
    for number, family in enumerate(families):
        tablet[family] = first + number
    visitors = some(registered & (kiosk < 0), 0.04)
    kiosk[visitors] = new_devices(2, KIOSK) + np.arange(len(visitors)) % 2
    # A library that gives every device of one make the same id.
    primary = people.primary_device.copy()
    broken = some(registered & (people.second_device < 0), 0.008)
    primary[broken] = new_devices(1, KIOSK)

    extras = np.zeros(len(people), dtype=np.int64)
    rich = some(registered, 0.03)
    extras[rich] = rng.integers(5, 20, len(rich))
    first_extra = np.full(len(people), -1)
    first_extra[rich] = (
        new_devices(int(extras.sum()), PRIVATE) + np.cumsum(extras[rich]) - extras[rich]
    )

    moves_on = people.moves_on_day.copy()
    new_device = people.new_device.copy()
    untouched = registered & ~np.isin(np.arange(len(people)), np.concatenate([broken, rich]))
    sellers = some(untouched & (people.arrival_day < 30), 0.015)
    buyers = some(untouched & (people.arrival_day > 60), 0.015)[: len(sellers)]
    sellers = sellers[: len(buyers)]
    moves_on[sellers] = rng.integers(36, 60, len(sellers))
    new_device[sellers] = new_devices(len(sellers), PRIVATE) + np.arange(len(sellers))
    primary[buyers] = primary[sellers]
    is_sold = np.zeros(sum(len(part) for part in kinds), bool)
    is_sold[primary[sellers]] = True

    registers_late = np.zeros(len(people), bool)
    registers_late[some(registered, 0.12)] = True
    return replace(
        people,
        market=market,
        primary_device=primary,
        tablet=tablet,
        kiosk=kiosk,
        phone_owner=phone_owner,
        extras=extras,
        first_extra=first_extra,
        moves_on_day=moves_on,
        new_device=new_device,
        registers_late=registers_late,
        device_kind=np.concatenate(kinds),
        device_platform=np.concatenate(platforms),
        is_sold=is_sold,
    )


def mix_contacts(
    people: People, sessions: Sessions, shop: Shop, rng: np.random.Generator
) -> Contacts:
    """Addresses of people who are gone go to newcomers; the shop types its own for others."""
    count = len(people)
    first, last = np.full(count, np.iinfo(np.int64).max), np.zeros(count, dtype=np.int64)
    np.minimum.at(first, sessions.person, sessions.started_at)
    np.maximum.at(last, sessions.person, sessions.started_at)
    np.maximum.at(last, shop.person, shop.ordered_at)
    plain = (
        people.is_registered
        & (people.second_user < 0)
        & ~people.has_second_email
        & (np.bincount(people.phone_owner, minlength=count)[people.phone_owner] == 1)
    )
    plain[people.user_person[people.user_is_email]] = False
    owner = np.arange(count)
    gone = np.flatnonzero(plain)[np.argsort(last[plain], kind="stable")]
    newcomers = rng.permutation(np.flatnonzero(plain & (first > np.median(first))))
    for left, came in zip(gone[: count // 100], newcomers[: count // 100], strict=False):
        if left != came and first[came] > last[left] + SILENT:
            owner[came] = left
    in_app = rng.permutation(np.flatnonzero(shop.user >= 0))
    is_placeholder = np.zeros(len(shop.person), bool)
    is_placeholder[in_app[: len(shop.person) // 12]] = True
    return Contacts(owner, is_placeholder)
