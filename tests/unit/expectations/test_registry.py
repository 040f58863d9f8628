"""The registry: names are unique and human, every claim says whose it is and what to do."""

from __future__ import annotations

import re

import pytest

from expectations import registry
from tests.unit.quality import tiny_build


def claims() -> list[registry.Claim]:
    context = {"streams": tiny_build.STREAMS}
    return [
        claim
        for gate in ("landing", "release")
        for _, claim in registry.plan(gate, day="2026-03-31", columns={}, context=context).claims()
    ]


def test_names_are_unique_over_both_gates_and_snake_case() -> None:
    names = [claim.name for claim in claims()]

    assert len(names) == len(set(names))
    assert all(re.fullmatch(r"[a-z][a-z0-9_]*[a-z0-9]", name) for name in names)


def test_every_claim_says_whose_it_is_and_what_to_do() -> None:
    for claim in claims():
        assert claim.owner in {"marketing", "operations", "growth", "data"}, claim.name
        assert claim.severity in {"critical", "warning"}, claim.name
        for sentence in (claim.protects, claim.on_failure):
            assert sentence.endswith(".") and len(sentence) > 20, claim.name


def test_the_declared_expectation_carries_name_and_severity() -> None:
    claim = next(each for each in claims() if each.name == "account_fresh")

    declared = claim.declared()

    assert declared.meta is not None
    assert declared.meta["check_name"] == "account_fresh"
    assert str(declared.severity).endswith("warning")


def test_thresholds_are_overridden_by_name_and_unknown_ones_refused() -> None:
    assert registry.thresholds({"cac_max": 5.0})["cac_max"] == 5.0
    with pytest.raises(KeyError, match="cac_maximum"):
        registry.thresholds({"cac_maximum": 5.0})


def test_an_unknown_gate_is_refused() -> None:
    with pytest.raises(KeyError, match="landing and release"):
        registry.plan("publish", day="2026-03-31", columns={}, context={})
