"""Great Expectations' Data Docs as a site that opens offline.

Its templates ask eight hosts for style sheets and scripts; a page without them is unstyled, waits
for time-outs, hides every folded section, and its index (a table filled by a script) is empty. What
is fetched is taken out, the promotional parts too; one small style sheet stands in, folded sections
open by their link alone, and the index is written here: every check with its reason, the failures
first.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from datetime import date
from html import escape
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from desilo.quality.results import CheckResult, GateResult

if TYPE_CHECKING:
    from expectations.registry import Claim

SITE = "gate"
STATES = {"critical": "failed", "warning": "warned"}
STYLE_FILE = "data_docs.css"
REMOVED = (
    re.compile(r"<script\b[^>]*>.*?</script>", re.DOTALL | re.IGNORECASE),
    re.compile(r"<style\b[^>]*>.*?</style>", re.DOTALL | re.IGNORECASE),
    re.compile(r"<footer\b.*?</footer>", re.DOTALL | re.IGNORECASE),
    re.compile(r"<(?:link|img)\b[^>]*>", re.IGNORECASE),
    re.compile(r"<button\b[^>]*>.*?</button>", re.DOTALL | re.IGNORECASE),
    re.compile(r"\s(?:integrity|crossorigin|on[a-z]+)=\"[^\"]*\"", re.IGNORECASE),
)


def add_site(project: Any, docs_dir: Path) -> None:
    """Tell a context where its documentation goes; an older site there is removed."""
    if docs_dir.exists():
        shutil.rmtree(docs_dir)
    docs_dir.mkdir(parents=True)
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


def build(
    project: Any, docs_dir: Path, result: GateResult, claims: Sequence[Claim], day: date
) -> None:
    """Write the site, make every page self-sufficient, and write its index."""
    project.build_data_docs(site_names=[SITE])
    shutil.rmtree(docs_dir / "static", ignore_errors=True)
    style = resources.files("desilo.quality").joinpath(STYLE_FILE).read_text("utf-8")
    for page in sorted(docs_dir.rglob("*.html")):
        page.write_text(offline(page.read_text("utf-8"), style), "utf-8")
    index = _index(docs_dir, result, claims, day, style)
    (docs_dir / "index.html").write_text(index, "utf-8")


def offline(html: str, style: str) -> str:
    """The page without anything that is fetched or run, with the style in its head."""
    for pattern in REMOVED:
        html = pattern.sub("", html)
    return html.replace("</head>", f"<style>\n{style}</style>\n</head>", 1)


def _index(
    docs_dir: Path, result: GateResult, claims: Sequence[Claim], day: date, style: str
) -> str:
    numbered = list(zip(result.checks, claims, strict=True))
    numbered.sort(key=lambda pair: (pair[0].success, pair[0].severity != "critical"))
    rows = "\n".join(_row(docs_dir, check, claim) for check, claim in numbered)
    blocking, warned = len(result.blocking), len(result.warnings)
    passed = len(result.checks) - blocking - warned
    verdict = "Passed" if result.passed else "Blocked"
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{result.gate.capitalize()} gate, {day}</title>
<style>
{style}</style>
</head>
<body>
<main class="index">
<h1>{result.gate.capitalize()} gate, {day}</h1>
<p class="verdict {verdict.lower()}">{verdict}: {passed} checks passed,
{warned} warned, {blocking} failed.</p>
<table class="checks">
<thead>
<tr><th></th><th>Check</th><th>What it protects</th><th>Result</th><th>About</th></tr>
</thead>
<tbody>
{rows}
</tbody>
</table>
</main>
</body>
</html>
"""


def _row(docs_dir: Path, check: CheckResult, claim: Claim) -> str:
    state = "passed" if check.success else STATES[check.severity]
    pages = sorted((docs_dir / "validations" / check.suite).rglob("*.html"))
    name = escape(check.check_name)
    if pages:
        name = f'<a href="{quote(pages[-1].relative_to(docs_dir).as_posix())}">{name}</a>'
    outcome = escape(check.details or check.observed_value or "holds")
    if not check.success:
        outcome += f"<br><strong>What to do:</strong> {escape(claim.on_failure)}"
    return (
        f'<tr class="{state}"><td>{state}</td><td>{name}<br><small>{claim.severity}</small></td>'
        f"<td>{escape(claim.protects)}</td><td>{outcome}</td>"
        f"<td>{escape(claim.subject)}<br><small>{escape(claim.owner)}</small></td></tr>"
    )
