"""The truth ledger: credit as the rule says, and nothing known too early."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from sandbox.catalog import DIRECT
from sandbox.clock import COMPANY_ZONE, DAY, day_of, local_day, night
from sandbox.events import make_events
from sandbox.journeys import APP_OPEN, CODE
from sandbox.ledger import credit, first_valid, known_at, touches_at
from sandbox.paths import SILENCE_DAYS, journeys_at
from sandbox.world import World


@pytest.mark.parametrize("day", ["2026-01-15", "2026-02-28", "2026-03-31"])
def test_credit_is_that_of_looking_at_each_order_by_itself(world: World, day: str) -> None:
    known = known_at(world, night(day_of(day)))
    touched = touches_at(world, known)
    credited = credit(world, known, touched)
    opens = world.events.code[touched.event] == APP_OPEN
    windows = np.where(opens, 7, 30) * DAY
    assert opens.any() and not opens.all()
    for order in range(len(world.shop.person)):
        at, best = int(world.shop.ordered_at[order]), -1
        for wants_direct in (False, True):
            rows = np.flatnonzero(
                (touched.person == world.shop.person[order])
                & ((touched.channel == DIRECT) == wants_direct)
                & (touched.at < at)
                & (touched.at >= at - windows)
            )
            if len(rows):
                best = int(rows[np.argmax(touched.at[rows])])
                break
        assert credited[order] == (best if known.is_valid[order] else -1)


def test_what_arrives_later_is_not_known_yet(world: World) -> None:
    early, late = (known_at(world, night(day_of(day))) for day in ("2026-02-10", "2026-03-31"))
    assert early.events.sum() < late.events.sum() and not (early.events & ~late.events).any()
    assert world.shop.day[early.orders].max() <= day_of("2026-02-10")
    assert not (early.user_linked & ~late.user_linked).any()


def test_a_full_refund_takes_the_first_order_away_again(world: World) -> None:
    last = night(day_of("2026-03-31"))
    known = known_at(world, last)
    full = np.flatnonzero(known.refunded == world.shop.order_cents())
    assert len(full) > 0
    assert not first_valid(world, known)[full].any()
    before = known_at(world, night(int(world.shop.day[full[0]])))
    assert before.is_valid[full[0]]


def test_each_person_has_one_first_order_and_it_is_the_earliest_valid(world: World) -> None:
    known = known_at(world, night(day_of("2026-03-31")))
    first = first_valid(world, known)
    people = world.shop.person[first]
    assert (
        len(set(people.tolist()))
        == len(people)
        == len(set(world.shop.person[known.is_valid].tolist()))
    )
    for order in np.flatnonzero(first):
        earlier = known.is_valid & (world.shop.person == world.shop.person[order])
        assert world.shop.ordered_at[earlier].min() == world.shop.ordered_at[order]


def test_every_touchpoint_that_persons_reach_occurs_in_the_world(world: World) -> None:
    journeys = journeys_at(world, known_at(world, night(day_of("2026-03-31"))))
    assert set(journeys.touchpoint.tolist()) == set(range(6, 29))


def test_returns_follow_from_the_days_of_everybody_by_themselves(world: World) -> None:
    known = known_at(world, night(day_of("2026-03-31")))
    journeys = journeys_at(world, known)
    person = world.sessions.person[world.events.session]
    checked = 0
    for somebody in np.unique(journeys.holder[journeys.touchpoint == 28]).tolist():
        if (
            somebody >= len(world.people)
            or not known.device_linked[
                world.sessions.device[world.sessions.person == somebody]
            ].all()
        ):
            continue
        mine = (person == somebody) & known.events & (world.events.junk_device < 0)
        days = sorted(set(local_day(world.events.happened_at[mine], COMPANY_ZONE).tolist()))
        gaps = [b for a, b in itertools.pairwise(days) if b - a - 1 >= SILENCE_DAYS]
        found = journeys.at[(journeys.holder == somebody) & (journeys.touchpoint == 28)]
        assert local_day(found, COMPANY_ZONE).tolist() == gaps
        checked += 1
    assert checked > 5


def test_looks_at_the_store_change_no_other_event(world: World) -> None:
    def others(store_seed: int) -> list[list[int]]:
        events = make_events(
            world.people, world.sessions, world.shop,
            np.random.default_rng(5), np.random.default_rng(store_seed),
        )  # fmt: skip
        kept = events.code != CODE["Store Viewed"]
        assert 0 < (~kept).sum() < kept.sum()
        return [
            getattr(events, name)[kept].tolist() for name in ("uuid_key", "uploaded_at", "user")
        ]

    assert others(1) == others(2)
