"""Data Docs: a site that opens offline and whose index names every check and its reason."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import duckdb
import pytest

from desilo.quality import data_docs, run_gate
from tests.unit.quality import tiny_build


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("docs")
    database = tiny_build.build(folder / "build.duckdb")
    with duckdb.connect(str(database)) as connection:
        connection.execute(
            "update marts.fct_orders set fx_rate = null where order_id = 'o2_2026-03-31';"
            "update marts.meta_sources set status = '<script>' where kind = 'amplitude';"
            "update marts.meta_sources set status = 'stale' where kind = 'meta_ads'"
        )
    (folder / "site").mkdir()
    (folder / "site" / "of_an_older_run.html").write_text("old")
    run_gate("release", database, day=tiny_build.DAY, docs_dir=folder / "site", context={})
    return folder / "site"


class Fetched(HTMLParser):
    """What a browser would load by itself, and where links lead."""

    def __init__(self) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag in {"script", "link", "img", "iframe", "object", "embed", "video", "source"}:
            self.loads.append(tag)
        if tag == "a" and values.get("href"):
            self.links.append(str(values["href"]))


def pages(site: Path) -> list[Path]:
    return sorted(site.rglob("*.html"))


def test_no_page_fetches_anything(site: Path) -> None:
    for page in pages(site):
        text = page.read_text("utf-8")
        parser = Fetched()
        parser.feed(text)
        assert parser.loads == [], page
        style = " ".join(re.findall(r"<style>.*?</style>", text, re.DOTALL))
        assert "url(" not in style and "@import" not in style, page
        assert style, page


def test_links_inside_the_site_lead_somewhere(site: Path) -> None:
    for page in pages(site):
        parser = Fetched()
        parser.feed(page.read_text("utf-8"))
        for link in parser.links:
            target = urlsplit(link)
            if target.scheme or not target.path:
                continue
            assert (page.parent / unquote(target.path)).exists(), (page, link)


def test_the_index_names_every_check_and_puts_failures_first(site: Path) -> None:
    index = (site / "index.html").read_text("utf-8")

    states = re.findall(r'<tr class="(\w+)">', index)
    assert states[:2] == ["failed", "warned"]
    assert set(states[2:]) == {"passed"}
    assert "Blocked" in index
    assert "o2_2026-03-31" in index
    assert "What to do:" in index


def test_values_of_the_data_cannot_become_markup(site: Path) -> None:
    for page in pages(site):
        assert "<script" not in page.read_text("utf-8"), page


def test_a_failed_check_shows_its_rows_on_its_own_page(site: Path) -> None:
    (page,) = (site / "validations" / "release_orders").rglob("*.html")

    assert "o2_2026-03-31" in page.read_text("utf-8")


def test_an_older_site_in_the_folder_is_replaced(site: Path) -> None:
    assert not (site / "of_an_older_run.html").exists()


def test_what_is_fetched_or_run_is_taken_out() -> None:
    html = (
        '<head><link rel="stylesheet" href="https://cdn.example/x.css"></head>'
        '<body onload="x()"><script src="https://cdn.example/x.js"></script><p>kept</p></body>'
    )

    assert data_docs.offline(html, "p {}") == (
        "<head><style>\np {}</style>\n</head><body><p>kept</p></body>"
    )
