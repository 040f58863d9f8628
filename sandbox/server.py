"""The HTTP server: routes calls to platforms, applies wire faults to the bytes, logs, takes
orders.

It writes its responses by hand on the standard library's server because a fault must be exact to
the byte: frameworks refuse to send a body that contradicts its announced length.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol
from urllib.parse import parse_qsl, urlencode, urlsplit

import orjson

from sandbox.clock import Clock, instant, iso_instant
from sandbox.faults import Faults, Rule, describe, file_days
from sandbox.files import Drop
from sandbox.platforms.common import Answer, Call, Span, json_answer

HTML = (
    b"<!DOCTYPE html><html><head><title>Just a moment...</title></head>"
    b"<body>Checking your browser</body></html>"
)
SECRETS = frozenset(("access_token", "client_secret", "refresh_token", "secret", "auth_code"))
EXTRA_LENGTH = 10  # bytes a wrong length announces beyond the body


class Platform(Protocol):
    """What the server needs of a platform."""

    name: str
    prefix: str

    def span(self, call: Call) -> Span: ...
    def answer(self, call: Call) -> Answer: ...
    def refuse(self, rule: Rule, call: Call) -> Answer | None: ...


class Control:
    """State behind `/_control`: the clock, the faults, the drop folder and the log of calls."""

    def __init__(
        self, clock: Clock, faults: Faults, drop: Drop | None, about: Mapping[str, Any]
    ) -> None:
        self.clock = clock
        self.faults = faults
        self._drop = drop
        self.about = dict(about)
        self.log: list[dict[str, Any]] = []

    def answer(self, method: str, path: str, body: bytes) -> Answer:
        """`clock`, `faults`, `requests` and `world`; bad input is a 400 that says what is wrong."""
        try:
            if (method, path) == ("POST", "/_control/clock"):
                now = self.clock.advance(instant(orjson.loads(body)["now"]))
                delivered = self._drop.deliver(now) if self._drop else []
                return json_answer({"now": iso_instant(now), "delivered": delivered})
            if (method, path) == ("GET", "/_control/clock"):
                return json_answer({"now": iso_instant(self.clock.now)})
            if (method, path) == ("POST", "/_control/faults"):
                return self._set_rules(orjson.loads(body)["rules"])
            if (method, path) == ("DELETE", "/_control/faults"):
                return self._set_rules([])
            if (method, path) == ("GET", "/_control/faults"):
                return json_answer({"rules": [describe(rule) for rule in self.faults.rules]})
            if (method, path) == ("GET", "/_control/requests"):
                return json_answer({"requests": self.log})
            if (method, path) == ("DELETE", "/_control/requests"):
                self.log.clear()
                return json_answer({"requests": []})
            if (method, path) == ("GET", "/_control/world"):
                return json_answer({**self.about, "now": iso_instant(self.clock.now)})
        except (ValueError, KeyError, TypeError) as problem:
            return json_answer({"error": f"{type(problem).__name__}: {problem}"}, 400)
        return json_answer({"error": f"{method} {path} is not a control"}, 404)

    def _set_rules(self, documents: Sequence[Any]) -> Answer:
        before = self.faults.set_rules(documents)
        days = file_days([*before, *self.faults.rules])
        if self._drop and (days is None or days):
            self._drop.deliver_again(self.clock.now, days)
        return json_answer({"rules": [describe(rule) for rule in self.faults.rules]})


class Sandbox(ThreadingHTTPServer):
    """Listens on 127.0.0.1; each platform answers one call at a time, beside the others."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, port: int, platforms: Sequence[Platform], control: Control) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.platforms = platforms
        self.control = control
        self._locks = {
            name: threading.Lock() for name in ("", *(platform.name for platform in platforms))
        }

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self.server_address[1])

    def respond(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[Answer, Rule | None]:
        """The answer to a call and the wire fault, if any, that still has to be done to its
        bytes."""
        parts = urlsplit(target)
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        if parts.path.startswith("/_control/"):
            with self._locks[""]:
                return self.control.answer(method, parts.path, body), None
        origin = f"http://127.0.0.1:{self.port}"
        for platform in self.platforms:
            token_path = getattr(platform, "token_path", None)
            is_token = parts.path == token_path
            if is_token or parts.path.startswith(platform.prefix + "/"):
                path = parts.path if is_token else parts.path.removeprefix(platform.prefix)
                call = Call(method, path, query, headers, body, origin, platform.prefix)
                with self._locks[platform.name]:
                    answer, rule = self._platform_answer(platform, call, parts.path, is_token)
                self._note(call, parts.path, answer, rule)
                return answer, rule
        answer = json_answer({"error": "no such platform"}, 404)
        return answer, None

    def _platform_answer(
        self, platform: Platform, call: Call, path: str, is_token: bool
    ) -> tuple[Answer, Rule | None]:
        faults = self.control.faults
        if is_token:
            # Only a rule that names the token endpoint acts there: counting calls would be off by
            # the logins.
            rule = faults.for_answer(platform.name, path, None, None, None, None, named_path=True)
        else:
            span = platform.span(call)
            rule = faults.for_answer(
                platform.name, path, span.account, span.since, span.until, span.level
            )
        if rule and (refused := platform.refuse(rule, call)) is not None:
            return refused, rule
        if rule and rule.kind == "http_500":
            return Answer(500, b"Internal Server Error", {"Content-Type": "text/plain"}), rule
        call.rule = rule
        return (platform.token(call) if is_token else platform.answer(call)), rule  # type: ignore[attr-defined]

    def _note(self, call: Call, path: str, answer: Answer, rule: Rule | None) -> None:
        shown = {name: "***" if name in SECRETS else value for name, value in call.query.items()}
        log = self.control.log
        log.append(
            {
                "n": len(log) + 1,
                "at": iso_instant(self.control.clock.now),
                "method": call.method,
                "path": path,
                "query": urlencode(shown),
                "status": answer.status,
                "bytes": len(answer.body),
                "fault": describe(rule),
            }
        )


def damaged_bytes(
    answer: Answer, rule: Rule | None
) -> tuple[int, dict[str, str], bytes, int, bool]:
    """(status, headers, body to send, announced length, whether the connection is closed after
    it)."""
    status, headers, body = answer.status, answer.headers, answer.body
    kind = rule.kind if rule else ""
    if kind == "cut_stream":
        return status, headers, body[: len(body) // 2], len(body), True
    if kind == "wrong_length":
        return status, headers, body, len(body) + EXTRA_LENGTH, True
    if kind == "truncated_zip":
        body = body[: len(body) * 2 // 3]
    elif kind == "invalid_json":
        body = body[: max(len(body) - 2, 0)] + b',"'
    elif kind == "html_200":
        status, headers, body = 200, {"Content-Type": "text/html; charset=utf-8"}, HTML
    return status, headers, body, len(body), False


class _Handler(BaseHTTPRequestHandler):
    """Reads a request, writes an answer in one send."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Sandbox

    def _handle(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length) if length else b""
        headers = {name.lower(): value for name, value in self.headers.items()}
        answer, rule = self.server.respond(self.command, self.path, headers, body)
        status, fields, content, announced, closes = damaged_bytes(answer, rule)
        fields = {**fields, "Content-Length": str(announced)}
        if closes:
            fields["Connection"] = "close"
            self.close_connection = True
        lines = [f"HTTP/1.1 {status} {self.responses.get(status, ('',))[0]}"]
        lines += [f"{name}: {value}" for name, value in fields.items()]
        head = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
        try:
            self.wfile.write(head + content)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True  # the caller has hung up

    do_GET = do_POST = do_DELETE = _handle

    def log_message(self, format: str, *arguments: Any) -> None:
        """The log of calls is kept for `/_control/requests`; the terminal stays quiet."""
