"""Who is who in the hard world, judged by its truth; only identity is built, no night is run."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

import pytest

from sandbox.clock import instant
from sandbox.ledger import known_at
from sandbox.people import sha256
from sandbox.truth import identifiers
from sandbox.world import World, make_world
from tests.identity_scores import Scores, scores
from tests.oracle.emulated import land
from tests.oracle.project import Project, Table

NOW = "2026-04-01T08:30:00Z"
FIRST = date(2026, 1, 1)
RATES = {
    "int_fx_rates_daily": Table(
        {"currency": "varchar", "date_day": "date", "fx_rate": "decimal(18, 8)", "fx_date": "date"},
        [
            {"currency": currency, "date_day": day, "fx_rate": rate, "fx_date": day}
            for day in (FIRST + timedelta(days=number) for number in range(90))
            for currency, rate in (("USD", "0.92"), ("CNY", "0.13"))
        ],
    )
}
Identifier = tuple[str, str]


@pytest.fixture(scope="module")
def world() -> World:
    return make_world("hard")


@pytest.fixture(scope="module")
def truth(world: World) -> dict[Identifier, str]:
    """The person of every identifier that is one person's and can be known to be."""
    true: dict[Identifier, str] = {}
    for person, kind, text, is_observable, is_shared in identifiers(
        world, known_at(world, instant(NOW))
    ):
        if is_observable and not is_shared:
            value = sha256(text.strip().lower()) if kind == "user_id" and "@" in text else text
            true[kind.replace("device_id", "device"), value] = person
    return true


def persons(
    project: Project, world: World, seeds: Mapping[str, str] | None = None
) -> dict[Identifier, str]:
    with project.world(RATES, seeds=seeds) as connection:
        land(connection, world, NOW)
        project.build(connection, ["person_identifiers"], RATES)
        rows = project.rows(connection, "person_identifiers")
    found: dict[Identifier, str] = {}
    for row in rows:
        key = row["identifier_type"], row["identifier_value"]
        found[key] = min(row["person_id"], found.get(key, row["person_id"]))
    return found


def without(project: Project, *rule_ids: str) -> dict[str, str]:
    """The seed of the rules without some of them."""
    lines = project.seed("identity_rules").splitlines(keepends=True)
    return {"identity_rules": "".join(x for x in lines if x.split(",", 1)[0] not in rule_ids)}


def test_the_hard_world_has_what_makes_it_hard(world: World) -> None:
    people, contacts = world.people, world.contacts
    assert (people.phone_owner != range(len(people))).sum() > 100
    assert (contacts.email_owner != range(len(people))).sum() >= 15
    assert people.is_sold.sum() > 20
    assert contacts.is_placeholder.sum() > 50
    assert (people.extras > 0).sum() > 50


def test_people_of_the_hard_world_are_told_apart_and_found(
    project: Project, world: World, truth: dict[Identifier, str]
) -> None:
    got = scores(truth, persons(project, world))
    assert len(truth) > 6000
    assert got.found > 0.999
    assert got.precision >= 0.995, got
    assert got.recall >= 0.98, got
    assert min(got.b3_precision, got.b3_recall) >= 0.99, got


@pytest.mark.parametrize("rule_id", ["family_phone", "recycled_email", "frequent_email_customer"])
def test_every_rule_of_the_hard_world_is_needed(
    project: Project, world: World, truth: dict[Identifier, str], rule_id: str
) -> None:
    got: Scores = scores(truth, persons(project, world, without(project, rule_id)))
    assert got.precision < 0.995, got
