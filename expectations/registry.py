"""What a claim is, and the plan of each gate.

A gate's plan is data: evidence (temporary tables made once, because reading the verbatim records
is what costs) and suites (claims about one table or query each). Check names are unique over both
gates and never change their meaning: they stand in ``meta_checks``, on the page and in tests.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from great_expectations.expectations.core import UnexpectedRowsExpectation
from great_expectations.expectations.expectation import Expectation
from great_expectations.render import RenderedTableContent
from great_expectations.render.renderer.renderer import renderer

SHOWN_ROWS = 20
Severity = Literal["critical", "warning"]
Columns = Mapping[str, Mapping[str, str]]
"""``schema.table`` -> column -> DuckDB type: what the database holds when the gate starts."""

THRESHOLDS: Mapping[str, float] = {
    # landing
    "money_jump": 20.0,  # an account-day against its own median, up or (inverse) down
    "money_restated": 5.0,  # a day re-read against the same day as the build before had it
    "cost_per_click_min": 0.001,  # major units; a hundredth of the cheapest click seen
    "cost_per_click_max": 50.0,  # an account's day; the dearest trades pay 10 on average
    "rows_share_min": 0.3,  # rows of a day against the trailing median
    "rows_norm_min": 20.0,  # below so many rows a day a smaller answer is ordinary
    "ad_share_drop": 0.5,  # ad-level share of a campaign's spend against its own median
    "ad_share_excess": 1.05,  # two readings of one day may differ by a late click
    "duplicate_event_share": 0.05,  # phones repeat themselves; a doubled page is far above
    "suspect_days": 3.0,  # so many suspect days of one account are no accident
    # release
    "unallocated_share_drift": 0.2,
    "negative_share_critical": 0.005,
    "quarantine_share_warning": 0.001,
    "quarantine_share_critical": 0.05,
    "volume_drift": 0.5,  # a day's orders or touches against the trailing median
    "cac_max": 10_000.0,
    "ltv_cac_max": 100.0,
    "order_value_jump": 10.0,  # a day's median order line against the four weeks before
    "order_value_max": 1_000_000.0,
}


class NoRows(UnexpectedRowsExpectation):
    """A claim in SQL: the query finds what breaks it, so it must find nothing.

    The first rows found go into the result at every result format, so that the reason is named and
    not only counted.
    """

    @classmethod
    @renderer(renderer_type="renderer.diagnostic.unexpected_table")
    def _diagnostic_unexpected_table_renderer(
        cls,
        configuration: Any = None,
        result: Any = None,
        runtime_configuration: Any = None,
    ) -> list[RenderedTableContent] | None:
        """The rows found, as a table on the validation's page."""
        details = (result.result or {}).get("details") if result else None
        rows = (details or {}).get("unexpected_rows")
        if not rows:
            return None
        table = [[str(value) for value in row.values()] for row in rows]
        return [
            RenderedTableContent(
                content_block_type="table", table=table, header_row=[str(name) for name in rows[0]]
            )
        ]

    def _validate(
        self,
        metrics: dict[str, Any],
        runtime_configuration: dict[str, Any] | None = None,
        execution_engine: Any | None = None,
    ) -> dict[str, Any]:
        found = metrics["unexpected_rows_query.row_count"]
        rows = metrics["unexpected_rows_query.table"][:SHOWN_ROWS]
        return {
            "success": found == 0,
            "result": {"observed_value": found, "details": {"unexpected_rows": rows}},
        }


@dataclass(frozen=True)
class Claim:
    """One named check.

    subject: what it is about, for people. owner: marketing, operations, growth or data.
    protects: the number that would be wrong. on_failure: what the person on duty does.
    """

    name: str
    severity: Severity
    subject: str
    owner: str
    protects: str
    on_failure: str
    expectation: Expectation

    def declared(self) -> Expectation:
        """The expectation, carrying its name, severity and what people read about it."""
        self.expectation.meta = {
            "check_name": self.name,
            "subject": self.subject,
            "owner": self.owner,
            "protects": self.protects,
            "on_failure": self.on_failure,
        }
        self.expectation.severity = self.severity
        self.expectation.description = f"{self.name} ({self.severity}): {self.protects}"
        self.expectation.notes = [f"Owner: {self.owner}.", f"When it fails: {self.on_failure}"]
        return self.expectation


def claim(
    name: str,
    severity: Severity,
    subject: str,
    owner: str,
    protects: str,
    on_failure: str,
    query: str,
) -> Claim:
    """A claim in SQL; `query` reads `{batch}` and finds what breaks the claim."""
    expectation = NoRows(unexpected_rows_query=query)
    return Claim(name, severity, subject, owner, protects, on_failure, expectation)


@dataclass(frozen=True)
class Suite:
    """Claims about the rows of one query."""

    name: str
    query: str
    claims: tuple[Claim, ...]


@dataclass(frozen=True)
class Plan:
    """One gate: evidence by name (made in this order), then suites."""

    gate: str
    evidence: Mapping[str, str] = field(default_factory=dict)
    suites: tuple[Suite, ...] = ()

    def claims(self) -> Iterator[tuple[Suite, Claim]]:
        for suite in self.suites:
            for claim in suite.claims:
                yield suite, claim


def plan(gate: str, *, day: str, columns: Columns, context: Mapping[str, Any]) -> Plan:
    """The plan of a gate for a night.

    Args:
        day: DAY, ISO.
        columns: what the database holds; the first night has no marts to compare with.
        context: `streams` (landing) and `thresholds` (overrides of `THRESHOLDS`).

    Raises:
        KeyError: no such gate, or a threshold that does not exist.
    """
    from expectations import landing, release

    limits = thresholds(context.get("thresholds") or {})
    if gate == "landing":
        return landing.plan(day, columns, context.get("streams") or (), limits)
    if gate == "release":
        return release.plan(day, columns, limits)
    raise KeyError(f"no gate named {gate!r}; there are landing and release")


def thresholds(overrides: Mapping[str, float]) -> Mapping[str, float]:
    unknown = sorted(set(overrides) - set(THRESHOLDS))
    if unknown:
        raise KeyError(f"unknown thresholds {unknown}; there are {sorted(THRESHOLDS)}")
    return {**THRESHOLDS, **overrides}


def text(value: str) -> str:
    """A SQL text literal."""
    return "'" + value.replace("'", "''") + "'"


def union(selects: Sequence[str]) -> str:
    return "\nunion all\n".join(selects)
