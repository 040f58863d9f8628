"""The stand-alone server, by its application and once as a process."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from desilo import settings
from desilo.war_room.server import site_app


@pytest.fixture
def releases(worlds: dict[str, Path]) -> Path:
    root = worlds["busy"].parent
    link = root / "current"
    if not link.is_symlink():
        link.symlink_to(worlds["busy"].name)
    return root


@pytest.mark.parametrize(
    ("door", "page"),
    [
        ("/", "site/index.html"),
        ("/war-room", "site/index.html"),
        ("/war-room/", "site/index.html"),
        ("/dbt", "site/dbt/index.html"),
        ("/data-docs", "site/data_docs/index.html"),
    ],
)
def test_doors_lead_to_the_newest_release_by_name(releases: Path, door: str, page: str) -> None:
    answer = TestClient(site_app(lambda: releases)).get(door, follow_redirects=False)
    assert answer.status_code == 307
    assert answer.headers["location"] == f"/2026-03-31.01/{page}"
    assert answer.headers["cache-control"] == "no-store"


def test_page_is_sent_once_and_then_only_confirmed(releases: Path) -> None:
    client = TestClient(site_app(lambda: releases))
    first = client.get("/2026-03-31.01/site/index.html")
    assert first.status_code == 200 and "War room" in first.text
    again = client.get(
        "/2026-03-31.01/site/index.html", headers={"If-None-Match": first.headers["etag"]}
    )
    assert again.status_code == 304 and again.content == b""
    assert client.head("/2026-03-31.01/site/index.html").content == b""


def test_before_the_first_release_a_page_says_what_to_do(tmp_path: Path) -> None:
    client = TestClient(site_app(lambda: tmp_path / "nowhere"))
    answer = client.get("/")
    assert answer.status_code == 200 and "make nightly" in answer.text
    assert client.get("/status.js").status_code == 200
    assert client.get("/current/site/index.html").status_code == 404


@pytest.mark.parametrize(
    "path",
    ["/current/marts.duckdb", "/current/site/%2e%2e/marts.duckdb", "/%2e%2e/%2e%2e/etc/passwd"],
)
def test_the_database_is_not_served(releases: Path, path: str) -> None:
    assert TestClient(site_app(lambda: releases)).get(path).status_code == 404


@pytest.mark.parametrize("method", ["post", "put", "delete", "patch"])
def test_nothing_can_be_written(releases: Path, method: str) -> None:
    answer = getattr(TestClient(site_app(lambda: releases)), method)("/status.js")
    assert answer.status_code == 405


def test_a_dependency_stands_before_every_address(releases: Path) -> None:
    from fastapi import Depends, HTTPException

    def refuse() -> None:
        raise HTTPException(401)

    client = TestClient(site_app(lambda: releases, [Depends(refuse)]))
    for path in ("/", "/status.js", "/current/site/index.html", "/nothing"):
        assert client.get(path, follow_redirects=False).status_code == 401


def test_the_server_starts_on_a_free_port_and_serves(releases: Path) -> None:
    environment = {
        **os.environ,
        "PYTHONPATH": str(settings.PROJECT_ROOT / "plugins"),
        "DESILO_RELEASES": str(releases),
    }
    command = [sys.executable, "-m", "desilo.war_room.server", "--port", "0"]
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            for line in process.stderr:
                if found := re.search(r"running on (http://127\.0\.0\.1:\d+)", line):
                    break
            else:
                pytest.fail("the server ended before it listened")
            with urllib.request.urlopen(f"{found[1]}/war-room", timeout=10) as answer:
                assert answer.status == 200
                assert answer.url.endswith("/2026-03-31.01/site/index.html")
        finally:
            process.terminate()
