"""Writes dbt's docs as one page that opens offline, an example and a chart under every mart."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb

from desilo.mart_docs.charts import draw
from desilo.mart_docs.examples import Example, read_examples

log = logging.getLogger(__name__)

FETCHES = 'n=[o("manifest","manifest.json"+t),o("catalog","catalog.json"+t)]'
"""Where dbt's page asks for its two documents; put in here, they need no server."""
OUTSIDE = (
    "https://fonts.googleapis.com",
    "https://fonts.gstatic.com",
    "//d1fc8wv8zag5ca.cloudfront.net",
)
"""dbt's usage tracker and web fonts: nothing is fetched at run time."""


class DocsError(Exception):
    """dbt's page is not as it was, or an example does not run; the text says which."""


def write_pages(dbt_target: Path, database: Path, folder: Path) -> None:
    """Write `index.html` and `charts/<mart>.svg` into `folder`.

    Args:
        dbt_target: what `dbt docs generate` wrote.
        database: the build database, whose marts the examples are asked.
    Raises:
        DocsError: dbt's page no longer is as it was.
    """
    manifest = json.loads((dbt_target / "manifest.json").read_text("utf-8"))
    marts = {
        node["name"]: node
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model" and node["schema"] == "marts"
    }
    charts = folder / "charts"
    charts.mkdir(parents=True, exist_ok=True)
    for stale in charts.glob("*.svg"):
        stale.unlink()
    with duckdb.connect(str(database), read_only=True) as connection:
        connection.execute("use marts")
        for mart, example in read_examples().items():
            if mart in marts:
                try:
                    picture = draw(example.chart, ask(connection, example), example.question)
                except DocsError as error:
                    # A night is not lost for a picture; the page then lacks the example.
                    log.warning("%s", error)
                    continue
                (charts / f"{mart}.svg").write_text(picture, "utf-8")
                marts[mart]["description"] += _section(example)
    page = (dbt_target / "index.html").read_text("utf-8")
    if FETCHES not in page:
        raise DocsError("dbt's docs page has changed: it no longer asks for its documents as known")
    documents = ",".join(
        f"{{label: '{name}', data: {text}}}"
        for name, text in {
            "manifest": json.dumps(manifest),
            "catalog": (dbt_target / "catalog.json").read_text("utf-8"),
        }.items()
    )
    for address in OUTSIDE:
        page = page.replace(address, "about:blank#")
    (folder / "index.html").write_text(page.replace(FETCHES, f"n=[{documents}]"), "utf-8")


def ask(connection: duckdb.DuckDBPyConnection, example: Example) -> list[Mapping[str, Any]]:
    """The answer to an example, a mapping a row.

    Raises:
        DocsError: the query fails, or lacks a column that the chart names.
    """
    try:
        cursor = connection.execute(example.sql)
    except duckdb.Error as error:
        raise DocsError(f"the example of {example.mart} does not run: {error}") from error
    columns = [column[0] for column in cursor.description or []]
    lacking = set(example.chart.columns.values()) - set(columns)
    if lacking:
        raise DocsError(f"the example of {example.mart} does not give {', '.join(sorted(lacking))}")
    return [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]


def _section(example: Example) -> str:
    return (
        f"\n\n**{example.question}**\n\n```sql\n{example.sql}\n```\n\n"
        f"![Chart: {example.question}](charts/{example.mart}.svg)\n"
    )
