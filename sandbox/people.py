"""Who lives in the world: people, their accounts with the shop and the devices they use.

Everything is an array; texts (e-mails, phones, ids) are made from numbers when somebody asks.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np

from sandbox.clock import DAYS

MARKETS = ("EUR", "USD", "CNY")
JUNK_IDS = ("null", "0", "undefined", "00000000-0000-0000-0000-000000000000", "test", "unknown")
PRIVATE, TABLET, KIOSK = 0, 1, 2
IOS, ANDROID, WEB = 0, 1, 2
PEOPLE_PER_KIOSK = 80
_FIRST = [
    "anna",
    "ben",
    "clara",
    "david",
    "elif",
    "finn",
    "greta",
    "hugo",
    "ida",
    "jonas",
    "kaya",
    "leo",
    "mia",
    "noah",
    "olga",
    "paul",
    "quynh",
    "ravi",
    "sofia",
    "tom",
    "uma",
    "viktor",
    "wei",
    "xin",
    "yara",
    "zoe",
]
_LAST = [
    "adler",
    "brandt",
    "chen",
    "diaz",
    "engel",
    "fischer",
    "garcia",
    "hoffmann",
    "ivanov",
    "jansen",
    "klein",
    "lehmann",
    "meyer",
    "novak",
    "okafor",
    "petrov",
    "quinn",
    "richter",
    "santos",
    "tanaka",
    "ulrich",
    "vogel",
    "wang",
    "xu",
    "yilmaz",
    "zhang",
]
_DOMAINS = ("example.com", "mail.example.org", "post.example.net")
_MASK = (1 << 64) - 1


@dataclass(frozen=True)
class People:
    """One row per person; `*_device` are rows of `Devices`, -1 where there is none.

    A person may hold two app accounts (rows of `user_person`) and write with two e-mail
    addresses; whoever does always gives the phone number, so that the two sides can be joined.
    """

    market: np.ndarray
    arrival_day: np.ndarray  # 0-based day of the world
    is_registered: np.ndarray
    is_buyer: np.ndarray
    has_phone: np.ndarray
    has_second_email: np.ndarray
    has_consent: np.ndarray
    primary_device: np.ndarray
    second_device: np.ndarray
    third_device: np.ndarray  # never signed in
    tablet: np.ndarray
    kiosk: np.ndarray
    first_user: np.ndarray
    second_user: np.ndarray
    user_person: np.ndarray
    user_is_email: np.ndarray  # the app account's id is the e-mail address itself
    user_uses_second_email: np.ndarray
    device_kind: np.ndarray
    device_platform: np.ndarray
    # Nothing of this occurs but in the world `hard`.
    phone_owner: np.ndarray  # the person whose number they give
    extras: np.ndarray  # further devices in use, the first of which is first_extra
    first_extra: np.ndarray
    moves_on_day: np.ndarray  # from this day on new_device takes the place of the primary one
    new_device: np.ndarray
    registers_late: np.ndarray
    is_sold: np.ndarray  # per device: it has belonged to two people, one after the other

    def __len__(self) -> int:
        return len(self.market)


def make_people(count: int, rng: np.random.Generator) -> People:
    """`count` people arriving over the world's days, more of them later and at weekends."""
    day = np.arange(DAYS)
    weight = (1.0 + 0.35 * day / DAYS) * (1.0 + 0.18 * np.isin((day + 3) % 7, (5, 6)))
    arrival = rng.choice(DAYS, size=count, p=weight / weight.sum())
    is_registered = rng.random(count) < 0.46
    is_buyer = rng.random(count) < np.where(is_registered, 0.46, 0.05)
    has_second_email = rng.random(count) < 0.04
    has_phone = (rng.random(count) < 0.6) | has_second_email

    devices = np.full((3, count), -1, dtype=np.int64)
    owns = np.vstack([np.ones(count, bool), rng.random(count) < 0.42, rng.random(count) < 0.08])
    devices[owns] = np.arange(owns.sum())
    private = int(owns.sum())
    families = np.flatnonzero(is_registered & (rng.random(count) < 0.14))
    tablet = np.full(count, -1, dtype=np.int64)
    # Two or three registered people share a family tablet.
    breaks = np.cumsum(rng.integers(2, 4, size=len(families) // 2 + 1))
    member_of = np.searchsorted(breaks, np.arange(len(families)), side="right")
    tablet[families] = private + member_of
    tablets = int(member_of.max(initial=-1)) + 1
    kiosks = max(1, count // 8_000)
    kiosk = np.full(count, -1, dtype=np.int64)
    visitors = rng.permutation(np.flatnonzero(is_registered))[
        : kiosks * min(PEOPLE_PER_KIOSK, count // 20)
    ]
    kiosk[visitors] = private + tablets + np.arange(len(visitors)) % kiosks

    total = private + tablets + kiosks
    device_kind = np.zeros(total, dtype=np.int8)
    device_kind[private:] = TABLET
    device_kind[private + tablets :] = KIOSK
    device_platform = rng.choice(3, size=total, p=(0.2, 0.2, 0.6)).astype(np.int8)
    device_platform[private:] = WEB

    registered = np.flatnonzero(is_registered)
    first_user = np.full(count, -1, dtype=np.int64)
    first_user[registered] = np.arange(len(registered))
    two_users = registered[
        rng.random(len(registered)) < np.where(has_second_email[registered], 0.5, 0.025)
    ]
    second_user = np.full(count, -1, dtype=np.int64)
    second_user[two_users] = len(registered) + np.arange(len(two_users))
    user_person = np.concatenate([registered, two_users])
    is_second = np.arange(len(user_person)) >= len(registered)
    return People(
        market=rng.choice(3, size=count, p=(0.68, 0.2, 0.12)).astype(np.int8),
        arrival_day=arrival,
        is_registered=is_registered,
        is_buyer=is_buyer,
        has_phone=has_phone,
        has_second_email=has_second_email,
        has_consent=rng.random(count) < 0.72,
        primary_device=devices[0],
        second_device=devices[1],
        third_device=devices[2],
        tablet=tablet,
        kiosk=kiosk,
        first_user=first_user,
        second_user=second_user,
        user_person=user_person,
        # A second account cannot take the address that is the first one's id.
        user_is_email=~is_second & (rng.random(len(user_person)) < 0.06),
        user_uses_second_email=is_second & has_second_email[user_person],
        device_kind=device_kind,
        device_platform=device_platform,
        phone_owner=np.arange(count),
        extras=np.zeros(count, dtype=np.int64),
        first_extra=np.full(count, -1),
        moves_on_day=np.full(count, DAYS),
        new_device=np.full(count, -1),
        registers_late=np.zeros(count, bool),
        is_sold=np.zeros(total, bool),
    )


def mix(seed: int, number: int) -> int:
    """64 well-mixed bits of a number (splitmix64), the same on every machine."""
    z = (seed * 0x9E3779B97F4A7C15 + (number + 1) * 0xD1342543DE82EF95) & _MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
    return z ^ (z >> 31)


def uuid_of(seed: int, number: int) -> str:
    """A version-4 shaped UUID of a number."""
    high, low = mix(seed, 2 * number), mix(seed, 2 * number + 1)
    text = f"{high:016x}{low:016x}"
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-a{text[17:20]}-{text[20:]}"


def uuids_of(seed: int, numbers: np.ndarray) -> list[str]:
    """`uuid_of` of many numbers at once; a whole hour of events costs as much as a few by hand."""
    keys = numbers.astype(np.uint64)
    highs, lows = (_mix_many(seed, np.uint64(2) * keys + np.uint64(part)) for part in (0, 1))
    texts = (f"{high:016x}{low:016x}" for high, low in zip(highs, lows, strict=True))
    return [f"{t[:8]}-{t[8:12]}-4{t[13:16]}-a{t[17:20]}-{t[20:]}" for t in texts]


def _mix_many(seed: int, numbers: np.ndarray) -> list[int]:
    start = np.uint64(seed * 0x9E3779B97F4A7C15 & _MASK)
    z = start + (numbers + np.uint64(1)) * np.uint64(0xD1342543DE82EF95)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed: list[int] = (z ^ (z >> np.uint64(31))).tolist()
    return mixed


class Texts:
    """The identifiers of people as they are written on the wire, and as they are compared."""

    def __init__(self, people: People, seed: int, email_owner: np.ndarray) -> None:
        self._people = people
        self._email_owner = email_owner
        self._seed = seed
        self._device_ids: dict[int, str] = {}

    def email(self, person: int, second: bool = False) -> str:
        """The normalised address (trimmed, lower case)."""
        if not second:
            person = int(self._email_owner[person])
        first, last = _FIRST[person % 26], _LAST[person // 26 % 26]
        if second:
            return f"{first[0]}{last}{person}@work.example.com"
        return f"{first}.{last}{person}@{_DOMAINS[person % 3]}"

    def phone(self, person: int) -> str:
        """The number in E.164 with its plus sign."""
        person = int(self._people.phone_owner[person])
        market = int(self._people.market[person])
        return ("+49151{:08d}", "+1415{:07d}", "+86138{:08d}")[market].format(
            person * 37 % 10_000_000
        )

    def user_id(self, user: int) -> str:
        """The app account's normalised id."""
        person = int(self._people.user_person[user])
        if self._people.user_is_email[user]:
            return self.email(person)
        return f"u-{100_000 + user}"

    def device_id(self, device: int) -> str:
        """The device's id; iOS writes upper case."""
        text = self._device_ids.get(device)
        if text is None:
            text = uuid_of(self._seed + 101, device)
            text = text.upper() if self._people.device_platform[device] == IOS else text
            self._device_ids[device] = text
        return text

    def user_email(self, user: int) -> str:
        """The address the app account was opened with."""
        return self.email(
            int(self._people.user_person[user]), bool(self._people.user_uses_second_email[user])
        )

    @staticmethod
    def written(text: str, variant: int) -> str:
        """An address or id as somebody typed it: one time in six in other case or with blanks."""
        return (
            (text.upper(), f" {text}", f"{text} ", text.title())[variant % 24]
            if variant % 24 < 4
            else text
        )

    @staticmethod
    def written_phone(phone: str, variant: int) -> str:
        """A number as somebody typed it: blanks, dashes or brackets, always with its country
        code."""
        code, rest = (phone[:2], phone[2:]) if phone.startswith("+1") else (phone[:3], phone[3:])
        forms = (
            phone,
            f"{code} {rest}",
            f"{code} {rest[:3]}-{rest[3:]}",
            f"{code} ({rest[:3]}) {rest[3:]}",
        )
        return forms[variant % 4]


def sha256(text: str) -> str:
    """The hash under which personal identifiers are compared outside."""
    return hashlib.sha256(text.encode()).hexdigest()
