"""What platforms share that answer 200 for everything: an envelope, numbered pages, halved ranges.

{"code": 0, "message": "OK", "request_id": "...",
 "data": {"list": [...], "page_info": {"page", "page_size", "total_number", "total_page"}}}
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date, timedelta
from typing import Any

from desilo.days import days_between
from desilo.sources.base import Page, dig, dumps, iso_day
from desilo.transport import (
    BadRequestError,
    MalformedResponseError,
    Reply,
    TooBigError,
    judge_by_status,
)

Records = list[dict[str, Any]]


def opened(reply: Reply) -> tuple[int, str, str]:
    """The envelope's code and message, and both in a sentence for an error.

    Raises:
        SourceError: the status is not 200, or there is no envelope.
    """
    if reply.status != 200:
        judge_by_status(reply)
    document = reply.json
    if not isinstance(document, dict) or not isinstance(document.get("code"), int):
        raise MalformedResponseError(f"{reply.line}: an envelope with 'code' was expected")
    code, message = document["code"], str(document.get("message", ""))
    request_id = document.get("request_id", "")
    return code, message, f"{reply.line}: code {code}: {message} (request_id {request_id})"


def records_of(found: Any, reply: Reply, where: str) -> Records:
    """The records, if they are a list of objects.

    Raises:
        MalformedResponseError: they are not; `where` names their place.
    """
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise MalformedResponseError(f"{reply.line}: no list of records under '{where}'")
    return found


def itself(record: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A record that lands as it came."""
    yield record


def numbered_pages(
    ask: Callable[[Mapping[str, str]], Reply],
    records: Callable[[Reply], Records],
    since: date,
    until: date,
    *,
    page_rows: int,
    api_version: str,
    split: Callable[[dict[str, Any]], Iterator[dict[str, Any]]] = itself,
) -> Iterator[Page]:
    """Every page of one request; the last one covers the days since..until.

    Args:
        ask: sends the request with these paging parameters beside its own.
        records: what a reply holds, as the platform counts it.
        split: the parts as which a record lands.
    Raises:
        SourceError: of the request; TooBigError of a first page only.
    """
    number, received = 1, 0
    while True:
        try:
            reply = ask({"page": str(number), "page_size": str(page_rows)})
        except TooBigError as error:
            if number == 1:
                raise
            raise BadRequestError(str(error)) from None
        found = records(reply)
        received += len(found)
        rows = [
            (iso_day(dig(part, "dimensions.stat_time_day"), until), dumps(part))
            for whole in found
            for part in split(whole)
        ]
        info = dig(reply.json, "data.page_info") or {}
        if number < int(info.get("total_page") or 0):
            yield Page(rows, (), api_version, reply.line)
            number += 1
            continue
        announced = int(info.get("total_number") or 0)
        if received < announced:
            raise MalformedResponseError(
                f"{reply.line}: {received} records on {number} pages, {announced} announced"
            )
        yield Page(rows, tuple(days_between(since, until)), api_version, reply.line)
        return


def halved(
    pages: Callable[[date, date], Iterator[Page]], since: date, until: date
) -> Iterator[Page]:
    """The pages of a range, in halves where the platform finds it too big.

    Only a first page is too big, so no row has left yet and halving doubles nothing.
    """
    try:
        yield from pages(since, until)
    except TooBigError:
        if since == until:
            raise
        middle = since + timedelta(days=(until - since).days // 2)
        yield from halved(pages, since, middle)
        yield from halved(pages, middle + timedelta(days=1), until)
