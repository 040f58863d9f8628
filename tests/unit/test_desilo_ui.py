"""The plugin: three entries in the menu, and Airflow's own login before every page.

The security code is Airflow's; only the manager that knows the users is a stand-in here.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.api_fastapi import app as airflow_app
from fastapi import FastAPI
from fastapi.testclient import TestClient
from jwt import ExpiredSignatureError, InvalidTokenError

import desilo_ui

PLUGINS = Path(desilo_ui.__file__).parent


class Users:
    """Knows two people; only one of them may see the web site."""

    async def get_user_from_token(self, token: str) -> Any:
        if token == "expired":
            raise ExpiredSignatureError
        if token not in ("vera", "mallory"):
            raise InvalidTokenError
        return SimpleNamespace(name=token)

    def is_authorized_view(self, *, access_view: Any, user: Any) -> bool:
        return bool(user.name == "vera" and access_view.value == "WEBSITE")


@pytest.fixture
def client(world: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    site = world / "releases" / "2026-03-31.01" / "site"
    site.mkdir(parents=True)
    (site / "index.html").write_text("<h1>War room</h1>")
    (world / "releases" / "current").symlink_to("2026-03-31.01")
    monkeypatch.setattr(airflow_app._AuthManagerState, "instance", Users())
    desilo_ui.release_app.cache_clear()
    root = FastAPI()
    for entry in desilo_ui.DesiloPlugin.fastapi_apps:
        root.mount(entry["url_prefix"], entry["app"])
    with TestClient(root) as client:
        yield client
    desilo_ui.release_app.cache_clear()


PATHS = ["/desilo/", "/desilo/war-room", "/desilo/status.js", "/desilo/current/site/index.html"]


@pytest.mark.parametrize("path", PATHS)
def test_a_program_without_a_login_is_told_401(client: TestClient, path: str) -> None:
    assert client.get(path, follow_redirects=False).status_code == 401


@pytest.mark.parametrize("path", PATHS)
def test_a_browser_without_a_login_is_led_to_it_and_back(client: TestClient, path: str) -> None:
    answer = client.get(path, headers={"Accept": "text/html"}, follow_redirects=False)
    assert answer.status_code == 307
    assert answer.headers["location"].startswith("/api/v2/auth/login?next=http%3A%2F%2F")
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(("token", "status"), [("expired", 401), ("forged", 403), ("mallory", 403)])
def test_a_cookie_is_not_enough_it_must_be_good(
    client: TestClient, token: str, status: int
) -> None:
    client.cookies.set("_token", token)
    answer = client.get("/desilo/current/site/index.html")
    assert answer.status_code == status and "War room" not in answer.text


def test_the_cookie_of_airflow_opens_the_page_of_the_newest_release(client: TestClient) -> None:
    client.cookies.set("_token", "vera")
    answer = client.get("/desilo/war-room")
    assert answer.status_code == 200 and "War room" in answer.text
    assert answer.url.path == "/desilo/2026-03-31.01/site/index.html"


def test_a_bearer_token_opens_it_too(client: TestClient) -> None:
    headers = {"Authorization": "Bearer vera"}
    assert client.get("/desilo/war-room", headers=headers).status_code == 200


def test_menu_leads_to_addresses_that_the_application_has(client: TestClient) -> None:
    client.cookies.set("_token", "vera")
    views = desilo_ui.DesiloPlugin.external_views
    assert [view["name"].split(" ·")[0] for view in views] == ["War room", "dbt docs", "Data Docs"]
    for view in views:
        answer = client.get(f"/{view['href']}", follow_redirects=False)
        assert answer.status_code == 307, view["href"]
    assert len({view["url_route"] for view in views}) == 3


def test_loading_the_plugin_does_not_load_the_web_application() -> None:
    """Every task process loads it: the security module alone took 5 s."""
    source = (PLUGINS / "desilo_ui.py").read_text("utf-8")
    top = [line for line in source.splitlines() if line.startswith(("import ", "from "))]
    assert not [line for line in top if "fastapi" in line or "desilo" in line]


def test_airflow_finds_one_plugin_module_and_leaves_the_package_alone() -> None:
    from airflow._shared.module_loading import find_path_from_directory

    found = [
        Path(path).relative_to(PLUGINS).as_posix()
        for path in find_path_from_directory(str(PLUGINS), ".airflowignore")
        if path.endswith(".py")
    ]
    assert found == ["desilo_ui.py"]
