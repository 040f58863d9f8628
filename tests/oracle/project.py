"""The dbt project's own SQL on tables that a test makes up, without dbt's seconds per run.

dbt compiles the project once a session; a test then gives some models their rows and asks for
another one. What lies between is run as it was compiled, in an in-memory DuckDB.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

DATABASE = "build"
SCHEMAS = ("raw", "seeds", "staging", "intermediate", "marts")

Rows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Table:
    """Rows made up for a model or source: `types` is its columns as DuckDB types, in order."""

    types: Mapping[str, str]
    rows: Rows = ()


class Project:
    """A compiled project: names are models' and seeds' names.

    Args:
        manifest: dbt's manifest after `dbt compile` into an empty database `build`.
        project_dir: the folder of dbt_project.yml, where the seeds are read.
    """

    def __init__(self, manifest: Path, project_dir: Path) -> None:
        nodes = json.loads(manifest.read_text("utf-8"))["nodes"].values()
        kept = [node for node in nodes if node["resource_type"] in ("model", "seed")]
        self._nodes = {node["name"]: node for node in kept}
        self._by_id = {node["unique_id"]: node["name"] for node in kept}
        self._dir = project_dir

    def run(
        self,
        wanted: str | Sequence[str],
        given: Mapping[str, Table],
        *,
        seeds: Mapping[str, str] | None = None,
    ) -> dict[str, list[dict[str, Any]]]:
        """Rows of the wanted models when the given ones hold these rows.

        Args:
            given: tables by model name; models upstream of them are not run.
            seeds: CSV texts that replace seeds of the project.
        Raises:
            KeyError: a name that the project does not have.
        """
        names = [wanted] if isinstance(wanted, str) else list(wanted)
        with self.world(given, seeds=seeds) as connection:
            self.build(connection, names, given)
            return {name: self.rows(connection, name) for name in names}

    @contextmanager
    def world(
        self, given: Mapping[str, Table], *, seeds: Mapping[str, str] | None = None
    ) -> Iterator[duckdb.DuckDBPyConnection]:
        """An in-memory build database that holds the given tables and the seeds."""
        with duckdb.connect(":memory:", config={"threads": 1}) as connection:
            connection.execute("set TimeZone = 'UTC'")
            connection.execute(f"attach ':memory:' as {DATABASE}; use {DATABASE}")
            for schema in SCHEMAS:
                connection.execute(f"create schema {DATABASE}.{schema}")
            for name, table in given.items():
                self.put(connection, name, table)
            for name, node in self._nodes.items():
                if node["resource_type"] == "seed" and name not in given:
                    self._seed(connection, node, (seeds or {}).get(name))
            yield connection

    def put(self, connection: duckdb.DuckDBPyConnection, name: str, table: Table) -> None:
        """Make a model's table of these rows."""
        relation = self.relation(name)
        columns = ", ".join(f'"{column}" {kind}' for column, kind in table.types.items())
        connection.execute(f"create or replace table {relation} ({columns})")
        if table.rows:
            marks = ", ".join("?" for _ in table.types)
            values = [[row.get(column) for column in table.types] for row in table.rows]
            connection.executemany(f"insert into {relation} values ({marks})", values)

    def build(
        self,
        connection: duckdb.DuckDBPyConnection,
        wanted: Sequence[str],
        given: Mapping[str, Table],
    ) -> None:
        """Run what leads from the given tables to the wanted models."""
        for name in self._order(wanted, set(given)):
            node = self._nodes[name]
            if node["language"] == "python":
                made = self._python(connection, node)
                connection.register("made", made)
                connection.execute(f"create table {self.relation(name)} as select * from made")
                connection.unregister("made")
            else:
                kind = "view" if node["config"]["materialized"] == "view" else "table"
                connection.execute(
                    f"create {kind} {self.relation(name)} as\n{node['compiled_code']}"
                )

    def rows(self, connection: duckdb.DuckDBPyConnection, name: str) -> list[dict[str, Any]]:
        """All rows of a model that was built, as dicts."""
        cursor = connection.execute(f"select * from {self.relation(name)}")
        columns = [column[0] for column in cursor.description or []]
        return [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]

    def contract(self, name: str) -> dict[str, str]:
        """Columns of a mart and their types, as its contract says."""
        columns = self._nodes[name]["columns"].values()
        return {column["name"]: column["data_type"] for column in columns}

    def seed(self, name: str) -> str:
        """The CSV text of a seed."""
        return (self._dir / self._nodes[name]["original_file_path"]).read_text("utf-8")

    def relation(self, name: str) -> str:
        """The relation of a model or seed; any other name is a table of schema raw."""
        node = self._nodes.get(name)
        return node["relation_name"] if node else f'"{DATABASE}"."raw"."{name}"'

    def _order(self, wanted: Sequence[str], given: set[str]) -> list[str]:
        order: list[str] = []

        def visit(name: str) -> None:
            node = self._nodes[name]
            if name in given or name in order or node["resource_type"] == "seed":
                return
            for upstream in node["depends_on"]["nodes"]:
                if upstream in self._by_id:
                    visit(self._by_id[upstream])
            order.append(name)

        for name in wanted:
            visit(name)
        return order

    def _seed(
        self, connection: duckdb.DuckDBPyConnection, node: Mapping[str, Any], text: str | None
    ) -> None:
        types = dict(node["config"].get("column_types") or {})
        path = self._dir / node["original_file_path"]
        lines = path.read_text("utf-8") if text is None else text
        header = lines.split("\n", 1)[0].strip().split(",")
        columns = ", ".join(f'"{column}" {types.get(column, "varchar")}' for column in header)
        connection.execute(f"create table {node['relation_name']} ({columns})")
        rows = [
            [cell if cell != "" else None for cell in row]
            for row in list(csv.reader(io.StringIO(lines)))[1:]
            if row
        ]
        if rows:
            marks = ", ".join("?" for _ in header)
            connection.executemany(f"insert into {node['relation_name']} values ({marks})", rows)

    def _python(self, connection: duckdb.DuckDBPyConnection, node: Mapping[str, Any]) -> pa.Table:
        project = self

        class Dbt:
            class config:
                def __init__(self, **_: Any) -> None:
                    pass

                @staticmethod
                def get(_: str) -> None:
                    return None

            @staticmethod
            def ref(name: str) -> duckdb.DuckDBPyRelation:
                return connection.sql(f"select * from {project.relation(name)}")

        scope: dict[str, Any] = {"__name__": f"model_{node['name']}"}
        exec(compile(node["raw_code"], node["original_file_path"], "exec"), scope)
        made = scope["model"](Dbt, connection)
        return made if isinstance(made, pa.Table) else made.arrow()


def compile_project(home: Path, as_of: date) -> Path:
    """Compile the project into `home` for a day; the path of the manifest.

    Raises:
        RuntimeError: dbt refused; the text is dbt's.
    """
    from dbt.cli.main import dbtRunner

    from desilo import settings, transform

    home.mkdir(parents=True, exist_ok=True)
    variables = {
        "as_of": as_of.isoformat(),
        "business_timezone": "Europe/Berlin",
        "base_currency": "EUR",
        "start_date": "2026-01-01",
    }
    environment = {
        **transform.DBT_ENVIRONMENT,
        "DESILO_BUILD_DB": str(home / f"{DATABASE}.duckdb"),
    }
    with transform.environment(environment):
        outcome = dbtRunner().invoke(
            [
                "compile", "--quiet", "--no-introspect",
                "--project-dir", str(settings.DBT_PROJECT_DIR),
                "--profiles-dir", str(settings.DBT_PROJECT_DIR),
                "--target-path", str(home / "target"),
                "--log-path", str(home / "logs"),
                "--vars", json.dumps(variables),
            ]
        )  # fmt: skip
    if not outcome.success:
        raise RuntimeError(f"dbt could not compile the project: {outcome.exception}")
    return home / "target" / "manifest.json"
