"""Identity against a plain-Python answer, on small worlds that are as bad as they come."""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.oracle.people import Node, People, node_id, person_id, sha, who_is_who
from tests.oracle.project import Project, Table

EVENTS = {
    "source": "varchar", "account_id": "varchar", "day": "date", "load_id": "varchar",
    "fetched_at": "timestamp", "seq": "bigint", "event_id": "varchar", "device_id": "varchar",
    "user_id": "varchar", "session_id": "bigint", "order_id": "varchar", "event_type": "varchar",
    "library": "varchar", "device_platform": "varchar", "utm_source": "varchar",
    "utm_medium": "varchar", "utm_campaign": "varchar", "utm_content": "varchar",
    "gclid": "varchar", "fbclid": "varchar", "ttclid": "varchar", "page_path": "varchar",
    "referrer": "varchar", "email_hash": "varchar", "phone_hash": "varchar",
    "has_consent": "boolean", "event_at": "timestamp", "uploaded_at": "timestamp",
}  # fmt: skip
ORDERS = {
    "source": "varchar", "account_id": "varchar", "day": "date", "load_id": "varchar",
    "fetched_at": "timestamp", "seq": "bigint", "order_id": "varchar", "customer_id": "varchar",
    "user_id": "varchar", "email_hash": "varchar", "phone_hash": "varchar",
    "order_status": "varchar", "currency": "varchar", "coupon_code": "varchar",
    "has_consent": "boolean", "ordered_at": "timestamp",
}  # fmt: skip
RATES = {"date_day": "date", "currency": "varchar", "fx_rate": "decimal(18, 8)", "fx_date": "date"}
COLUMNS = ("rule_id", "rule_kind", "priority", "identifier_type", "counterpart_type", "value",
           "max_count", "reason", "yields")  # fmt: skip
# The project's kinds of rules with limits that a dozen events can exceed.
RULES = [
    ("null", "blocked_value", 1, "*", "", "null", "", "junk", ""),
    ("nobody", "blocked_value", 2, "email", "", "nobody@example.com", "", "junk", ""),
    ("zeros", "blocked_pattern", 4, "*", "", "^[0-]+$", "", "zeros", ""),
    ("hash", "required_pattern", 3, "email", "", "^[0-9a-f]{64}$", "", "no hash", ""),
    ("busy_user", "frequency", 6, "user_id", "device", "", 3, "busy", ""),
    ("busy_email", "frequency", 5, "email", "user_id", "", 3, "busy", ""),
    ("email_users", "limit", 20, "email", "user_id", "", 2, "crowded", "pair"),
    ("user_emails", "limit", 12, "user_id", "email", "", 2, "crowded", "pair"),
    ("customer_phones", "limit", 13, "customer_id", "phone", "", 1, "crowded", "all"),
    ("user_cap", "limit", 11, "user_id", "*", "", 4, "cap", "newest"),
    ("device_cap", "limit", 21, "device", "*", "", 3, "cap", "newest"),
    ("family", "limit", 30, "phone", "account", "", 2, "family", "all"),
    ("shared", "limit", 31, "device", "account", "", 1, "shared", "all"),
    ("reused", "reuse", 40, "email", "user_id", "", 5, "given on", ""),
]
START = datetime(2026, 2, 1, 9)
CHECKED = ("int_identity_persons", "int_identity_refused", "int_identity_edges",
           "int_identity_event_owners", "int_identity_merges", "identity_dropped")  # fmt: skip


def rules_csv(rules: Sequence[Sequence[Any]] = RULES) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([COLUMNS, *rules])
    return text.getvalue()


def company_day(at: datetime) -> date:
    """The day in Berlin, an hour ahead all February."""
    return (at + timedelta(hours=1)).date()


def event(number: int, minute: int, late_days: int = 0, **said: Any) -> dict[str, Any]:
    """An app event some minutes into the world, uploaded some days late."""
    at = START + timedelta(minutes=minute)
    day = at.date() + timedelta(days=late_days)
    return {
        "source": "amplitude", "account_id": "1", "day": day, "load_id": "l", "seq": number,
        "event_id": f"e{number:03d}", "event_type": "Seen", "session_id": minute // 600,
        "event_at": at, "known": max(day, company_day(at)), **said,
    }  # fmt: skip


def order(number: int, minute: int, late_days: int = 0, **said: Any) -> dict[str, Any]:
    at = START + timedelta(minutes=minute)
    day = at.date() + timedelta(days=late_days)
    return {
        "source": "order_files", "account_id": "shop", "day": day, "load_id": "l", "seq": number,
        "order_id": f"o{number:03d}", "order_status": "paid", "currency": "EUR",
        "ordered_at": at, "known": max(day, company_day(at)), **said,
    }  # fmt: skip


def tables(
    events: Sequence[Mapping[str, Any]], orders: Sequence[Mapping[str, Any]] = ()
) -> dict[str, Table]:
    return {
        "stg_amplitude__events": Table(EVENTS, events),
        "stg_order_files__orders": Table(ORDERS, orders),
        "int_fx_rates_daily": Table(RATES),
    }


def built(
    project: Project,
    events: Sequence[Mapping[str, Any]],
    orders: Sequence[Mapping[str, Any]] = (),
    rules: Sequence[Sequence[Any]] = RULES,
) -> dict[str, list[dict[str, Any]]]:
    seeds = {"identity_rules": rules_csv(rules)}
    return project.run(CHECKED, tables(events, orders), seeds=seeds)


def expected(
    events: Sequence[Mapping[str, Any]],
    orders: Sequence[Mapping[str, Any]] = (),
    rules: Sequence[Sequence[Any]] = RULES,
) -> People:
    return who_is_who(events, orders, [dict(zip(COLUMNS, rule, strict=True)) for rule in rules])


def persons(made: Mapping[str, list[dict[str, Any]]]) -> dict[int, str]:
    return {row["node_id"]: row["person_id"] for row in made["int_identity_persons"]}


def values(name: str, count: int, *junk: str) -> st.SearchStrategy[str | None]:
    return st.sampled_from([None, *(f"{name}{i}" for i in range(count)), *junk])


EMAILS = st.sampled_from([None, *(sha(f"e{i}") for i in range(4)), sha("nobody@example.com"), "no"])
PHONES = st.sampled_from([None, None, *(sha(f"p{i}") for i in range(3))])
MINUTES = st.one_of(st.integers(0, 200), st.integers(0, 30 * 1440))
LATE = st.sampled_from([0, 0, 0, 1, 5])


@st.composite
def worlds(draw: st.DrawFn) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    orders = [
        order(
            number, draw(MINUTES), draw(LATE),
            customer_id=draw(values("c", 3, "0")), user_id=draw(values("u", 4, "null")),
            email_hash=draw(EMAILS), phone_hash=draw(PHONES),
        )
        for number in range(draw(st.integers(0, 6)))
    ]  # fmt: skip
    placed = [None, None, None, *(o["order_id"] for o in orders)]
    events = [
        event(
            number, draw(MINUTES), draw(LATE),
            device_id=draw(values("d", 5, "000-0", "null")),
            user_id=draw(values("u", 6, "null")),
            email_hash=draw(EMAILS), phone_hash=draw(PHONES),
            order_id=draw(st.sampled_from(placed)),
        )
        for number in range(draw(st.integers(0, 22)))
    ]  # fmt: skip
    # What has neither device nor user comes from no app.
    return [e for e in events if e["device_id"] or e["user_id"]], orders


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(world=worlds())
def test_the_models_agree_with_the_plain_answer(
    project: Project, world: tuple[list[dict[str, Any]], list[dict[str, Any]]]
) -> None:
    made, wanted = built(project, *world), expected(*world)
    assert {row["node_id"]: row["rule_id"] for row in made["int_identity_refused"]} == {
        node_id(node): rule_id for node, rule_id in wanted.refused.items()
    }
    assert {
        (row["left_node_id"], row["right_node_id"]):
            (row["dropped_for_node_id"], row["dropped_by_rule_id"])
        for row in made["int_identity_edges"] if row["dropped_by_rule_id"]
    } == {
        (node_id(left), node_id(right)): (node_id(node), rule_id)
        for (left, right), (node, rule_id) in wanted.dropped.items()
    }  # fmt: skip
    assert {
        row["node_id"]: row["shared_by_rule_id"]
        for row in made["int_identity_persons"]
        if row["shared_by_rule_id"]
    } == {node_id(node): rule_id for node, rule_id in wanted.shared.items()}
    assert persons(made) == {node_id(node): person for node, person in wanted.person.items()}
    assert {row["event_id"]: row["owner_node_id"] for row in made["int_identity_event_owners"]} == {
        event_id: node and node_id(node) for event_id, node in wanted.owners.items()
    }
    assert {
        (row["change_date"], name(row["person_node_id"]), name(row["into_node_id"]))
        for row in made["int_identity_merges"]
    } == wanted.merges


def name(number: int) -> str:
    return f"p{number:016X}"


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(world=worlds(), seed=st.integers(0, 1000))
def test_shuffled_input_gives_the_same_ids(
    project: Project, world: tuple[list[dict[str, Any]], list[dict[str, Any]]], seed: int
) -> None:
    made = built(project, *world)
    events, orders = (list(rows) for rows in world)
    random.Random(seed).shuffle(events)
    random.Random(seed).shuffle(orders)
    again = built(project, events, orders)
    for model in CHECKED:
        assert sorted(map(str, made[model])) == sorted(map(str, again[model])), model


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(world=worlds())
def test_every_good_identifier_lies_in_one_person_and_every_drop_is_a_row(
    project: Project, world: tuple[list[dict[str, Any]], list[dict[str, Any]]]
) -> None:
    made = built(project, *world)
    nodes = [row["node_id"] for row in made["int_identity_persons"]]
    refused = {row["node_id"] for row in made["int_identity_refused"]}
    ends = {row[f"{side}_node_id"] for row in made["int_identity_edges"] for side in
            ("left", "right")}  # fmt: skip
    assert len(nodes) == len(set(nodes))
    assert ends <= set(nodes) | refused
    assert not refused & set(nodes)
    shared = {r["node_id"] for r in made["int_identity_persons"] if r["shared_by_rule_id"]}
    gone = [
        row for row in made["int_identity_edges"]
        if row["dropped_by_rule_id"] or {row["left_node_id"], row["right_node_id"]} & shared
    ]  # fmt: skip
    told = made["identity_dropped"]
    assert sum(row["counterpart_value"] is not None for row in told) == len(gone)
    assert sum(row["counterpart_value"] is None for row in told) == len(refused)


# Of what was known at one instant the stronger identifier counts as the older.
OLD: Node = ("user_id", "app", "u1")
YOUNG: Node = ("email", "sha256", sha("b"))
DAY = 1440


def two_people_who_meet() -> list[dict[str, Any]]:
    return [
        event(1, 0, device_id="d-old", user_id="u1"),
        event(2, DAY, device_id="d-young", email_hash=sha("b")),
        event(3, 5 * DAY, user_id="u1", email_hash=sha("b")),
    ]


def test_a_merge_keeps_the_older_person_and_is_told_with_its_night(project: Project) -> None:
    events = two_people_who_meet()
    before, after = built(project, events[:2]), built(project, events)
    assert len(set(persons(before).values())) == 2
    assert set(persons(after).values()) == {person_id(OLD)}
    assert before["int_identity_merges"] == []
    (merge,) = after["int_identity_merges"]
    assert merge["change_date"] == date(2026, 2, 6)
    assert merge["person_node_id"] == node_id(YOUNG)
    assert merge["into_node_id"] == node_id(OLD)


def test_what_arrives_late_renames_nobody_however_old_it_is(project: Project) -> None:
    known = [event(1, 5 * DAY, device_id="d-old", user_id="u1")]
    late = event(2, 0, late_days=9, device_id="d-ancient", user_id="u1")
    assert set(persons(built(project, known)).values()) == {person_id(OLD)}
    made = built(project, [late, *known])
    assert set(persons(made).values()) == {person_id(OLD)}
    assert made["int_identity_merges"] == []


def test_a_person_known_before_a_late_upload_of_older_events_is_merged_into_the_one_known_first(
    project: Project,
) -> None:
    """Both were persons already, so one of the names goes, and that is a row."""
    events = [
        event(1, 5 * DAY, device_id="d-old", user_id="u1"),
        event(2, 6 * DAY, device_id="d-young", email_hash=sha("b")),
        event(3, 0, late_days=9, user_id="u1", email_hash=sha("b")),
    ]
    made = built(project, events)
    assert set(persons(made).values()) == {person_id(OLD)}
    (merge,) = made["int_identity_merges"]
    assert merge["change_date"] == date(2026, 2, 10)


@pytest.mark.parametrize("seed", range(3))
def test_a_split_gives_the_part_without_the_oldest_node_a_new_id_that_is_always_the_same(
    project: Project, seed: int
) -> None:
    events = two_people_who_meet()
    tight = [*RULES, ("not_b", "blocked_value", 7, "email", "", "b", "", "junk", "")]
    random.Random(seed).shuffle(events)
    made = persons(built(project, events, rules=tight))
    assert made[node_id(OLD)] == person_id(OLD)
    device: Node = ("device", "app", "d-young")
    assert made[node_id(device)] == person_id(device)
    assert len(set(made.values())) == 2
