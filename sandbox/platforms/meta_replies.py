"""What Meta's calls and answers have in common: parameters, pages by cursor, the error envelope."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import orjson

from sandbox.clock import day_of
from sandbox.platforms.common import Answer, Call, json_answer

TOKEN = "sandbox-meta-token"
DEFAULT_LIMIT = 25
MAX_LIMIT = 5_000


def page_answer(call: Call, rows: list[dict[str, Any]]) -> Answer:
    """One page of rows by an opaque cursor, with the absolute address of the next one."""
    limit = call.query.get("limit", str(DEFAULT_LIMIT))
    if not limit.isdigit() or not 1 <= int(limit) <= MAX_LIMIT:
        return error_answer(
            400, 100, f"(#100) Param limit must be a number between 1 and {MAX_LIMIT}"
        )
    try:
        start = int(base64.b64decode(call.query.get("after", "MA=="), validate=True))
    except ValueError:
        return error_answer(400, 100, "(#100) Invalid cursors values after cursor")
    page = rows[start : start + int(limit)]
    if not page:
        return json_answer({"data": []})
    end = start + len(page)
    paging: dict[str, Any] = {"cursors": {"before": cursor(start), "after": cursor(end)}}
    if end < len(rows):
        query = {"access_token": TOKEN, **call.query, "limit": limit, "after": cursor(end)}
        paging["next"] = f"{call.origin}{call.prefix}{call.path}?{urlencode(query)}"
    return json_answer({"data": page, "paging": paging})


def asked_statuses(query: Mapping[str, str]) -> list[str]:
    """Statuses a call wants to see; deleted objects only if it says so."""
    for rule in json_list(query.get("filtering")):
        if isinstance(rule, dict) and str(rule.get("field", "")).endswith("effective_status"):
            return list(rule.get("value") or [])
    return ["ACTIVE", "PAUSED"]


def cursor(position: int) -> str:
    return base64.b64encode(str(position).encode()).decode()


def asked_fields(query: Mapping[str, str]) -> list[str]:
    text = query.get("fields", "").strip()
    names = json_list(text) if text.startswith("[") else text.split(",")
    return [str(name).strip() for name in names if str(name).strip()]


def asked_days(query: Mapping[str, str]) -> tuple[int | None, int | None]:
    try:
        span = orjson.loads(query.get("time_range", ""))
        return day_of(span["since"]), day_of(span["until"])
    except (ValueError, KeyError, TypeError):
        return None, None


def json_list(text: str | None) -> list[Any]:
    try:
        document = orjson.loads(text) if text else []
    except ValueError:
        return []
    return document if isinstance(document, list) else []


def use_case(calls: int, cpu: int, wait_minutes: int) -> dict[str, Any]:
    return {
        "type": "ads_insights",
        "call_count": calls,
        "total_cputime": cpu,
        "total_time": cpu,
        "estimated_time_to_regain_access": wait_minutes,
        "ads_api_access_tier": "standard_access",
    }


def json_text(document: Any) -> str:
    return orjson.dumps(document).decode()


def error_answer(
    status: int, code: int, message: str, subcode: int | None = None, transient: bool = False
) -> Answer:
    error: dict[str, Any] = {
        "message": message,
        "type": "OAuthException",
        "code": code,
        "is_transient": transient,
        "fbtrace_id": "A3pz5DCfhBg3mGCS6Z9z9zY",
    }
    if subcode is not None:
        error["error_subcode"] = subcode
    return json_answer({"error": error}, status)


def bad_field(name: str) -> Answer:
    return error_answer(400, 100, f"(#100) Tried accessing nonexisting field ({name})")


def too_big() -> Answer:
    return error_answer(
        400,
        100,
        "(#100) The amount of data you're asking for is too large. Please reduce it, "
        "then retry your request",
        subcode=1487534,
    )
