"""A real HTTP server on a free port whose answers a test writes down one by one."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any
from urllib.parse import parse_qsl, urlsplit


@dataclass
class Answer:
    """What the server sends. ``cut_at`` closes the connection after that many bytes."""

    body: Any = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    content_length: int | None = None
    cut_at: int | None = None

    def payload(self) -> bytes:
        if isinstance(self.body, bytes):
            return self.body
        return self.body.encode() if isinstance(self.body, str) else json.dumps(self.body).encode()


@dataclass
class Asked:
    """One request as the server saw it."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes


class StubServer:
    """``with StubServer([Answer(...), ...]) as server``: answers in order, the last one repeats.

    Instead of a list a function may decide: it gets the request and returns the answer.
    """

    def __init__(self, answers: list[Answer] | Callable[[Asked], Answer]) -> None:
        self.asked: list[Asked] = []
        self._answers = answers
        self._lock = threading.Lock()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _serve(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                parts = urlsplit(self.path)
                request = Asked(
                    self.command,
                    parts.path,
                    dict(parse_qsl(parts.query, keep_blank_values=True)),
                    {name.lower(): value for name, value in self.headers.items()},
                    self.rfile.read(length),
                )
                answer = outer._next(request)
                payload = answer.payload()
                self.send_response(answer.status)
                announced = answer.content_length
                announced = len(payload) if announced is None else announced
                headers = {"Content-Type": "application/json", **answer.headers}
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(announced))
                self.end_headers()
                self.wfile.write(payload if answer.cut_at is None else payload[: answer.cut_at])
                if answer.cut_at is not None or announced != len(payload):
                    self.close_connection = True

            do_GET = do_POST = _serve

            def log_message(self, *_: object) -> None:
                """Silent: the tests look at `asked`."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def _next(self, request: Asked) -> Answer:
        with self._lock:
            self.asked.append(request)
            if callable(self._answers):
                return self._answers(request)
            return self._answers[min(len(self.asked), len(self._answers)) - 1]

    def __enter__(self) -> StubServer:
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
