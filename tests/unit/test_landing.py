"""Landing: what is asked for, what becomes a load, what is suspect."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from desilo.lake import Lake
from desilo.landing import land
from desilo.settings import SourceConfig
from desilo.sources.base import Page, Source, Stream
from desilo.transport import TransientError

START = date(2026, 3, 1)
DAY = date(2026, 3, 20)
AT = datetime(2026, 3, 21, 8, 30, tzinfo=UTC)
CONFIG = SourceConfig(
    name="shop", kind="fake", connection="", schedule="0 8 * * *", reread_days=3,
    accounts=("a",), start_date=START,
)  # fmt: skip


class Fake(Source):
    """Answers from a dictionary: day -> records. Days that are not in it are covered and empty."""

    kind = "fake"
    api_version = "1"
    max_span_days = 30
    streams = (Stream(name="rows", key=("id",), required={}, grain="One record per id."),)

    def __init__(self, answers: dict[date, list[str]]) -> None:
        self.answers = answers
        self.asked: list[tuple[date, date]] = []
        self.fails_after: date | None = None
        self.not_covered: set[date] = set()

    def fetch(self, stream: Stream, account_id: str, since: date, until: date) -> Iterator[Page]:
        self.asked.append((since, until))
        day = since
        while day <= until:
            if self.fails_after is not None and day > self.fails_after:
                raise TransientError("the platform went away")
            rows = [(day.isoformat(), record) for record in self.answers.get(day, [])]
            yield Page(rows=rows, covers=() if day in self.not_covered else (day,))
            day += timedelta(days=1)


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(str(tmp_path / "lake"))


def run(lake: Lake, source: Fake, day: date = DAY, **options: Any) -> Any:
    return land(CONFIG, source, "a", lake, day=day, fetched_at=AT, **options)


def content(lake: Lake) -> dict[date, list[str]]:
    days = lake.landed_days("shop", "rows", "a")
    newest = {day: lake.newest("shop", "rows", "a", day) for day in days}
    return {day: lake.records(load) for day, load in newest.items() if load is not None}


def test_the_first_night_asks_for_everything_since_the_start(lake: Lake) -> None:
    source = Fake({})
    run(lake, source)
    assert source.asked == [(START, DAY)]


def test_a_later_night_asks_for_the_trailing_window_only(lake: Lake) -> None:
    run(lake, Fake({}), day=DAY - timedelta(days=1))
    source = Fake({})
    run(lake, source)
    assert source.asked == [(DAY - timedelta(days=2), DAY)]


def test_a_platform_that_was_down_for_nights_is_asked_for_the_days_that_are_missing(
    lake: Lake,
) -> None:
    run(lake, Fake({}), day=date(2026, 3, 5))
    source = Fake({})
    run(lake, source)
    assert source.asked == [(date(2026, 3, 6), DAY)]


def test_days_that_still_moved_when_they_were_read_last_are_read_again_after_missed_nights(
    lake: Lake,
) -> None:
    for number in range(3, 6):
        night = date(2026, 3, number)
        at = datetime(2026, 3, number + 1, 8, 30, tzinfo=UTC)
        land(CONFIG, Fake({}), "a", lake, day=night, fetched_at=at)
    source = Fake({})
    run(lake, source)
    # 1 to 3 March were read for the third time on the nights of the 3rd to the 5th.
    assert source.asked == [(date(2026, 3, 4), DAY)]


def test_days_before_a_failure_stay_and_the_day_it_died_on_does_not_exist(lake: Lake) -> None:
    source = Fake({DAY: ['{"id":1}']})
    source.fails_after = date(2026, 3, 10)
    with pytest.raises(TransientError):
        run(lake, source)
    assert max(content(lake)) == date(2026, 3, 10)
    source.fails_after = None
    run(lake, source)
    assert content(lake)[DAY] == ['{"id":1}']


def test_a_day_that_the_answer_does_not_cover_is_missing_not_empty(lake: Lake) -> None:
    source = Fake({DAY: ['{"id":1}']})
    source.not_covered = {DAY}
    run(lake, source)
    assert DAY not in content(lake)
    assert DAY - timedelta(days=1) in content(lake)


def test_landing_twice_changes_nothing(lake: Lake) -> None:
    answers = {DAY: ['{"id":1}', '{"id":2}']}
    run(lake, Fake(answers))
    before = content(lake)
    report = run(lake, Fake(answers))
    assert content(lake) == before
    assert report.unchanged == report.loads


@pytest.mark.parametrize(
    ("before", "after", "is_suspect"),
    [(10, 0, True), (10, 4, True), (10, 5, False), (10, 20, False), (1, 0, True), (4, 1, False)],
)
def test_an_empty_or_shrunken_answer_never_replaces_a_fuller_one_in_silence(
    lake: Lake, before: int, after: int, is_suspect: bool
) -> None:
    run(lake, Fake({DAY: [f'{{"id":{n}}}' for n in range(before)]}))
    report = run(lake, Fake({DAY: [f'{{"id":{n}}}' for n in range(after)]}))
    assert bool(report.suspects) == is_suspect
    assert len(content(lake)[DAY]) == (before if is_suspect else after)


def test_a_shrunken_answer_counts_when_a_person_says_so(lake: Lake) -> None:
    run(lake, Fake({DAY: [f'{{"id":{n}}}' for n in range(10)]}))
    run(lake, Fake({DAY: []}), since=DAY, accept_shrunken=True)
    assert content(lake)[DAY] == []


def test_a_row_dated_outside_what_was_asked_for_is_not_lost(lake: Lake) -> None:
    class Shifted(Fake):
        def fetch(
            self, stream: Stream, account_id: str, since: date, until: date
        ) -> Iterator[Page]:
            tomorrow = (until + timedelta(days=1)).isoformat()
            yield Page(rows=[(tomorrow, '{"id":1}')], covers=(until,))

    run(lake, Shifted({}), since=DAY)
    assert content(lake)[DAY] == ['{"id":1}']
