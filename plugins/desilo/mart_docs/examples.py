"""Example queries: one SQL file a mart, with its question and its chart as comments on top.

    -- Does a cohort earn back what it cost?
    -- chart: line x=age_days y=ltv_cac_ratio by=cohort_month
    select ...

The query runs on a release as it stands there, so an analyst can copy it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from desilo import settings

FOLDER = settings.DBT_PROJECT_DIR / "docs" / "examples"
KINDS = {"line": ("x", "y"), "bar": ("x", "y"), "grid": ("x", "y", "value")}
"""Kinds of chart, and what each of them must name; `by` splits lines and bars into series."""


class ExampleError(Exception):
    """An example file is not as it should be; the text says which and what is missing."""


@dataclass(frozen=True)
class Chart:
    """How the answer is drawn: a kind of `KINDS`, and the answer's columns by role."""

    kind: str
    columns: dict[str, str]


@dataclass(frozen=True)
class Example:
    """What a mart answers: `sql` runs on a release and gives the chart's columns."""

    mart: str
    question: str
    chart: Chart
    sql: str


def read_examples(folder: Path = FOLDER) -> dict[str, Example]:
    """Every example by its mart.

    Raises:
        ExampleError: a file without question, with a chart that cannot be drawn, or without query.
    """
    return {path.stem: _read(path) for path in sorted(folder.glob("*.sql"))}


def _read(path: Path) -> Example:
    lines = path.read_text("utf-8").strip().splitlines()
    if len(lines) < 3 or not lines[0].startswith("-- ") or not lines[1].startswith("-- chart: "):
        raise ExampleError(
            f"{path.name} must begin with '-- <question>' and '-- chart: <kind> x=... y=...'"
        )
    kind, _, rest = lines[1].removeprefix("-- chart: ").partition(" ")
    columns = dict(re.findall(r"(\w+)=(\w+)", rest))
    if kind not in KINDS:
        raise ExampleError(f"{path.name}: chart {kind!r} is none of {', '.join(KINDS)}")
    missing = [role for role in KINDS[kind] if role not in columns]
    if missing:
        raise ExampleError(f"{path.name}: a {kind} needs {', '.join(missing)}")
    return Example(
        mart=path.stem,
        question=lines[0].removeprefix("-- ").strip(),
        chart=Chart(kind, columns),
        sql="\n".join(lines[2:]).strip(),
    )
