"""Rules: what they match, when they act."""

from __future__ import annotations

import pytest

from sandbox.clock import day_of
from sandbox.faults import Faults, Rule, drifted


def acts(faults: Faults, calls: int, **more: object) -> list[bool]:
    asked = {
        "path": "/graph/v26.0/act_1001/insights",
        "account": "1001",
        "since": None,
        "until": None,
        "level": None,
    }
    asked |= more
    return [faults.for_answer("meta_ads", **asked) is not None for _ in range(calls)]  # type: ignore[arg-type]


def faults(**match: object) -> Faults:
    made = Faults()
    made.set_rules([{"kind": "http_500", "match": match}])
    return made


@pytest.mark.parametrize(
    ("match", "expected"),
    [
        ({}, [True] * 5),
        ({"nth": 3}, [False, False, True, False, False]),
        ({"every": 2}, [False, True, False, True, False]),
        ({"times": 2}, [True, True, False, False, False]),
        ({"every": 2, "times": 1}, [False, True, False, False, False]),
        ({"platform": "google"}, [False] * 5),
        ({"platform": "meta", "account": "1002"}, [False] * 5),
        ({"path_contains": "/insights"}, [True] * 5),
        ({"path_contains": "/campaigns"}, [False] * 5),
    ],
)
def test_counters_and_names_decide_when_a_rule_acts(
    match: dict[str, object], expected: list[bool]
) -> None:
    assert acts(faults(**match), 5) == expected


def test_a_rule_for_a_day_acts_on_requests_that_ask_for_it() -> None:
    made = faults(day=["2026-02-03", "2026-02-09"])
    assert acts(made, 1, since=day_of("2026-02-01"), until=day_of("2026-02-03")) == [True]
    assert acts(made, 1, since=day_of("2026-02-04"), until=day_of("2026-02-08")) == [False]
    assert acts(made, 1) == [False], "a request without days asks for none"


def test_silent_rules_do_not_touch_the_wire() -> None:
    made = Faults()
    made.set_rules([{"kind": "money_100x", "match": {}}])
    assert acts(made, 1) == [False]
    assert [rule.kind for rule in made.silent("meta_ads", "1001")] == ["money_100x"]


@pytest.mark.parametrize(
    "document",
    [None, {}, {"kind": "gremlins"}, {"kind": "http_500", "match": {"platform": "myspace"}},
     {"kind": "http_500", "match": {"acount": "1"}},
     {"kind": "http_500", "match": {"day": "soon"}}],
)  # fmt: skip
def test_a_rule_that_says_nothing_sensible_is_refused(document: object) -> None:
    with pytest.raises(ValueError):
        Rule.parse(document)


def test_drift_changes_the_named_field_only() -> None:
    record = {"spend": "1.00", "clicks": "2"}
    new, missing, retyped = (
        drifted(Rule(kind), record, "spend")
        for kind in ("drift_new_field", "drift_missing_field", "drift_retyped_field")
    )
    assert set(new) - set(record) == {"new_field"}
    assert missing == {"clicks": "2"}
    assert retyped["clicks"] == "2" and not isinstance(retyped["spend"], str)
    assert drifted(Rule("throttle"), record, "spend") is record
