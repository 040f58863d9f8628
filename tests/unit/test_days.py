"""The day of a run."""

from __future__ import annotations

from datetime import UTC, date, datetime
from types import SimpleNamespace

import pytest

from desilo import days

NOW = datetime(2026, 4, 1, 8, 30, tzinfo=UTC)


def run(**given: object) -> SimpleNamespace:
    return SimpleNamespace(
        **{"conf": None, "data_interval_start": None, "data_interval_end": None} | given
    )


def test_a_configured_day_wins_over_everything() -> None:
    context = {"dag_run": run(conf={"day": "2026-03-20"}, data_interval_end=NOW)}
    assert days.run_day(context, "Europe/Berlin", NOW) == date(2026, 3, 20)


def test_a_scheduled_run_works_on_the_last_day_closed_at_the_end_of_its_interval() -> None:
    interval = {
        "data_interval_start": datetime(2026, 3, 10, 8, 10, tzinfo=UTC),
        "data_interval_end": datetime(2026, 3, 11, 8, 10, tzinfo=UTC),
    }
    context = {"dag_run": run(**interval)}
    assert days.run_day(context, "Europe/Berlin", NOW) == date(2026, 3, 10)
    # In Honolulu it is still the 10th then: only the 9th is closed.
    assert days.run_day(context, "Pacific/Honolulu", NOW) == date(2026, 3, 9)


def test_the_clock_never_asks_for_a_day_that_is_not_closed() -> None:
    later = {
        "data_interval_start": datetime(2027, 1, 1, tzinfo=UTC),
        "data_interval_end": datetime(2027, 1, 2, tzinfo=UTC),
    }
    assert days.run_day({"dag_run": run(**later)}, "UTC", NOW) == date(2026, 3, 31)


def test_a_run_started_by_assets_takes_the_latest_day_they_carry() -> None:
    events = {
        "a": [SimpleNamespace(extra={"day": "2026-03-30"})],
        "b": [SimpleNamespace(extra={"day": "2026-03-31"}), SimpleNamespace(extra=None)],
    }
    context = {"dag_run": run(), "triggering_asset_events": events}
    assert days.run_day(context, "UTC", NOW) == date(2026, 3, 31)


def test_a_manual_run_takes_the_last_closed_day() -> None:
    same = {"data_interval_start": NOW, "data_interval_end": NOW}
    assert days.run_day({"dag_run": run(**same)}, "Europe/Berlin", NOW) == date(2026, 3, 31)


def test_the_last_closed_day_follows_the_zone_over_the_change_to_summer_time() -> None:
    before_midnight = datetime(2026, 3, 29, 21, 59, tzinfo=UTC)
    after_midnight = datetime(2026, 3, 29, 22, 0, tzinfo=UTC)
    assert days.last_closed_day(before_midnight, "Europe/Berlin") == date(2026, 3, 28)
    assert days.last_closed_day(after_midnight, "Europe/Berlin") == date(2026, 3, 29)


def test_a_day_that_is_none_says_how_to_write_one() -> None:
    with pytest.raises(ValueError, match="YYYY-MM-DD"):
        days.parse_day("31.03.2026")
