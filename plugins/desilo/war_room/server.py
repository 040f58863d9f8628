"""The releases over HTTP: one small application, inside Airflow or on its own.

    python -m desilo.war_room.server --host 0.0.0.0 --port 8090

serves the newest release to whoever can reach the port; put it where only colleagues can. Inside
Airflow the plugin adds the login in front of the same application.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from email.utils import formatdate
from hashlib import sha256
from pathlib import Path
from typing import Any

from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import FileResponse, HTMLResponse, RedirectResponse, Response

from desilo import settings
from desilo.war_room.site_files import STATUS_FILE, STRICT_POLICY, current_release, find

DOORS = {
    "": "site/index.html",
    "war-room": "site/index.html",
    "dbt": "site/dbt/index.html",
    "data-docs": "site/data_docs/index.html",
}
"""Addresses that stay the same from night to night, and where they lead in the newest release."""

NOTHING_YET = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Desilo</title>
<meta name="viewport" content="width=device-width, initial-scale=1"></head>
<body><main><h1>Nothing has been published yet</h1>
<p>The first night that passes both gates appears here. <code>make nightly</code> runs one now.</p>
<p lang="zh-Hans">尚无发布。首个通过两道质量关卡的夜间任务会显示在这里，运行
<code>make nightly</code> 即可立即执行。</p></main></body></html>
"""


def site_app(releases: Callable[[], Path], dependencies: Sequence[Any] = ()) -> FastAPI:
    """The application that serves the releases.

    Args:
        releases: asked at every request, so that a changed setting needs no restart.
        dependencies: FastAPI dependencies that every request has to pass, a login for instance.
    """
    app = FastAPI(
        title="Desilo releases",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        dependencies=list(dependencies),
    )

    @app.api_route("/{url_path:path}", methods=["GET", "HEAD"])
    def serve(url_path: str, request: Request) -> Response:
        folder = releases()
        if url_path.rstrip("/") in DOORS:
            return _door(folder, DOORS[url_path.rstrip("/")], request)
        if url_path == STATUS_FILE and not (folder / STATUS_FILE).is_file():
            # no night was tried yet: an empty answer, so that the page's console stays clean
            return Response("", media_type="text/javascript", headers={"Cache-Control": "no-store"})
        found = find(folder, url_path)
        if found is None:
            raise HTTPException(404, "no such page in the releases")
        stat = found.path.stat()
        etag = (
            f'"{sha256(f"{found.path}{stat.st_mtime_ns}{stat.st_size}".encode()).hexdigest()[:32]}"'
        )
        headers = {
            **found.headers,
            "ETag": etag,
            "Last-Modified": formatdate(stat.st_mtime, usegmt=True),
        }
        if etag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        return FileResponse(found.path, headers=headers)

    return app


def _door(folder: Path, page: str, request: Request) -> Response:
    """On to the newest release by its name: its pages and pictures then stay one release's."""
    headers = {"Cache-Control": "no-store"}
    release = current_release(folder)
    if release is None:
        headers["Content-Security-Policy"] = STRICT_POLICY
        return HTMLResponse(NOTHING_YET, headers=headers)
    root = request.scope.get("root_path", "").rstrip("/")
    return RedirectResponse(f"{root}/{release}/{page}", status_code=307, headers=headers)


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until stopped. Port 0 takes a free one and says which."""
    import uvicorn

    parser = argparse.ArgumentParser(prog="desilo.war_room.server", description=main.__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8090)
    parser.add_argument("--releases", type=Path, help="folder of the releases (DESILO_RELEASES)")
    options = parser.parse_args(arguments)
    folder = options.releases

    app = site_app(lambda: folder or settings.releases_dir())

    uvicorn.run(app, host=options.host, port=options.port, access_log=False)


if __name__ == "__main__":
    main()
