"""Run one claim of a gate, evidence and all, without the others: a planted fault has one name."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from desilo.quality import CheckResult, Gate, run_gate
from expectations import registry
from tests.unit.quality import tiny_build


def check(
    monkeypatch: pytest.MonkeyPatch,
    gate: Gate,
    name: str,
    database: Path,
    docs_dir: Path,
    thresholds: dict[str, float] | None = None,
) -> CheckResult:
    """The result of one check of a gate.

    Raises:
        AssertionError: the gate has no check of that name.
    """
    whole_plan = registry.plan

    def plan(*arguments: Any, **options: Any) -> registry.Plan:
        whole = whole_plan(*arguments, **options)
        suites = tuple(
            replace(suite, claims=tuple(claim for claim in suite.claims if claim.name == name))
            for suite in whole.suites
        )
        kept = tuple(suite for suite in suites if suite.claims)
        assert kept, f"the {gate} gate has no check named {name}"
        return replace(whole, suites=kept)

    monkeypatch.setattr(registry, "plan", plan)
    context = {"streams": tiny_build.STREAMS, "thresholds": thresholds or {}}
    result = run_gate(gate, database, day=tiny_build.DAY, docs_dir=docs_dir, context=context)
    (found,) = result.checks
    assert result.passed == (found.success or found.severity == "warning")
    return found
