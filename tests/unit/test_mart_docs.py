"""The analyst's page: every mart has an example that can be drawn."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from xml.etree import ElementTree

import duckdb
import pytest

from desilo import settings
from desilo.mart_docs import Chart, DocsError, ExampleError, read_examples, write_pages
from desilo.mart_docs.charts import draw
from desilo.mart_docs.pages import FETCHES

SVG = "{http://www.w3.org/2000/svg}"


def marts() -> list[str]:
    folder = settings.DBT_PROJECT_DIR / "models" / "marts"
    return sorted(path.stem for kind in ("sql", "py") for path in folder.rglob(f"*.{kind}"))


def test_every_mart_has_an_example_and_every_example_a_mart() -> None:
    assert sorted(read_examples()) == marts()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("select 1\n\n", "must begin with"),
        ("-- Why?\n-- chart: pie x=a y=b\nselect 1", "none of line, bar, grid"),
        ("-- Why?\n-- chart: grid x=a y=b\nselect 1", "a grid needs value"),
    ],
)
def test_a_wrong_example_is_named_with_what_it_lacks(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "fct_x.sql").write_text(text)
    with pytest.raises(ExampleError, match=said):
        read_examples(tmp_path)


def texts(svg: str) -> list[str]:
    return [node.text or "" for node in ElementTree.fromstring(svg).iter(f"{SVG}text")]


def test_a_line_breaks_where_a_value_is_not_known() -> None:
    chart = Chart("line", {"x": "day", "y": "rate"})
    rows = [
        {"day": date(2026, 3, day), "rate": rate}
        for day, rate in enumerate([1.0, 2.0, None, 3.0, 4.0], start=1)
    ]
    svg = draw(chart, rows, "Rate & day")
    assert svg.count("<polyline") == 2
    assert ElementTree.fromstring(svg).get("aria-label") == "Rate & day"


def test_bars_carry_label_value_and_what_was_left_out() -> None:
    chart = Chart("bar", {"x": "name", "y": "n"})
    svg = draw(chart, [{"name": f"<{i}>", "n": 1234 - i} for i in range(33)], "Bars")
    assert {"<0>", "1,234", "and 3 more"} <= set(texts(svg))
    assert "<32>" not in texts(svg)


def test_a_cell_without_value_is_hatched_and_said_so() -> None:
    chart = Chart("grid", {"x": "age", "y": "cohort", "value": "ltv"})
    rows = [{"age": age, "cohort": "a", "ltv": 5 if age < 2 else None} for age in range(3)]
    svg = draw(chart, rows, "Grid")
    assert svg.count('fill="url(#open)"') == 1
    assert "hatched: no value (yet)" in texts(svg)


def test_an_empty_answer_says_so() -> None:
    assert "no rows in this release" in texts(draw(Chart("bar", {"x": "a", "y": "b"}), [], "Empty"))


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """What dbt writes, for one mart."""
    folder = tmp_path / "target"
    folder.mkdir()
    node = {"name": "fct_refunds", "resource_type": "model", "schema": "marts", "description": "D"}
    (folder / "manifest.json").write_text(json.dumps({"nodes": {"m": node}}))
    (folder / "catalog.json").write_text('{"nodes": {}}')
    page = f'<link href="https://fonts.googleapis.com/x"><script>{FETCHES}</script>'
    (folder / "index.html").write_text(page)
    return folder


def built(path: Path, columns: str) -> Path:
    with duckdb.connect(str(path)) as connection:
        connection.execute(f"create schema marts; create table marts.fct_refunds as {columns}")
    return path


def test_the_page_holds_the_example_its_chart_and_nothing_from_outside(
    target: Path, tmp_path: Path
) -> None:
    database = built(tmp_path / "build.duckdb", "select 'late' as reason, 7 as amount")
    write_pages(target, database, tmp_path / "docs")
    page = (tmp_path / "docs" / "index.html").read_text()
    question = read_examples()["fct_refunds"].question
    assert question in page and "charts/fct_refunds.svg" in page
    assert FETCHES not in page and "googleapis" not in page
    assert "late" in texts((tmp_path / "docs" / "charts" / "fct_refunds.svg").read_text())


def test_an_example_that_does_not_run_is_left_out_and_the_page_stays(
    target: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    database = built(tmp_path / "build.duckdb", "select 1 as other")
    write_pages(target, database, tmp_path / "docs")
    assert "the example of fct_refunds does not run" in caplog.text
    assert "charts/" not in (tmp_path / "docs" / "index.html").read_text()


def test_a_page_of_another_shape_is_refused(target: Path, tmp_path: Path) -> None:
    (target / "index.html").write_text("<p>new</p>")
    database = built(tmp_path / "build.duckdb", "select 'late' as reason, 7 as amount")
    with pytest.raises(DocsError, match="has changed"):
        write_pages(target, database, tmp_path / "docs")
