"""The world: the same from the same seed, as odd as promised, and free of hidden ambiguities."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np
import pytest

from sandbox import catalog
from sandbox.catalog import DIRECT
from sandbox.clock import COMPANY_ZONE, DAY, SECOND, instant, local_day
from sandbox.events import touches
from sandbox.journeys import CODE
from sandbox.ledger import APP_WINDOW, WINDOW, credit, known_at, touches_at
from sandbox.people import KIOSK, PRIVATE, TABLET, uuid_of, uuids_of
from sandbox.world import World, make_world


@pytest.fixture(scope="module")
def large() -> World:
    return make_world("default", 7)


def arrays(part: Any) -> dict[str, np.ndarray]:
    assert is_dataclass(part)
    return {field.name: getattr(part, field.name) for field in fields(part)}


def test_the_same_seed_gives_the_same_world_and_another_one_another(world: World) -> None:
    again, other = make_world("small", 7), make_world("small", 8)
    for name in ("people", "sessions", "shop", "events", "ads"):
        for column, values in arrays(getattr(world, name)).items():
            assert np.array_equal(values, arrays(getattr(again, name))[column]), (name, column)
    assert not np.array_equal(world.ads.cents, other.ads.cents)
    assert world.rates.published(10**18) == again.rates.published(10**18)


def test_an_unknown_world_is_refused() -> None:
    with pytest.raises(ValueError, match="no world"):
        make_world("huge")


def test_the_default_world_is_large_and_its_shop_lives_on_plausible_terms(large: World) -> None:
    shop = large.shop
    customers = len(set(shop.person[~shop.is_cancelled].tolist()))
    assert len(large.people) >= 20_000
    assert 4_000 <= customers <= 6_500 and 7_000 <= len(shop.person) <= 10_000
    euro = np.array([1.0, 1.08, 7.8])[shop.market]
    margin = (shop.order_cents() / euro).sum() - (
        shop.quantity * shop.unit_cost / euro[shop.line_order]
    ).sum()
    spend = large.ads.cents / np.array([c.campaign.account.per_eur for c in catalog.CELLS])
    assert 1 < margin / spend.sum() < 5


def test_accounts_are_in_three_currencies_and_three_zones() -> None:
    assert len(catalog.ACCOUNTS) == 6
    assert {account.currency for account in catalog.ACCOUNTS} == {"USD", "EUR", "CNY"}
    assert len({account.zone for account in catalog.ACCOUNTS}) == 3
    for platform in catalog.PLATFORMS:
        mine = [c for c in catalog.CAMPAIGNS if c.account.platform == platform]
        assert sum(not campaign.is_tagged for campaign in mine) == 1
        assert any(campaign.bare_share > 0 for campaign in mine)
        assert any(len(campaign.names) > 1 for campaign in mine)


def test_ids_are_unique_within_a_platform() -> None:
    ids = [e.entity_id for e in (*catalog.CAMPAIGNS, *catalog.AD_GROUPS, *catalog.ADS)]
    assert len(set(ids)) == len(ids)


def test_shared_devices_are_used_signed_in_only(large: World) -> None:
    sessions, kind = large.sessions, large.people.device_kind
    shared = kind[sessions.device] != PRIVATE
    assert shared.sum() > 500 and {TABLET, KIOSK} <= set(kind[sessions.device].tolist())
    assert (sessions.user[shared] >= 0).all()
    touched = large.events
    on_shared = kind[sessions.device[touched.session]] != PRIVATE
    landing = np.isin(touched.code, (CODE["Landing Viewed"], CODE["App Opened First"]))
    assert (touched.user[on_shared & landing] >= 0).all()
    users = defaultdict(set)
    for device, person in zip(sessions.device[shared], sessions.person[shared], strict=True):
        users[int(device)].add(int(person))
    assert max(map(len, users.values())) > 30 and sum(len(p) > 1 for p in users.values()) > 100


def test_events_come_late_and_twice_and_under_junk_ids(large: World) -> None:
    events = large.events
    delay = events.uploaded_at - events.happened_at
    assert (delay > 0).all() and 0.02 < (delay > 3_600 * SECOND).mean() < 0.08
    assert (np.diff(events.uploaded_at) >= 0).all()
    repeats = events.is_repeat.sum()
    assert repeats > 1_000 and len(np.unique(events.insert_key)) == len(events) - repeats
    assert len(events) - repeats < len(np.unique(events.uuid_key)) < len(events)
    assert (events.junk_user >= 0).sum() > 100 and (events.junk_device >= 0).sum() > 50
    assert not ((events.junk_user >= 0) & (events.user >= 0)).any()


def test_an_events_utc_day_is_its_company_day(large: World) -> None:
    at = large.events.happened_at
    assert (at // DAY == local_day(at, COMPANY_ZONE)).all()


def test_some_orders_are_of_a_company_day_that_has_not_begun_in_utc(large: World) -> None:
    shop = large.shop
    assert ((shop.ordered_at // DAY) < shop.day).sum() > 50


def test_no_two_touches_of_a_person_compete_for_an_instant(large: World) -> None:
    rows = touches(large.events)
    person = large.sessions.person[large.events.session[rows]]
    keys = np.stack([person, large.events.happened_at[rows]])
    assert np.unique(keys, axis=1).shape[1] == len(rows)


def test_no_touch_lies_on_the_edge_of_a_window(large: World) -> None:
    """A second more or less (files carry whole seconds) must not change who gets the credit."""
    rows = touches(large.events)
    person = large.sessions.person[large.events.session[rows]]
    by_person = defaultdict(list)
    for who, at in zip(person.tolist(), large.events.happened_at[rows].tolist(), strict=True):
        by_person[who].append(at)
    for who, ordered_at in zip(
        large.shop.person.tolist(), large.shop.ordered_at.tolist(), strict=True
    ):
        for at in by_person[who]:
            assert abs(ordered_at - at) > SECOND
            for window in (WINDOW, APP_WINDOW):
                assert abs(ordered_at - window - at) > SECOND


def test_orders_of_a_person_have_different_times_and_some_money_to_pay(large: World) -> None:
    shop = large.shop
    assert np.unique(np.stack([shop.person, shop.ordered_at]), axis=1).shape[1] == len(shop.person)
    assert (shop.order_cents() > 0).all()


def test_refunds_never_exceed_their_order_and_some_return_it_whole(large: World) -> None:
    back, paid = large.shop.refunded_cents(10**6), large.shop.order_cents()
    assert (back <= paid).all()
    assert (back == paid).sum() > 50 and ((back > 0) & (back < paid)).sum() > 50
    assert (back[large.shop.is_cancelled] == 0).all()


def test_whoever_writes_from_two_addresses_gives_a_phone_number(large: World) -> None:
    people = large.people
    assert people.has_second_email.sum() > 100
    assert people.has_phone[people.has_second_email].all()
    assert (people.second_user >= 0).sum() > 100


def test_uuids_made_by_the_hundred_are_those_made_one_by_one() -> None:
    numbers = np.array([0, 1, 77, 320_000, 10**12])
    for seed in (7, 30):
        assert uuids_of(seed, numbers) == [uuid_of(seed, number) for number in numbers.tolist()]


def test_credit_holds_for_a_world_of_many_people(large: World) -> None:
    """Person and time share one integer: a span counted from 1970 would not fit beside 24,000."""
    known = known_at(large, instant("2026-04-01T08:30:00Z"))
    touched = touches_at(large, known)
    credited = credit(large, known, touched)
    mine = defaultdict(list)
    for row, person in enumerate(touched.person.tolist()):
        mine[person].append(row)
    for order in np.flatnonzero(known.is_valid)[::20].tolist():
        at = large.shop.ordered_at[order]
        rows = [
            row
            for row in mine[int(large.shop.person[order])]
            if at - touched.window[row] <= touched.at[row] < at
        ]
        sourced = [row for row in rows if touched.channel[row] != DIRECT]
        assert credited[order] == (sourced or rows or [-1])[-1]
