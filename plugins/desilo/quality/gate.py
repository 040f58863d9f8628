"""Runs one gate: its evidence, its suites, its Data Docs. Knows how; `expectations` says what."""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

# Read when the package is imported: without it every offline run waits for a usage report.
os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")

import great_expectations as gx
from great_expectations.core.run_identifier import RunIdentifier
from great_expectations.data_context.types.base import (
    DataContextConfig,
    InMemoryStoreBackendDefaults,
    ProgressBarsConfig,
)

from desilo import settings
from desilo.quality import data_docs, duckdb_dialect
from desilo.quality.results import CheckResult, Gate, GateResult
from expectations import registry

log = logging.getLogger(__name__)
# It tells of every method it registers, at INFO: a thousand lines in a log that people read.
logging.getLogger("great_expectations").setLevel(logging.WARNING)

SHOWN_ROWS = 3
RESULT_FORMAT = {"result_format": "SUMMARY", "partial_unexpected_count": 10}


def run(
    gate: Gate, database: Path, *, day: date, docs_dir: Path, context: Mapping[str, Any]
) -> GateResult:
    """See `desilo.quality.run_gate`."""
    if not database.exists():
        raise FileNotFoundError(f"there is no build database at {database}")
    duckdb_dialect.register()
    project = gx.get_context(
        mode="ephemeral",
        project_config=DataContextConfig(
            store_backend_defaults=InMemoryStoreBackendDefaults(init_temp_docs_sites=False)
        ),
    )
    project.variables.progress_bars = ProgressBarsConfig(globally=False)
    data_docs.add_site(project, docs_dir)
    with warnings.catch_warnings():
        # It asks for a DuckDB data source, which does not exist.
        warnings.filterwarnings("ignore", message=".*more specific.*")
        source = project.data_sources.add_sql(
            "build_database",
            connection_string=duckdb_dialect.connection_string(database),
            create_temp_table=False,
            kwargs=duckdb_dialect.engine_options(),
        )
        engine = source.get_execution_engine().engine
    checked_at = settings.now()
    run_id = RunIdentifier(run_name=day.isoformat(), run_time=checked_at)
    try:
        plan = registry.plan(gate, day=day.isoformat(), columns=_columns(engine), context=context)
        broken = _make_evidence(engine, plan.evidence)
        checks: list[CheckResult] = []
        for suite in plan.suites:
            results = _validate(project, source, suite, run_id)
            checks.extend(_results(gate, suite, results, broken, checked_at))
        passed = all(each.success for each in checks if each.severity == "critical")
        result = GateResult(gate, passed, checks)
        claims = [claim for _, claim in plan.claims()]
        data_docs.build(project, docs_dir, result, claims, day)
    finally:
        # The source holds an engine of its own besides its execution engine's; one that stays
        # open would keep the next writer out.
        engine.dispose()
        source.get_engine().dispose()
    for each in (*result.blocking, *result.warnings):
        log.warning("%s gate, %s (%s): %s", gate, each.check_name, each.severity, each.details)
    return result


def _columns(engine: Any) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    with engine.connect() as connection:
        rows = connection.exec_driver_sql(
            "select table_schema || '.' || table_name, column_name, data_type "
            "from information_schema.columns order by 1, ordinal_position"
        )
        for table, column, data_type in rows:
            found.setdefault(table, {})[column] = data_type
    return found


def _make_evidence(engine: Any, evidence: Mapping[str, str]) -> dict[str, str]:
    """Make the temporary tables; returns what could not be made and why, by name."""
    broken: dict[str, str] = {}
    with engine.connect() as connection:
        for name, query in evidence.items():
            try:
                connection.exec_driver_sql(f"create or replace temp table {name} as {query}")
                connection.commit()
            except Exception as error:  # any cause fails the checks that need this evidence
                connection.rollback()
                broken[name] = f"evidence {name} could not be made: {_first_line(str(error))}"
                log.warning(broken[name])
    return broken


def _validate(project: Any, source: Any, suite: registry.Suite, run_id: RunIdentifier) -> Any:
    asset = source.add_query_asset(suite.name, query=suite.query)
    declared = project.suites.add(gx.ExpectationSuite(name=suite.name))
    declared.expectations = [claim.declared() for claim in suite.claims]
    declared.save()
    definition = project.validation_definitions.add(
        gx.ValidationDefinition(
            name=suite.name,
            data=asset.add_batch_definition_whole_table("every row"),
            suite=declared,
        )
    )
    return definition.run(result_format=RESULT_FORMAT, run_id=run_id)


def _results(
    gate: Gate,
    suite: registry.Suite,
    validation: Any,
    broken: Mapping[str, str],
    checked_at: datetime,
) -> Iterator[CheckResult]:
    by_name = {
        result.expectation_config.meta["check_name"]: result for result in validation.results
    }
    for claim in suite.claims:
        result = by_name[claim.name]
        error = _exception(result.exception_info)
        severity = claim.severity
        found: int | None = None
        observed: str | None = None
        if error:
            severity = "critical"
            causes = [why for name, why in broken.items() if name in error or name in suite.query]
            details = "the check itself failed: " + "; ".join([*causes, error])
        else:
            found, observed, details = _measured(result.result, result.success)
        yield CheckResult(
            gate=gate,
            suite=suite.name,
            check_name=claim.name,
            severity=severity,
            success=bool(result.success) and not error,
            observed_value=observed,
            unexpected_count=found,
            details=details,
            subject=claim.subject,
            checked_at=checked_at.astimezone(UTC).replace(tzinfo=None),
        )


def _measured(result: Mapping[str, Any], success: bool) -> tuple[int | None, str | None, str]:
    """(unexpected count, observed value, first rows in words) of a result."""
    rows = (result.get("details") or {}).get("unexpected_rows")
    observed = result.get("observed_value")
    if rows is not None:
        count = int(observed or 0)
        return count, f"{count} rows", "" if success else _in_words(rows, count)
    if result.get("unexpected_count") is not None:
        count = int(result["unexpected_count"])
        values = result.get("partial_unexpected_list") or []
        shown = [each if isinstance(each, Mapping) else {"value": each} for each in values]
        return count, f"{count} rows", "" if success else _in_words(shown, count)
    return None, None if observed is None else str(observed), "" if success else f"saw {observed}"


def _in_words(rows: Sequence[Mapping[str, Any]], found: int) -> str:
    shown = "; ".join(
        ", ".join(f"{name} {value}" for name, value in row.items() if value is not None)
        for row in rows[:SHOWN_ROWS]
    )
    more = found - min(found, SHOWN_ROWS, len(rows))
    return f"{shown}; and {more} more" if more and shown else shown or f"{found} rows"


def _exception(info: Mapping[str, Any] | None) -> str:
    """The text of the first exception of a result, or nothing."""
    if not info:
        return ""
    each = info if "raised_exception" in info else next(iter(info.values()))
    if not each.get("raised_exception"):
        return ""
    return _first_line(str(each.get("exception_message")))


def _first_line(message: str) -> str:
    """DuckDB's own sentence, without the statement that SQLAlchemy appends."""
    return " ".join(message.split("[SQL:")[0].split())
