"""Great Expectations' Data Docs as a site that opens offline.

Its templates ask eight hosts for style sheets and scripts; a page without them is unstyled, waits
for time-outs and hides every folded section. What is fetched is taken out, the promotional parts
too, and one small style sheet of our own stands in.
"""

from __future__ import annotations

import re
import shutil
from importlib import resources
from pathlib import Path
from typing import Any

SITE = "release"
STYLE_FILE = "data_docs.css"
REMOVED = (
    re.compile(r"<script\b[^>]*>.*?</script>", re.DOTALL | re.IGNORECASE),
    re.compile(r"<link\b[^>]*>", re.IGNORECASE),
    re.compile(r"<img\b[^>]*>", re.IGNORECASE),
    re.compile(r"<style\b[^>]*>.*?</style>", re.DOTALL | re.IGNORECASE),
    re.compile(r"<footer\b.*?</footer>", re.DOTALL | re.IGNORECASE),
)


def add_site(project: Any, docs_dir: Path) -> None:
    """Tell a context where its documentation goes; an older site there is removed."""
    if docs_dir.exists():
        shutil.rmtree(docs_dir)
    docs_dir.mkdir(parents=True)
    for name in list(project.get_site_names()):
        project.delete_data_docs_site(name)
    project.add_data_docs_site(
        site_name=SITE,
        site_config={
            "class_name": "SiteBuilder",
            "show_how_to_buttons": False,
            "store_backend": {
                "class_name": "TupleFilesystemStoreBackend",
                "base_directory": str(docs_dir.resolve()),
            },
            "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
        },
    )


def build(project: Any, docs_dir: Path) -> None:
    """Write the site, then make every page self-sufficient."""
    project.build_data_docs(site_names=[SITE])
    shutil.rmtree(docs_dir / "static", ignore_errors=True)
    style = resources.files("desilo.quality").joinpath(STYLE_FILE).read_text("utf-8")
    for page in sorted(docs_dir.rglob("*.html")):
        page.write_text(offline(page.read_text("utf-8"), style), "utf-8")


def offline(html: str, style: str) -> str:
    """The page without anything that is fetched, with the style in its head."""
    for pattern in REMOVED:
        html = pattern.sub("", html)
    return html.replace("</head>", f"<style>\n{style}</style>\n</head>", 1)
