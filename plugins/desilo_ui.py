"""The release in Airflow's menu: war room, dbt docs and Data Docs, behind Airflow's own login.

This is the project's only Airflow plugin module. Every Airflow process loads it, the ones that run
tasks too, so the application and what it needs are imported when the first browser asks for a page.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from functools import cache
from typing import Any
from urllib.parse import quote

from airflow.plugins_manager import AirflowPlugin

PREFIX = "/desilo"
DOORS = (
    ("War room", "war-room"),
    ("dbt docs · dbt 文档", "dbt"),
    ("Data Docs · 数据质量报告", "data-docs"),
)

Scope = MutableMapping[str, Any]


@cache
def release_app() -> Any:
    """The releases' application with Airflow's login in front of every address."""
    from airflow.api_fastapi.auth.managers.models.resource_details import AccessView
    from airflow.api_fastapi.core_api.security import requires_access_view
    from fastapi import Depends, HTTPException, Request
    from fastapi.exception_handlers import http_exception_handler
    from fastapi.responses import RedirectResponse, Response

    from desilo import settings
    from desilo.war_room.server import site_app

    app = site_app(settings.releases_dir, [Depends(requires_access_view(AccessView.WEBSITE))])

    @app.exception_handler(HTTPException)
    async def ask_people_to_log_in(request: Request, error: HTTPException) -> Response:
        """A person is led to the login and back; a program is told 401."""
        if error.status_code == 401 and "text/html" in request.headers.get("accept", ""):
            airflow = request.scope.get("app_root_path", "")
            back = quote(str(request.url), safe="")
            return RedirectResponse(
                f"{airflow}/api/v2/auth/login?next={back}", headers={"Cache-Control": "no-store"}
            )
        return await http_exception_handler(request, error)

    return app


async def late_release_app(
    scope: Scope,
    receive: Callable[[], Awaitable[Scope]],
    send: Callable[[Scope], Awaitable[None]],
) -> None:
    """ASGI entry that builds the application at the first request."""
    await release_app()(scope, receive, send)


class DesiloPlugin(AirflowPlugin):  # type: ignore[misc]  # Airflow is not followed by mypy
    """Three entries in the menu and the application behind them."""

    name = "desilo"
    fastapi_apps = [{"app": late_release_app, "url_prefix": PREFIX, "name": "Desilo releases"}]
    external_views = [
        {
            "name": name,
            "href": f"{PREFIX.removeprefix('/')}/{door}",
            "destination": "nav",
            "url_route": f"desilo-{door}",
            "nav_top_level": door == "war-room",
        }
        for name, door in DOORS
    ]
