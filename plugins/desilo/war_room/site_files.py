"""Which files of the releases may be read over the web, and how a browser should treat them.

Served are the sites of releases, the Data Docs of blocked nights and the status file; databases,
Parquet and manifests are not. Airflow's plugin and the stand-alone server both ask here.
"""

from __future__ import annotations

import mimetypes
import re
from dataclasses import dataclass
from pathlib import Path

STATUS_FILE = "status.js"
WAR_ROOM = re.compile(r"status\.js|[^/]+/site/(assets/)?[^/]+")
SITE = re.compile(r"(?P<root>[^/]+/site)/.+")
BLOCKED = re.compile(r"(?P<root>blocked/[^/]+/data_docs)/.+")
CONTENT_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
}
STRICT_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)
"""For the war room: even a campaign named like a script stays a name."""
DOCS_POLICY = (
    "default-src 'self' data: blob:; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:;"
    " style-src 'self' 'unsafe-inline'; base-uri 'self'; form-action 'none';"
    " frame-ancestors 'self'"
)
"""dbt docs and Data Docs are built around inline scripts; they still load nothing from outside."""


@dataclass(frozen=True)
class SiteFile:
    """A file that may be sent, with the headers it is sent with."""

    path: Path
    headers: dict[str, str]


def current_release(releases: Path) -> str | None:
    """Name of the release that `current` points at; None before the first one."""
    target = releases / "current"
    return target.resolve().name if (target / "site" / "index.html").is_file() else None


def find(releases: Path, url_path: str) -> SiteFile | None:
    """The file behind a path below the releases, or None.

    Args:
        releases: folder of the releases.
        url_path: decoded, without leading slash; a trailing slash means the index.html there.

    A path that leaves the part it starts in, through `..`, a link or otherwise, is None.
    """
    if url_path.endswith("/"):
        url_path += "index.html"
    parts = url_path.split("/")
    if ".." in parts or "\\" in url_path or "\x00" in url_path:
        return None
    if url_path == STATUS_FILE:
        root = releases
    elif found := SITE.fullmatch(url_path) or BLOCKED.fullmatch(url_path):
        root = releases / found["root"]
    else:
        return None
    path = releases.joinpath(*parts)
    try:
        is_inside = path.resolve().is_relative_to(root.resolve()) and root.resolve().is_relative_to(
            releases.resolve()
        )
        if not is_inside or not path.is_file():
            return None
    except OSError:  # a name longer than the file system takes
        return None
    headers = _headers(
        path,
        is_moving=parts[0] in ("current", STATUS_FILE),
        is_war_room=WAR_ROOM.fullmatch(url_path) is not None,
    )
    return SiteFile(path, headers)


def _headers(path: Path, *, is_moving: bool, is_war_room: bool) -> dict[str, str]:
    guessed = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return {
        "Content-Type": CONTENT_TYPES.get(path.suffix, guessed),
        # a release never changes, but a copy of it may be shown only to whoever is still allowed
        "Cache-Control": "no-store" if is_moving else "private, no-cache",
        "Content-Security-Policy": STRICT_POLICY if is_war_room else DOCS_POLICY,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
    }
