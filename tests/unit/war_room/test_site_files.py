"""Only the sites are served: no database, no neighbour, no way out of the folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from desilo.war_room.site_files import DOCS_POLICY, STRICT_POLICY, current_release, find


@pytest.fixture
def releases(tmp_path: Path) -> Path:
    """Two releases, a blocked night, and things around them that are nobody's business."""
    root = tmp_path / "releases"
    for name in ("2026-03-30.01", "2026-03-31.01"):
        site = root / name / "site"
        for part in ("assets", "dbt", "data_docs/landing"):
            (site / part).mkdir(parents=True)
        (site / "index.html").write_text(name)
        (site / "assets" / "page.css").write_text("a {}")
        (site / "dbt" / "index.html").write_text("dbt")
        (site / "data_docs" / "landing" / "index.html").write_text("docs")
        (root / name / "marts.duckdb").write_text("secret")
        (root / name / "manifest.json").write_text("{}")
    (root / "current").symlink_to("2026-03-31.01")
    (root / "blocked" / "2026-04-01" / "data_docs").mkdir(parents=True)
    (root / "blocked" / "2026-04-01" / "data_docs" / "index.html").write_text("why")
    (root / "blocked" / "2026-04-01" / "checks.json").write_text("[]")
    (root / "status.js").write_text("window.DESILO_STATUS = {};")
    (tmp_path / "outside.html").write_text("secret")
    (root / "2026-03-31.01" / "site" / "leak.html").symlink_to(tmp_path / "outside.html")
    (root / "elsewhere").symlink_to(tmp_path)
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "index.html").write_text("secret")
    return root


@pytest.mark.parametrize(
    ("url_path", "text"),
    [
        ("current/site/index.html", "2026-03-31.01"),
        ("current/site/", "2026-03-31.01"),
        ("2026-03-30.01/site/index.html", "2026-03-30.01"),
        ("2026-03-30.01/site/dbt/", "dbt"),
        ("current/site/data_docs/landing/index.html", "docs"),
        ("blocked/2026-04-01/data_docs/index.html", "why"),
        ("status.js", "window.DESILO_STATUS = {};"),
    ],
)
def test_sites_are_served(releases: Path, url_path: str, text: str) -> None:
    found = find(releases, url_path)
    assert found is not None and found.path.read_text() == text


@pytest.mark.parametrize(
    "url_path",
    [
        "current/marts.duckdb",
        "current/manifest.json",
        "current/site/../marts.duckdb",
        "current/site/../../2026-03-30.01/marts.duckdb",
        "../outside.html",
        "current/site/leak.html",
        "elsewhere/site/index.html",
        "blocked/2026-04-01/checks.json",
        "blocked/../current/data_docs/../marts.duckdb",
        "/etc/passwd",
        "current/site//etc/passwd",
        "current/site/assets",
        "current/site/..\\..\\marts.duckdb",
        "current/site/index.html\x00.css",
        f"current/site/{'a' * 5000}",
        "status.js/",
        "",
    ],
)
def test_nothing_else_is(releases: Path, url_path: str) -> None:
    assert find(releases, url_path) is None


def test_what_moves_is_never_kept_by_the_browser(releases: Path) -> None:
    def cache(url_path: str) -> str:
        found = find(releases, url_path)
        assert found is not None
        return found.headers["Cache-Control"]

    assert cache("current/site/index.html") == "no-store"
    assert cache("status.js") == "no-store"
    assert cache("2026-03-31.01/site/index.html") == "private, no-cache"


@pytest.mark.parametrize(
    ("url_path", "content_type", "policy"),
    [
        ("current/site/index.html", "text/html; charset=utf-8", STRICT_POLICY),
        ("current/site/assets/page.css", "text/css; charset=utf-8", STRICT_POLICY),
        ("status.js", "text/javascript; charset=utf-8", STRICT_POLICY),
        ("current/site/dbt/index.html", "text/html; charset=utf-8", DOCS_POLICY),
        ("current/site/dbt/", "text/html; charset=utf-8", DOCS_POLICY),
        ("blocked/2026-04-01/data_docs/index.html", "text/html; charset=utf-8", DOCS_POLICY),
    ],
)
def test_each_file_has_its_type_and_its_policy(
    releases: Path, url_path: str, content_type: str, policy: str
) -> None:
    found = find(releases, url_path)
    assert found is not None
    assert found.headers["Content-Type"] == content_type
    assert found.headers["Content-Security-Policy"] == policy
    assert found.headers["X-Content-Type-Options"] == "nosniff"


def test_current_release_is_named_by_what_the_link_points_at(
    releases: Path, tmp_path: Path
) -> None:
    assert current_release(releases) == "2026-03-31.01"
    (releases / "current").unlink()
    assert current_release(releases) is None
    assert current_release(tmp_path / "nowhere") is None
