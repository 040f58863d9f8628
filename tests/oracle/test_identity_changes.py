"""What a changed rule does: people split, their numbers restate themselves, and a row says why."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest

from sandbox.world import make_world
from tests.oracle.emulated import land
from tests.oracle.project import Project, Table
from tests.oracle.test_hard_world import NOW, RATES, without

SHOWN = {
    "previous_identifiers": "person_identifiers",
    "previous_dropped": "identity_dropped",
    "previous_changes": "identity_changes",
}
NUMBERS = ("person_identifiers", "identity_dropped", "dim_person", "fct_attribution",
           "fct_touchpoints", "fct_retention", "int_conversions_value_steps")  # fmt: skip
COMPLETE = {
    "meta_sources": Table(
        {"kind": "varchar", "is_enabled": "boolean", "data_through_date": "date"},
        [
            {"kind": kind, "is_enabled": True, "data_through_date": date(2026, 3, 31)}
            for kind in ("amplitude", "order_files")
        ],
    )
}
Night = dict[str, list[dict[str, Any]]]


class Nights:
    """Builds of one emulated world under different rules, each beside an earlier one or none."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._world = make_world("hard")

    def build(self, seeds: Mapping[str, str] | None = None, before: Night | None = None) -> Night:
        project = self._project
        given = RATES | COMPLETE
        with project.world(given, seeds=seeds) as connection:
            land(connection, self._world, NOW)
            for shown, mart in SHOWN.items():
                table = Table(project.contract(mart), before[mart] if before else [])
                project.put(connection, shown, table)
            day = [{"day": date(2026, 3, 31)}] if before else []
            project.put(connection, "previous_release", Table({"day": "date"}, day))
            wanted = [*NUMBERS, "identity_changes"]
            project.build(connection, wanted, given)
            return {name: project.rows(connection, name) for name in wanted}


def content(night: Night) -> dict[str, list[str]]:
    return {name: sorted(map(str, night[name])) for name in NUMBERS}


def restated(night: Night) -> list[dict[str, Any]]:
    return [row for row in night["identity_changes"] if row["basis"] == "restated"]


@pytest.fixture(scope="module")
def nights(project: Project) -> Nights:
    return Nights(project)


@pytest.fixture(scope="module")
def loose(nights: Nights, project: Project) -> Night:
    """Families on one number are taken for one person."""
    return nights.build(without(project, "family_phone"))


@pytest.fixture(scope="module")
def tight(nights: Nights, loose: Night) -> Night:
    """The project's own rules, the night after."""
    return nights.build(None, loose)


def test_a_tightened_rule_gives_what_a_build_from_nothing_gives(
    nights: Nights, loose: Night, tight: Night
) -> None:
    assert content(tight) == content(nights.build())
    people = {name: len(night["dim_person"]) for name, night in
              (("loose", loose), ("tight", tight))}  # fmt: skip
    assert people["tight"] > people["loose"]
    firsts = [
        sum(row["conversion_kind"] == "first_order" for row in night["fct_attribution"])
        for night in (loose, tight)
    ]
    assert firsts[1] > firsts[0]
    for name in ("fct_retention", "int_conversions_value_steps"):
        assert content(tight)[name] != content(loose)[name]


def test_every_split_names_the_rule_and_what_moved(loose: Night, tight: Night) -> None:
    splits = restated(tight)
    assert len(splits) > 20
    assert {row["change_kind"] for row in splits} == {"split"}
    assert {row["rule_id"] for row in splits} == {"family_phone"}
    assert {row["left_type"] for row in splits} == {"phone"}
    assert {row["change_date"] for row in splits} == {date(2026, 3, 31)}
    before = {row["person_id"]: row for row in loose["dim_person"]}
    after = {row["person_id"]: row for row in tight["dim_person"]}
    for row in splits:
        assert row["person_id_before"] in before
        assert row["person_id_after"] not in before
        assert row["orders"] == after[row["person_id_after"]]["orders"]
        assert row["net_revenue"] == after[row["person_id_after"]]["net_revenue"]
    left = {row["person_id_before"] for row in splits}
    assert sum(before[person]["orders"] for person in left) == sum(
        after[person]["orders"] for person in left
    ) + sum(row["orders"] for row in splits)


def test_a_loosened_rule_merges_them_again_and_names_the_rule(
    nights: Nights, project: Project, loose: Night, tight: Night
) -> None:
    again = nights.build(without(project, "family_phone"), tight)
    assert content(again) == content(loose)
    split = {(row["person_id_before"], row["person_id_after"]) for row in restated(tight)}
    merged = {
        (row["person_id_after"], row["person_id_before"])
        for row in restated(again)
        if row["change_kind"] == "merge" and row["rule_id"] == "family_phone"
    }
    assert merged == split
    # What was written once is carried on.
    assert [row for row in restated(again) if row["change_kind"] == "split"] == restated(tight)


def test_a_night_like_the_one_before_changes_nothing(nights: Nights, tight: Night) -> None:
    again = nights.build(None, tight)
    assert sorted(map(str, again["identity_changes"])) == sorted(
        map(str, tight["identity_changes"])
    )
