"""Virtual time: zones by vectors, and a clock that only goes forward."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from sandbox.clock import (
    DAY,
    FIRST_DAY,
    HOUR,
    Clock,
    closed_day,
    day_of,
    instant,
    iso_day,
    local_day,
    local_us,
    night,
    utc_us,
)

ZONES = ("Europe/Berlin", "America/Los_Angeles", "Asia/Shanghai", "UTC")


@pytest.mark.parametrize("zone", ZONES)
def test_wall_clocks_agree_with_the_time_zone_database_over_both_clock_changes(zone: str) -> None:
    moments = np.arange((FIRST_DAY - 3) * DAY, (FIRST_DAY + 95) * DAY, 3 * HOUR + 7)
    expected = [
        datetime.fromtimestamp(us / 1e6, UTC).astimezone(ZoneInfo(zone)).replace(tzinfo=UTC)
        for us in moments[::5].tolist()
    ]
    got = local_us(moments[::5], zone) / 1e6
    assert np.allclose(got, [moment.timestamp() for moment in expected], atol=1e-3)
    assert (utc_us(local_us(moments, zone), zone) == moments).mean() > 0.995


def test_a_day_is_closed_once_it_is_over_in_the_company_zone() -> None:
    assert iso_day(closed_day(instant("2026-02-10T22:59:59Z"))) == "2026-02-09"
    assert iso_day(closed_day(instant("2026-02-10T23:00:00Z"))) == "2026-02-10"
    assert iso_day(closed_day(instant("2027-01-01T00:00:00Z"))) == "2026-03-31"


def test_at_the_night_of_a_day_it_is_over_in_every_accounts_zone() -> None:
    for day in ("2026-01-15", "2026-03-08", "2026-03-29", "2026-03-31"):
        for zone in ZONES:
            assert local_day(night(day_of(day)), zone) > day_of(day)


def test_the_clock_keeps_the_latest_time_through_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "clock.json"
    later = instant("2026-02-01T08:30:00Z")
    clock = Clock(path)
    assert clock.advance(later) == later
    assert clock.advance(instant("2026-01-05T00:00:00Z")) == later
    assert Clock(path).now == later


def test_a_state_folder_of_another_world_is_refused(tmp_path: Path) -> None:
    Clock(tmp_path / "clock.json", "default", 7).advance(instant("2026-02-01T08:30:00Z"))
    with pytest.raises(ValueError, match="another --state"):
        Clock(tmp_path / "clock.json", "small", 7)
