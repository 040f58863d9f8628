"""Writes the page of a release: two languages, a style sheet and a script."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from desilo.war_room import claims, queries, tables
from desilo.war_room.phrases import LANGUAGES, Phrases
from desilo.war_room.view import View

TEMPLATES = Path(__file__).with_name("templates")
ASSETS = Path(__file__).with_name("assets")
PAGES = {"en": "index.html", "zh": "index.zh.html"}
CLAIMS_PAGES = {"en": "claims.html", "zh": "claims.zh.html"}
STATUS_SCRIPT = "../../status.js"
"""Lies beside the releases, so that a page already published tells of the night after it."""


def render(database: Path, site_dir: Path, manifest: Mapping[str, Any]) -> None:
    """Write the pages of `PAGES` and `CLAIMS_PAGES`, and `assets/`, into the site of a release.

    Args:
        database: marts.duckdb of the release; opened read-only.
        site_dir: folder of the site; made if it does not exist.
        manifest: of the release. Read are `id`, `day`, `published_at`, `code_version` and
            `base_currency`; whatever is absent is left out of the page.

    Raises:
        duckdb.Error: the database lacks a mart or a column that the page shows.
    """
    facts = queries.read(database, manifest.get("base_currency"))
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    site_dir.mkdir(parents=True, exist_ok=True)
    compared = claims.read(database, facts.channel_window, facts.base_currency)
    for language in LANGUAGES:
        view = View(facts, Phrases(language), manifest)
        other = LANGUAGES[1 - LANGUAGES.index(language)]
        shared = {
            "view": view,
            "say": view.say,
            "language": language,
            "status_script": STATUS_SCRIPT,
            "gates": tables.gates(view),
        }
        grids = tables.cohorts(view)
        war_room = environment.get_template("page.html.j2").render(
            **shared,
            title=view.say("title"),
            subtitle=view.say("subtitle"),
            other_page=PAGES[other],
            gates_link="#gates",
            claims_page=CLAIMS_PAGES[language],
            gates_print=tables.gates_print(view),
            channels=tables.channels(view),
            channels_print=tables.channels_print(view),
            grids=grids,
            grid_tones=tables.tones_shown(grids),
            cohorts_print=tables.cohorts_print(view),
            freshness=tables.freshness(view),
            freshness_print=tables.freshness_print(view),
        )
        (site_dir / PAGES[language]).write_text(war_room, "utf-8")
        difference = environment.get_template("claims.html.j2").render(
            **shared,
            title=view.say("claims_page_title"),
            subtitle=view.say("claims_page_subtitle"),
            other_page=CLAIMS_PAGES[other],
            gates_link=f"{PAGES[language]}#gates",
            war_room_page=PAGES[language],
            rows=claims.rows(view, compared) if compared else [],
            causes=claims.causes(view, compared) if compared else [],
            print=claims.small_print(view),
        )
        (site_dir / CLAIMS_PAGES[language]).write_text(difference, "utf-8")
    shutil.copytree(ASSETS, site_dir / "assets", dirs_exist_ok=True)
