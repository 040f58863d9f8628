"""One world from one seed: people, journeys, orders, ads and rates that agree with each other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sandbox import ads, catalog, commerce, costs, events, extra, journeys
from sandbox.hard import Contacts, harden, mix_contacts, own_contacts
from sandbox.people import People, Texts, make_people
from sandbox.rates import Rates

SIZES = {"default": 24_000, "small": 500, "hard": 3_000, "china": 500}
# Worlds with the extra platforms of the catalogue. A name more here is all that a world needs to
# get them; what else is in it stays as it was.
WITH_EXTRA = frozenset(("china",))


@dataclass(frozen=True)
class World:
    """Everything that is true, from which both the platforms and the ledger speak."""

    name: str
    seed: int
    people: People
    sessions: journeys.Sessions
    shop: commerce.Shop
    events: events.Events
    ads: ads.AdNumbers
    rates: Rates
    costs: tuple[costs.Entry, ...]
    contacts: Contacts
    texts: Texts
    extra: extra.ExtraNumbers | None = None

    @property
    def ad_accounts(self) -> tuple[catalog.Account, ...]:
        """The ad accounts of this world."""
        return (*catalog.ACCOUNTS, *(catalog.EXTRA_ACCOUNTS if self.extra else ()))

    def ad_rows(self, account_id: str, since: int, until: int, now: int) -> list[ads.Row]:
        """What the platform of an ad account reports of the days since..until as of `now`."""
        if catalog.ACCOUNT_BY_ID[account_id] in catalog.EXTRA_ACCOUNTS:
            return extra.report(self.extra, account_id, since, until, now) if self.extra else []
        return ads.report(self.ads, account_id, since, until, now)


def make_world(name: str = "default", seed: int = 7) -> World:
    """Build the world; the same name and seed give the same world on every machine.

    Raises:
        ValueError: no world has that name.
    """
    if name not in SIZES:
        raise ValueError(f"no world {name!r}; there are {', '.join(SIZES)}")
    count = SIZES[name]
    folk_rng, order_rng, ad_rng, visit_rng, shop_rng, event_rng, rate_rng, cost_rng = (
        np.random.default_rng([seed, part]) for part in range(8)
    )
    store_rng = np.random.default_rng([seed, 11])
    folk = make_people(count, folk_rng)
    is_hard = name == "hard"
    if is_hard:
        folk = harden(folk, np.random.default_rng([seed, 8]))
    plan = commerce.plan_orders(folk, order_rng)
    spend = ads.plan_spend(count / SIZES["default"], ad_rng)
    sessions = journeys.make_sessions(folk, plan, spend, visit_rng)
    person, session, user, ordered_at = events.order_times(
        folk, sessions, len(plan.person), shop_rng
    )
    shop = commerce.make_shop(folk, person, session, user, ordered_at, shop_rng)
    contacts = (
        mix_contacts(folk, sessions, shop, np.random.default_rng([seed, 9]))
        if is_hard
        else own_contacts(folk, shop)
    )
    cell, touched_at = journeys.touched_cells(sessions)
    return World(
        name=name,
        seed=seed,
        people=folk,
        sessions=sessions,
        shop=shop,
        events=events.make_events(folk, sessions, shop, event_rng, store_rng),
        ads=ads.make_numbers(spend, cell, touched_at, ad_rng),
        rates=Rates(rate_rng),
        costs=costs.make_costs(count / SIZES["default"], cost_rng),
        contacts=contacts,
        texts=Texts(folk, seed, contacts.email_owner),
        extra=(
            extra.make_numbers(count / SIZES["default"], np.random.default_rng([seed, 20]))
            if name in WITH_EXTRA
            else None
        ),
    )
