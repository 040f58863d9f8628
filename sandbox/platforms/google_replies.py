"""How Google Ads sends results and refusals: stream batches, search pages, a wrapped status."""

from __future__ import annotations

import base64
import re
from typing import Any

from sandbox.platforms.common import Answer, Call, json_answer

VERSIONS = range(23, 27)
BATCH = 1_000  # rows per element of a stream
PAGE = 10_000
_FAILURE = "type.googleapis.com/google.ads.googleads.v{}.errors.GoogleAdsFailure"


def stream_answer(rows: list[dict[str, Any]], mask: str) -> Answer:
    batches: list[dict[str, Any]] = []
    for start in range(0, len(rows), BATCH) or (0,):
        batch: dict[str, Any] = {"results": rows[start : start + BATCH]} if rows else {}
        batches.append({**batch, "fieldMask": mask, "requestId": "wy5ZUsyx8Dd7ZY8JqWqxhQ"})
    batches[-1]["queryResourceConsumption"] = str(200 + len(rows))
    return json_answer(batches)


def search_answer(
    call: Call, body: dict[str, Any], rows: list[dict[str, Any]], mask: str
) -> Answer:
    try:
        start = int(base64.b64decode(body.get("pageToken") or "MA==", validate=True))
    except ValueError:
        return error_answer(
            call,
            400,
            "INVALID_ARGUMENT",
            "requestError",
            "INVALID_PAGE_TOKEN",
            "Page token is invalid.",
        )
    page: dict[str, Any] = {"results": rows[start : start + PAGE]} if rows[start:] else {}
    if start + PAGE < len(rows):
        page["nextPageToken"] = base64.b64encode(str(start + PAGE).encode()).decode()
    if (body.get("searchSettings") or {}).get("returnTotalResultsCount"):
        page["totalResultsCount"] = str(len(rows))
    return json_answer(
        {**page, "fieldMask": mask, "queryResourceConsumption": str(200 + len(rows))}
    )


def error_answer(
    call: Call,
    status: int,
    text: str,
    family: str,
    code: str,
    message: str,
    details: dict[str, Any] | None = None,
) -> Answer:
    """`google.rpc.Status` around a GoogleAdsFailure, in an array where the call is a stream."""
    version = re.match(r"^/v(\d+)/", call.path)
    failure: dict[str, Any] = {"errorCode": {family: code}, "message": message}
    if details:
        failure["details"] = details
    error = {
        "error": {
            "code": status,
            "message": message,
            "status": text,
            "details": [
                {
                    "@type": _FAILURE.format(version[1] if version else VERSIONS[-1]),
                    "errors": [failure],
                    "requestId": "wy5ZUsyx8Dd7ZY8JqWqxhQ",
                }
            ],
        }
    }
    return json_answer([error] if call.path.endswith("searchStream") else error, status)
