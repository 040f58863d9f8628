"""What a gate says: one result a check, and whether the night may pass."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Gate = Literal["landing", "release"]
Severity = Literal["critical", "warning"]


@dataclass(frozen=True)
class CheckResult:
    """One check of one gate.

    observed_value is what was measured, as text; unexpected_count the rows that broke the claim
    (None when the check did not get so far); details name the first of them in words; subject is
    the table or topic that the claim is about; checked_at is naive UTC.
    """

    gate: Gate
    suite: str
    check_name: str
    severity: Severity
    success: bool
    observed_value: str | None
    unexpected_count: int | None
    details: str
    subject: str
    checked_at: datetime


@dataclass(frozen=True)
class GateResult:
    """All checks of one gate, in the order in which the suites declare them."""

    gate: Gate
    passed: bool
    checks: list[CheckResult]

    @property
    def blocking(self) -> list[CheckResult]:
        """The failed critical checks: the reasons of a blocked night."""
        return [each for each in self.checks if not each.success and each.severity == "critical"]

    @property
    def warnings(self) -> list[CheckResult]:
        return [each for each in self.checks if not each.success and each.severity == "warning"]
