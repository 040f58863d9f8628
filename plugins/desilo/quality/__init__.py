"""The gates: Great Expectations decides whether a night's numbers may be seen.

`run_gate` is imported when it is called for: Great Expectations costs seconds to import, and those
who only read results should not pay them.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from desilo.quality.results import CheckResult, Gate, GateResult, Severity

__all__ = ["CheckResult", "Gate", "GateResult", "Severity", "run_gate"]


def run_gate(
    gate: Gate, database: Path, *, day: date, docs_dir: Path, context: Mapping[str, Any]
) -> GateResult:
    """Run every suite of a gate on a build database and write its Data Docs.

    The database is opened read-only; close every writing connection of this process first.

    Args:
        gate: `landing` (reads schema ``raw`` and, where they exist, the marts of the build before)
            or `release` (reads ``marts``, ``intermediate``, ``staging``).
        day: the night's DAY.
        docs_dir: folder for the static site; replaced when it exists.
        context: ``streams`` (landing: a list of mappings with kind, stream, key, required, money,
            is_snapshot) and, optionally, ``thresholds`` (see `expectations.registry.THRESHOLDS`).
    """
    from desilo.quality.gate import run

    return run(gate, database, day=day, docs_dir=docs_dir, context=context)
