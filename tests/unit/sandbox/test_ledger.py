"""The truth ledger: credit as the rule says, and nothing known too early."""

from __future__ import annotations

import numpy as np
import pytest

from sandbox.catalog import DIRECT
from sandbox.clock import day_of, night
from sandbox.ledger import WINDOW, credit, first_valid, known_at, touches_at
from sandbox.world import World


@pytest.mark.parametrize("day", ["2026-01-15", "2026-02-28", "2026-03-31"])
def test_credit_is_that_of_looking_at_each_order_by_itself(world: World, day: str) -> None:
    known = known_at(world, night(day_of(day)))
    touched = touches_at(world, known)
    credited = credit(world, known, touched)
    for order in range(len(world.shop.person)):
        at, best = int(world.shop.ordered_at[order]), -1
        for wants_direct in (False, True):
            rows = np.flatnonzero(
                (touched.person == world.shop.person[order])
                & ((touched.channel == DIRECT) == wants_direct)
                & (touched.at < at)
                & (touched.at >= at - WINDOW)
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
