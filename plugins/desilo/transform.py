"""Runs dbt, one layer at a time, and keeps what it said about every model.

dbt runs inside this process (a cold start costs 8 s, a warm one 2 s) and holds its DuckDB
connection after it is done, so every run ends by closing it: the gates open the same file
read-only, which DuckDB refuses while a writing connection is open in the process.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from desilo import mart_docs, settings, warehouse
from desilo.durable import checkpoint

log = logging.getLogger(__name__)

LAYERS = ("staging", "marts")
"""Selectors of dbt_project/selectors.yml, in the order in which they are built."""

TONIGHT = {"staging": "staging_tonight", "marts": "marts_tonight"}
"""Selectors of a night on top of another one."""

DBT_ENVIRONMENT = {"DO_NOT_TRACK": "1", "DBT_SEND_ANONYMOUS_USAGE_STATS": "false"}


class TransformError(Exception):
    """dbt failed; the text names the models or tests and what they said."""


@dataclass(frozen=True)
class ModelResult:
    """One node of a dbt run: model, seed, test or unit test."""

    layer: str
    model: str
    status: str
    rows_affected: int | None
    execution_s: float
    message: str


def build_layer(
    layer: str, configuration: settings.Configuration, build: warehouse.Build
) -> list[ModelResult]:
    """Build one layer and keep its results in `meta.models`.

    Raises:
        TransformError: a model or a test of severity error failed.
    """
    checkpoint(f"building {layer}")
    arguments = [
        "build",
        "--selector", layer if build.is_full_refresh else TONIGHT[layer],
        "--vars", json.dumps(variables(configuration, build)),
    ]  # fmt: skip
    if layer != LAYERS[-1]:
        # The docs are made of the last layer's manifest; nobody reads an earlier one (1 s).
        arguments.append("--no-write-json")
    if build.is_full_refresh:
        arguments.append("--full-refresh")
    with warehouse.exclusive():
        outcome = _dbt(arguments)
    results = [_result(layer, each) for each in getattr(outcome.result, "results", [])]
    warehouse.keep(
        "models",
        "layer",
        layer,
        [[r.layer, r.model, r.status, r.rows_affected, r.execution_s, r.message] for r in results],
    )
    for each in results:
        log.info("%s %s: %s in %.2f s", layer, each.model, each.status, each.execution_s)
    failed = [each for each in results if each.status in ("error", "fail", "runtime error")]
    if failed or not outcome.success:
        said = "; ".join(f"{each.model}: {each.message}" for each in failed) or str(
            outcome.exception or "dbt did not say why"
        )
        raise TransformError(f"dbt layer {layer} failed: {said}")
    return results


def write_docs(
    configuration: settings.Configuration,
    build: warehouse.Build,
    folder: Path,
    *,
    is_compiled: bool,
) -> None:
    """Write the dbt docs into `folder`: a page that opens offline, and its charts.

    Args:
        is_compiled: a build has just compiled the project as it is; doing it again costs 6 s.
    Raises:
        TransformError: dbt could not write them.
        desilo.mart_docs.DocsError: dbt's page no longer is as it was.
    """
    arguments = ["docs", "generate", "--vars", json.dumps(variables(configuration, build))]
    if is_compiled:
        arguments.append("--no-compile")
    with warehouse.exclusive():
        outcome = _dbt(arguments)
        if not outcome.success:
            raise TransformError(f"dbt docs failed: {outcome.exception}")
        mart_docs.write_pages(target_dir(), settings.build_database(), folder)


def descriptions() -> dict[str, dict[str, str]]:
    """What dbt's project says of every mart: by table, of its columns; the table's own under ""."""
    manifest = target_dir() / "manifest.json"
    if not manifest.exists():
        return {}
    nodes = json.loads(manifest.read_text("utf-8"))["nodes"].values()
    return {
        node["name"]: {"": node["description"]}
        | {name: column["description"] for name, column in node["columns"].items()}
        for node in nodes
        if node["resource_type"] == "model" and node["schema"] == "marts"
    }


def variables(configuration: settings.Configuration, build: warehouse.Build) -> dict[str, str]:
    return {
        "business_timezone": configuration.business_timezone,
        "base_currency": configuration.base_currency,
        "start_date": configuration.start_date.isoformat(),
    }


def target_dir() -> Path:
    return settings.home() / "dbt_target"


def _dbt(arguments: Sequence[str]) -> Any:
    from dbt.cli.main import dbtRunner

    shared = [
        "--project-dir", str(settings.DBT_PROJECT_DIR),
        "--profiles-dir", str(settings.DBT_PROJECT_DIR),
        "--target-path", str(target_dir()),
        "--log-path", str(settings.home() / "dbt_logs"),
    ]  # fmt: skip
    with environment({**DBT_ENVIRONMENT, "DESILO_BUILD_DB": str(settings.build_database())}):
        try:
            return dbtRunner().invoke([*arguments, *shared])
        finally:
            from dbt.adapters.duckdb.connections import DuckDBConnectionManager

            DuckDBConnectionManager.close_all_connections()


@contextmanager
def environment(values: dict[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _result(layer: str, result: Any) -> ModelResult:
    rows = (result.adapter_response or {}).get("rows_affected")
    return ModelResult(
        layer=layer,
        model=result.node.name,
        status=str(result.status),
        rows_affected=int(rows) if rows is not None else None,
        execution_s=float(result.execution_time),
        message=str(result.message or ""),
    )
