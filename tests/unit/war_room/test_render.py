"""The page as a reader meets it: nothing from outside, nothing missing shown as zero."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import duckdb
import pytest

from desilo.war_room import render
from tests.unit.war_room.sample_marts import build

WORLDS = ("busy", "history", "empty")
PAGES = ("index.html", "index.zh.html", "claims.html", "claims.zh.html")
VOID = {"meta", "link", "br", "img", "input", "line", "rect", "polyline"}


class Page(HTMLParser):
    """Every start tag with its attributes, and whether tags close in order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open and self.open.pop() == tag, f"</{tag}> closes nothing"

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def read(folder: Path, page: str = "index.html") -> str:
    return (folder / "site" / page).read_text("utf-8")


def text_of(html: str, tile: str) -> str:
    found = re.search(rf'aria-labelledby="tile-{tile}">(.*?)</article>', html, re.S)
    assert found, f"no tile {tile}"
    return " ".join(re.sub(r"<[^>]+>", " ", found[1]).split())


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("world", WORLDS)
def test_page_is_whole_and_asks_for_nothing_from_outside(
    worlds: dict[str, Path], world: str, page: str
) -> None:
    html = read(worlds[world], page)
    parsed = Page(html)
    assert parsed.open == []
    assert "http://" not in html and "https://" not in html and "//cdn" not in html
    assert "style=" not in html and "onclick" not in html  # refused by the page's own policy
    wanted = [a["src"] for a in parsed.all("script")] + [a["href"] for a in parsed.all("link")]
    assert wanted == ["assets/page.js", "../../status.js", "data:,", "assets/page.css"]
    assert (worlds[world] / "site" / "assets" / "page.css").is_file()
    assert (worlds[world] / "site" / "assets" / "page.js").is_file()


@pytest.mark.parametrize("page", ["index.html", "claims.html"])
@pytest.mark.parametrize("world", WORLDS)
def test_page_can_be_walked_by_ear_and_by_keyboard(
    worlds: dict[str, Path], world: str, page: str
) -> None:
    parsed = Page(read(worlds[world], page))
    names = [name for name, _ in parsed.tags]
    assert names.count("main") == 1 and names.count("h1") == 1
    assert names.count("table") == names.count("caption")
    assert all(a.get("aria-label") or a.get("aria-hidden") for a in parsed.all("svg"))
    assert all(a.get("scope") for a in parsed.all("th"))
    ids = [a["id"] for _, a in parsed.tags if a.get("id")]
    assert len(ids) == len(set(ids))
    for attributes in parsed.all("a"):
        href = attributes["href"] or ""
        assert not href.startswith("#") or href[1:] in ids
    for _, attributes in parsed.tags:
        assert (attributes.get("aria-labelledby") or ids[0]) in ids


def test_every_number_says_its_definition_owner_window_currency_and_day(
    worlds: dict[str, Path],
) -> None:
    html = read(worlds["busy"])
    blocks = html.count('<p class="value">') + html.count('class="panel"')
    assert html.count('<dl class="small">') == html.count('class="definition"') == blocks
    for label in ("Window", "Data through", "Currency", "Owner"):
        assert html.count(f"<dt>{label}</dt>") == blocks


def test_ltv_cac_below_three_raises_the_alarm(worlds: dict[str, Path]) -> None:
    html = read(worlds["busy"])
    assert '<article class="tile alarm" aria-labelledby="tile-ltv_cac">' in html
    tile = text_of(html, "ltv_cac")
    assert "2.11 : 1" in tile and "Below 3" in tile and "Feb 2026" in tile and "age 30" in tile


@pytest.mark.parametrize(("ratio", "tone"), [("3.0", "good"), ("2.999", "alarm")])
def test_alarm_ends_exactly_at_three(tmp_path: Path, ratio: str, tone: str) -> None:
    database = build(tmp_path / "marts.duckdb", "busy")
    with duckdb.connect(str(database)) as connection:
        connection.execute(f"update fct_ltv_cac set ltv_cac_ratio = {ratio} where is_mature")
    render(database, tmp_path / "site", {"base_currency": "EUR"})
    html = (tmp_path / "site" / "index.html").read_text("utf-8")
    assert f'class="tile {tone}" aria-labelledby="tile-ltv_cac"' in html


def test_first_night_shows_no_data_and_no_zero(worlds: dict[str, Path]) -> None:
    html = read(worlds["empty"])
    for tile in ("spend", "new_customers", "cac", "ltv_cac"):
        assert "No data yet" in text_of(html, tile)
    assert not re.search(r'class="value">[^<]*\d', html)


def test_worlds_that_do_not_meet_say_so(worlds: dict[str, Path]) -> None:
    html = read(worlds["history"])
    assert "Spend and orders do not meet" in text_of(html, "cac")
    assert "No spend" in text_of(html, "ltv_cac") and "LTV $79.00" in text_of(html, "ltv_cac")
    customers = text_of(html, "new_customers")
    assert customers.startswith("New customers 0") and "25 Mar 1997" in customers


def test_immature_cells_carry_their_observed_share_and_no_ratio(worlds: dict[str, Path]) -> None:
    cells = re.findall(r'<td class="cell immature">(.*?)</td>', read(worlds["busy"]))
    assert cells
    for cell in cells:
        words = re.sub(r"<[^>]+>", "", cell)
        assert re.fullmatch(r"Not mature yet, \d+ % seen", words), words


def test_late_account_is_named_under_spend_and_stands_first_in_freshness(
    worlds: dict[str, Path],
) -> None:
    html = read(worlds["busy"])
    assert "Incomplete: Northwind 中国 through 30 Mar" in text_of(html, "spend")
    freshness = html[html.index('id="freshness"') :]
    assert freshness.index("late") < freshness.index("up to date")


def test_checks_that_did_not_pass_are_named_with_a_way_on(worlds: dict[str, Path]) -> None:
    html = read(worlds["busy"])
    assert "Passed with 2 warnings" in html
    assert "<code>account_is_fresh</code>" in html and "What to do" in html
    assert 'href="data_docs/landing/index.html"' in html


def test_names_from_the_platforms_stay_text(tmp_path: Path) -> None:
    database = build(tmp_path / "marts.duckdb", "busy")
    evil = '<script>alert("1")</script>'
    with duckdb.connect(str(database)) as connection:
        connection.execute("update dim_account set account_name = ?", [evil])
        connection.execute("update dim_channel set channel_name = ?", [evil])
        connection.execute("update meta_checks set details = ?, subject = ?", [evil, evil])
    render(database, tmp_path / "site", {})
    html = (tmp_path / "site" / "index.html").read_text("utf-8")
    assert "<script>alert" not in html and "&lt;script&gt;" in html


def test_rendering_twice_writes_the_same_bytes(tmp_path: Path, worlds: dict[str, Path]) -> None:
    database = worlds["busy"] / "marts.duckdb"
    for folder in ("one", "two"):
        render(database, tmp_path / folder, {"day": "2026-03-31"})
    for page in PAGES:
        assert (tmp_path / "one" / page).read_bytes() == (tmp_path / "two" / page).read_bytes()


def test_languages_point_at_each_other_and_say_which_they_are(worlds: dict[str, Path]) -> None:
    english, chinese = read(worlds["busy"]), read(worlds["busy"], "index.zh.html")
    assert '<html lang="en"' in english and 'href="index.zh.html?lang=zh"' in english
    assert '<html lang="zh-Hans"' in chinese and 'href="index.html?lang=en"' in chinese
    assert "暂无数据" in read(worlds["empty"], "index.zh.html")


def test_page_stays_small(worlds: dict[str, Path]) -> None:
    site = worlds["busy"] / "site"
    assert sum(path.stat().st_size for path in site.rglob("*") if path.is_file()) < 400_000
