"""Virtual time: days, zones and the clock that only moves forward.

Instants are int64 microseconds since 1970-01-01 UTC, days are int day numbers since 1970-01-01,
so that a whole world is dated by a few vector operations.
"""

from __future__ import annotations

import json
import os
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np

SECOND = 1_000_000
HOUR = 3_600 * SECOND
DAY = 24 * HOUR
EPOCH = date(1970, 1, 1)
FIRST_DAY = (date(2026, 1, 1) - EPOCH).days
LAST_DAY = (date(2026, 3, 31) - EPOCH).days
DAYS = LAST_DAY - FIRST_DAY + 1
COMPANY_ZONE = "Europe/Berlin"
EXPORT_LAG = 2 * HOUR  # the event export is complete this long after an hour has ended
RATES_HOUR_UTC = 15  # reference rates of a day are published at about 16:00 Central European Time


def day_of(text: str) -> int:
    """Day number of an ISO date."""
    return (date.fromisoformat(text) - EPOCH).days


@cache
def iso_day(day: int) -> str:
    """ISO date of a day number."""
    return (EPOCH + timedelta(days=int(day))).isoformat()


def instant(text: str) -> int:
    """Microseconds of an ISO instant; one without a zone is UTC."""
    moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return round(moment.timestamp() * 1_000_000)


def utc_datetime(us: int) -> datetime:
    """The instant as an aware datetime in UTC."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=int(us))


def iso_instant(us: int) -> str:
    """`2026-04-01T08:30:00Z`, with microseconds only where there are any."""
    return utc_datetime(us).isoformat().replace("+00:00", "Z")


def zoned_text(us: int, zone: str, pattern: str = "%Y-%m-%dT%H:%M:%S%z") -> str:
    """The instant as text in the zone (numeric offset without colon, as most ad platforms write
    it)."""
    return utc_datetime(us).astimezone(ZoneInfo(zone)).strftime(pattern)


@cache
def _offsets(zone: str) -> tuple[np.ndarray, np.ndarray]:
    """Instants from which an offset holds, and these offsets, around the world's span."""
    place = ZoneInfo(zone)

    def offset(us: int) -> int:
        delta = utc_datetime(us).astimezone(place).utcoffset()
        return int((delta or timedelta()).total_seconds()) * SECOND

    start, stop = (FIRST_DAY - 60) * DAY, (LAST_DAY + 120) * DAY
    since, offsets = [start], [offset(start)]
    for day in range(start, stop, DAY):
        if offset(day + DAY) != offsets[-1]:
            hour = next(h for h in range(day, day + DAY + 1, HOUR) if offset(h) != offsets[-1])
            since.append(hour)
            offsets.append(offset(hour))
    return np.array(since, dtype=np.int64), np.array(offsets, dtype=np.int64)


def local_us(us: np.ndarray | int, zone: str) -> np.ndarray:
    """Wall-clock microseconds in the zone of UTC instants."""
    since, offsets = _offsets(zone)
    moments = np.asarray(us, dtype=np.int64)
    return moments + offsets[np.maximum(np.searchsorted(since, moments, side="right") - 1, 0)]


def utc_us(local: np.ndarray | int, zone: str) -> np.ndarray:
    """UTC instants of wall-clock microseconds (a time that happens twice means the later one)."""
    since, offsets = _offsets(zone)
    wall = np.asarray(local, dtype=np.int64)
    return wall - offsets[np.maximum(np.searchsorted(since + offsets, wall, side="right") - 1, 0)]


def local_day(us: np.ndarray | int, zone: str) -> np.ndarray:
    """Day numbers in the zone of UTC instants."""
    return local_us(us, zone) // DAY


def closed_day(now: int) -> int:
    """The last day of the company zone that is over at `now` and lies in the world."""
    return min(int(local_day(now, COMPANY_ZONE)) - 1, LAST_DAY)


def events_visible_before(now: int) -> int:
    """Events uploaded before this instant can be exported at `now`."""
    return now - EXPORT_LAG


def night(day: int) -> int:
    """The instant at which the pipeline runs the night of a day: 08:30 UTC of the day after."""
    return (day + 1) * DAY + 8 * HOUR + 30 * 60 * SECOND


class Clock:
    """The world's clock: starts at the first day, never goes back, survives a restart.

    Args:
        path: file that remembers the clock with the world's name and seed; None keeps it in memory.
    Raises:
        ValueError: the state folder belongs to another world or seed.
    """

    def __init__(self, path: Path | None = None, world: str = "default", seed: int = 7) -> None:
        self._path = path
        self._identity = {"world": world, "seed": seed}
        self.now = int(utc_us(FIRST_DAY * DAY, COMPANY_ZONE))
        if path and path.exists():
            kept = json.loads(path.read_text())
            if {key: kept.get(key) for key in self._identity} != self._identity:
                raise ValueError(
                    f"{path.parent} holds world {kept.get('world')!r} with seed "
                    f"{kept.get('seed')}; "
                    f"choose another --state for world {world!r} with seed {seed}"
                )
            self.now = max(self.now, instant(kept["now"]))

    def advance(self, moment: int) -> int:
        """Set the clock to `moment` unless it is already later; returns the time that holds now."""
        self.now = max(self.now, moment)
        if self._path:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            beside = self._path.with_suffix(".tmp")
            beside.write_text(json.dumps({**self._identity, "now": iso_instant(self.now)}))
            os.replace(beside, self._path)
        return self.now
