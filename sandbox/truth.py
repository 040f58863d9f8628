"""Writes the truth ledger of a world at a moment as Parquet files."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from sandbox import ads, catalog
from sandbox.clock import COMPANY_ZONE, FIRST_DAY, LAST_DAY, local_day
from sandbox.commerce import COUPONS, REASONS
from sandbox.costs import daily_costs, known_entries
from sandbox.extra_truth import event_conversions
from sandbox.files import customer_id, order_email, order_id, order_parties, refund_id
from sandbox.hard import PLACEHOLDER_EMAIL
from sandbox.journeys import CODE, IDENTITY_CODES
from sandbox.ledger import Known, Touches, credit, first_valid, known_at, person_id, touches_at
from sandbox.paths import handoffs, journeys_at, touchpoints
from sandbox.people import MARKETS, sha256, uuid_of
from sandbox.world import World

MONEY = pa.decimal128(18, 6)


def write_truth(world: World, now: int, out: Path) -> dict[str, int]:
    """Write every table of the ledger at `now` into `out`; returns rows per table."""
    known = known_at(world, now)
    touched = touches_at(world, known)
    credited = credit(world, known, touched)
    first = first_valid(world, known)
    journeys = journeys_at(world, known)
    tables = {
        "spend": _spend(world, now),
        "orders": _orders(world, known, touched, credited, first),
        "order_lines": _order_lines(world, known),
        "refunds": _refunds(world, known),
        "people": _people(world, known),
        "new_customers": _new_customers(world, touched, credited, first),
        "touches": _touches(world, known, touched),
        "touchpoints": touchpoints(world, journeys),
        "handoffs": handoffs(world, journeys),
        "campaigns": _campaigns(),
        "costs": _costs(world, known),
        "app_days": _app_days(world, known),
        "fx": _fx(world, now),
    }
    if world.extra is not None:
        tables["event_conversions"] = event_conversions(world, now)
    out.mkdir(parents=True, exist_ok=True)
    for name, table in tables.items():
        pq.write_table(table, out / f"{name}.parquet", compression="zstd")
    return {name: table.num_rows for name, table in tables.items()}


def _money(cents: Iterable[int]) -> pa.Array:
    return pa.array([Decimal(int(value)).scaleb(-2) for value in cents], MONEY)


def _texts(values: Iterable[str | None]) -> pa.Array:
    return pa.array(list(values), pa.string())


def _dates(days: np.ndarray | list[int]) -> pa.Array:
    return pa.array(np.asarray(days, dtype=np.int32), pa.int32()).cast(pa.date32())


def _instants(us: np.ndarray) -> pa.Array:
    return pa.array(np.asarray(us, dtype=np.int64)).cast(pa.timestamp("us"))


def _spend(world: World, now: int) -> pa.Table:
    """One row per account, day of the account's zone and ad (or campaign part without ads) as of
    `now`."""
    rows = [
        (account, row)
        for account in world.ad_accounts
        for row in world.ad_rows(account.account_id, FIRST_DAY, LAST_DAY, now)
    ]
    cells = [catalog.ALL_CELLS[row.cell] for _, row in rows]
    return pa.table(
        {
            "platform": [account.platform for account, _ in rows],
            "account_id": [account.account_id for account, _ in rows],
            "date_day": _dates([row.day for _, row in rows]),
            "campaign_id": [cell.campaign.entity_id for cell in cells],
            "ad_group_id": pa.array(
                [c.ad_group.entity_id if c.ad_group else None for c in cells], pa.string()
            ),
            "ad_id": pa.array(
                [cell.ad.entity_id if cell.ad else None for cell in cells], pa.string()
            ),
            "spend_native": _money(row.cents for _, row in rows),
            "currency": [account.currency for account, _ in rows],
            "impressions": pa.array([row.impressions for _, row in rows], pa.int64()),
            "clicks": pa.array([row.clicks for _, row in rows], pa.int64()),
            "video_plays": pa.array(
                [
                    ads.video_plays(cell.campaign, row.impressions)
                    for cell, (_, row) in zip(cells, rows, strict=True)
                ],
                pa.int64(),
            ),
            # The platform's headline number: Google counts clicks only, the others add views.
            "conversions": _money(
                row.conversions
                + (0 if account.platform == catalog.GOOGLE else row.view_conversions * 100)
                for account, row in rows
            ),
            "click_conversions": _money(row.conversions for _, row in rows),
            "view_conversions": _money(row.view_conversions * 100 for _, row in rows),
            "conversion_value_native": _money(row.value_cents for _, row in rows),
        }
    )


def _orders(
    world: World, known: Known, touched: Touches, credited: np.ndarray, first: np.ndarray
) -> pa.Table:
    shop, index = world.shop, np.flatnonzero(known.orders)
    per_order = {
        "gross": shop.quantity * shop.unit_price,
        "discount": shop.line_discount,
        "cost": shop.quantity * shop.unit_cost,
    }
    sums = {
        k: np.bincount(shop.line_order, v, len(shop.person)).astype(np.int64)
        for k, v in per_order.items()
    }
    net = sums["gross"] - sums["discount"] - known.refunded
    parties = [order_parties(world, order) for order in index.tolist()]
    channels = _channels(touched, credited[index])
    return pa.table(
        {
            "order_id": [order_id(order) for order in index.tolist()],
            "true_person_id": [person_id(person) for person in shop.person[index].tolist()],
            "customer_id": [party.customer_id for party in parties],
            "user_id": pa.array([party.user_id for party in parties], pa.string()),
            "ordered_at": _instants(shop.ordered_at[index]),
            "order_date": _dates(shop.day[index]),
            "status": np.where(shop.is_cancelled[index], "cancelled", "paid").tolist(),
            "currency": [MARKETS[market] for market in shop.market[index].tolist()],
            "coupon_code": _texts(
                COUPONS[c][0] if c >= 0 else None for c in shop.coupon[index].tolist()
            ),
            "gross": _money(sums["gross"][index]),
            "discount": _money(sums["discount"][index]),
            "refund": _money(known.refunded[index]),
            "net_revenue": _money(net[index]),
            "cost": _money(sums["cost"][index]),
            "contribution_margin": _money((net - sums["cost"])[index]),
            "is_valid": pa.array(known.is_valid[index]),
            "is_first": pa.array(first[index]),
            "channel_id": _texts(
                channel if valid else None
                for channel, valid in zip(channels, known.is_valid[index].tolist(), strict=True)
            ),
            "credited_uuid": _texts(
                touch_uuid(world, touched, row) if row >= 0 else None
                for row in credited[index].tolist()
            ),
        }
    )


def _channels(touched: Touches, credited: np.ndarray) -> list[str]:
    return [
        catalog.CHANNELS[touched.channel[row]] if row >= 0 else catalog.UNATTRIBUTED
        for row in credited.tolist()
    ]


def _order_lines(world: World, known: Known) -> pa.Table:
    shop = world.shop
    index = np.flatnonzero(known.orders[shop.line_order])
    return pa.table(
        {
            "order_id": [order_id(order) for order in shop.line_order[index].tolist()],
            "line_no": pa.array(shop.line_no[index], pa.int64()),
            "product_id": [f"P-{product:03d}" for product in shop.product[index].tolist()],
            "quantity": pa.array(shop.quantity[index], pa.int64()),
            "unit_price": _money(shop.unit_price[index]),
            "discount": _money(shop.line_discount[index]),
            "unit_cost": _money(shop.unit_cost[index]),
        }
    )


def _refunds(world: World, known: Known) -> pa.Table:
    shop = world.shop
    index = np.flatnonzero(shop.refund_day <= known.as_of)
    order = shop.refund_order[index]
    return pa.table(
        {
            "refund_id": [refund_id(row) for row in index.tolist()],
            "order_id": [order_id(number) for number in order.tolist()],
            "line_no": pa.array(
                [no or None for no in shop.refund_line[index].tolist()], pa.int64()
            ),
            "amount": _money(shop.refund_cents[index]),
            "currency": [MARKETS[market] for market in shop.market[order].tolist()],
            "refunded_at": _instants(shop.refunded_at[index]),
            "refund_date": _dates(shop.refund_day[index]),
            "reason": [REASONS[reason] for reason in shop.refund_reason[index].tolist()],
        }
    )


def _people(world: World, known: Known) -> pa.Table:
    """Identifiers that occur in what is known. Junk is nobody's; a shared device is listed with
    each of its users and, like a device never signed in, not observable as one person's."""
    rows = sorted(set(identifiers(world, known)))
    columns: list[Any] = list(zip(*rows, strict=True)) or [[], [], [], [], []]
    return pa.table(
        {
            "true_person_id": pa.array(columns[0], pa.string()),
            "identifier_type": pa.array(columns[1], pa.string()),
            "identifier_value": pa.array(columns[2], pa.string()),
            "is_observable": pa.array(columns[3], pa.bool_()),
            "is_shared": pa.array(columns[4], pa.bool_()),
        }
    )


def identifiers(world: World, known: Known) -> Iterable[tuple[str, str, str, bool, bool]]:
    people, events, shop, texts = world.people, world.events, world.shop, world.texts
    row = np.flatnonzero(known.events & (events.junk_device < 0))
    pairs = np.unique(
        np.stack(
            [world.sessions.person[events.session[row]], world.sessions.device[events.session[row]]]
        ),
        axis=1,
    )
    for person, device in pairs.T.tolist():
        shared = bool(known.device_shared[device])
        yield (
            person_id(person),
            "device_id",
            texts.device_id(device),
            bool(known.device_linked[device]),
            shared,
        )
    for user in np.flatnonzero(known.user_seen).tolist():
        owner = person_id(int(people.user_person[user]))
        yield owner, "user_id", texts.user_id(user), bool(known.user_linked[user]), False
    for user in np.flatnonzero(known_identity_users(world, known)).tolist():
        yield from _contacts(world, int(people.user_person[user]), texts.user_email(user))
    for order in np.flatnonzero(known.orders).tolist():
        person = int(shop.person[order])
        yield person_id(person), "customer_id", customer_id(world, order), True, False
        yield from _contacts(world, person, order_email(world, order))


def known_identity_users(world: World, known: Known) -> np.ndarray:
    """App accounts whose e-mail and phone are known from an identity event."""
    events = world.events
    told = known.events & (events.user >= 0) & np.isin(events.code, IDENTITY_CODES)
    mask = np.zeros(len(world.people.user_person), bool)
    mask[events.user[told]] = True
    return mask


def _contacts(world: World, person: int, email: str) -> Iterable[tuple[str, str, str, bool, bool]]:
    people, owner = world.people, world.contacts.email_owner
    given_on = email == world.texts.email(person) and np.sum(owner == owner[person]) > 1
    if email != PLACEHOLDER_EMAIL:
        yield person_id(person), "email", sha256(email), True, bool(given_on)
    if people.has_phone[person]:
        number = people.phone_owner[person]
        shared = bool(np.sum(people.phone_owner == number) > 1)
        yield person_id(person), "phone", sha256(world.texts.phone(person)), True, shared


def _new_customers(
    world: World, touched: Touches, credited: np.ndarray, first: np.ndarray
) -> pa.Table:
    counts: dict[tuple[int, str], int] = {}
    index = np.flatnonzero(first)
    for day, channel in zip(
        world.shop.day[index].tolist(), _channels(touched, credited[index]), strict=True
    ):
        counts[day, channel] = counts.get((day, channel), 0) + 1
    keys = sorted(counts)
    return pa.table(
        {
            "date_day": _dates([day for day, _ in keys]),
            "channel_id": pa.array([channel for _, channel in keys], pa.string()),
            "new_customers": pa.array([counts[key] for key in keys], pa.int64()),
        }
    )


def _touches(world: World, known: Known, touched: Touches) -> pa.Table:
    cells = [catalog.CELLS[cell] if cell >= 0 else None for cell in touched.cell.tolist()]
    device = world.sessions.device[world.events.session[touched.event]]
    return pa.table(
        {
            "true_person_id": [person_id(person) for person in touched.person.tolist()],
            "touched_at": _instants(touched.at),
            "channel_id": [catalog.CHANNELS[channel] for channel in touched.channel.tolist()],
            "campaign_id": pa.array(
                [cell.campaign.entity_id if cell else None for cell in cells], pa.string()
            ),
            "ad_id": pa.array([c.ad.entity_id if c and c.ad else None for c in cells], pa.string()),
            "device_id": [world.texts.device_id(number) for number in device.tolist()],
            "uuid": [touch_uuid(world, touched, row) for row in range(len(touched.event))],
        }
    )


def _campaigns() -> pa.Table:
    """One row per campaign; an untagged one spends and whoever it brings looks direct."""
    return pa.table(
        {
            "platform": [campaign.account.platform for campaign in catalog.CAMPAIGNS],
            "account_id": [campaign.account.account_id for campaign in catalog.CAMPAIGNS],
            "campaign_id": [campaign.entity_id for campaign in catalog.CAMPAIGNS],
            "is_tagged": [campaign.is_tagged for campaign in catalog.CAMPAIGNS],
        }
    )


def _fx(world: World, now: int) -> pa.Table:
    rows = [
        (day, currency, Decimal(text))
        for day, texts in world.rates.published(now).items()
        for currency, text in texts.items()
    ]
    return pa.table(
        {
            "date_day": _dates([day for day, _, _ in rows]),
            "currency": [currency for _, currency, _ in rows],
            "rate": pa.array([rate for _, _, rate in rows], pa.decimal128(18, 8)),
        }
    )


def _costs(world: World, known: Known) -> pa.Table:
    """One row per cost entry that holds and day of its period up to now."""
    rows = [
        (entry, day, cents)
        for entry in known_entries(world.costs, known.as_of)
        for day, cents in daily_costs(entry, known.as_of)
    ]
    return pa.table(
        {
            "cost_id": pa.array([entry.cost_id for entry, _, _ in rows], pa.string()),
            "date_day": _dates([day for _, day, _ in rows]),
            "cost_type": pa.array([entry.cost_type for entry, _, _ in rows], pa.string()),
            "channel_id": pa.array([entry.channel or None for entry, _, _ in rows], pa.string()),
            "amount_native": _money(cents for _, _, cents in rows),
            "currency": pa.array([entry.currency for entry, _, _ in rows], pa.string()),
        }
    )


def _app_days(world: World, known: Known) -> pa.Table:
    """One row per person and company day with an event that can be tied to them, and whether they
    registered on it."""
    events, sessions, people = world.events, world.sessions, world.people
    session, user = events.session, events.user
    device = sessions.device[session]
    tied = np.where(user >= 0, known.user_linked[user], known.device_linked[device]) & (
        events.junk_device < 0
    )
    row = np.flatnonzero(known.events & tied)
    day = local_day(events.happened_at[row], COMPANY_ZONE)
    person = np.where(user[row] >= 0, people.user_person[user[row]], sessions.person[session[row]])
    pairs, place = np.unique(np.stack([person, day]), axis=1, return_inverse=True)
    registered = np.bincount(
        place.reshape(-1), events.code[row] == CODE["Registered"], pairs.shape[1]
    )
    return pa.table(
        {
            "true_person_id": pa.array([person_id(p) for p in pairs[0].tolist()], pa.string()),
            "date_day": _dates(pairs[1]),
            "has_registered": pa.array(registered > 0),
        }
    )


def touch_uuid(world: World, touched: Touches, row: int) -> str:
    """The uuid under which a touch was first uploaded."""
    return uuid_of(world.seed, int(world.events.uuid_key[touched.event[row]]))
