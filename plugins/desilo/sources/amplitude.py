"""Amplitude Export API: every event that was uploaded in an hour, as the app sent it.

    GET {base}/api/2/export?start=20260331T00&end=20260331T23   -> events

The range is hours of ``server_upload_time`` in UTC, both ends included; the body is a zip of
gzipped NDJSON files, several an hour. An hour is complete two hours after its end, so only days
whose 24 hours all are get asked for. 404 means "no events"; a range above 4 GB is refused with 400
or ends in 504, then the hours are halved. Times are naive UTC text.

Lines pass through as they are. Only one that names a personal field is parsed, hashed and written
again.
"""

from __future__ import annotations

import gzip
import logging
import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import IO, ClassVar

import orjson

from desilo.days import days_between
from desilo.sources.base import Page, Source, Stream, dumps, iso_day
from desilo.sources.pii import hash_paths, mask
from desilo.transport import (
    BadRequestError,
    MalformedResponseError,
    Reply,
    SourceError,
    TooBigError,
    TransientError,
    check_zip,
    judge_by_status,
)

log = logging.getLogger(__name__)

API_VERSION = "2"
BASE_URL = "https://amplitude.com"  # data in the EU: https://analytics.eu.amplitude.com
COMPLETE_AFTER = timedelta(hours=2)
PAGE_LINES = 5_000
LAST_HOUR = 23

_UPLOADED = b'"server_upload_time":'
_UPLOADED_DAY = re.compile(rb'"server_upload_time":\s*"(\d{4}-\d{2}-\d{2})[ T]')
_MEMBER_DAY = re.compile(r"_(\d{4}-\d{2}-\d{2})_\d{1,2}(?:#\d+)?\.json(?:\.gz)?$")

# Some apps take the e-mail address as the user's id.
_ADDRESS_IDS = {"user_id": "id"}
_ADDRESS_ID = re.compile(rb'"user_id":\s*"[^"]*@')

_PII = {
    f"{parent}.{name}": name
    for parent in ("user_properties", "event_properties", "global_user_properties")
    for name in ("email", "phone")
}


class NoEventsError(SourceError):
    """The range holds no events: an answer, never an end of the run."""


class Amplitude(Source):
    """One Amplitude project; login is the API key, password the secret key.

    Option ``pii`` adds personal fields of your own: ``{user_properties.mail: email}``. Option
    ``country_code`` ("49") is for phone numbers without one.
    """

    kind: ClassVar[str] = "amplitude"
    api_version: ClassVar[str] = API_VERSION
    default_base_url: ClassVar[str] = BASE_URL
    max_span_days: ClassVar[int] = 1
    streams: ClassVar[tuple[Stream, ...]] = (
        Stream(
            "events",
            ("uuid",),
            {
                "uuid": "string",
                "event_type": "string",
                "event_time": "string",
                "server_upload_time": "string",
                "device_id": "string|null",
                "user_id": "string|null",
                "event_properties": "object",
                "user_properties": "object",
            },
            "One record per uploaded event; the same event may be uploaded twice.",
            pii=_PII,
        ),
    )

    def fetch(self, stream: Stream, account_id: str, since: date, until: date) -> Iterator[Page]:
        """See :meth:`Source.fetch`. Days not complete yet are neither asked for nor covered."""
        newest = (self.http.clock() - COMPLETE_AFTER).date() - timedelta(days=1)
        if until > newest:
            log.info("amplitude: days after %s are not complete yet", newest)
        for day in days_between(since, min(until, newest)):
            yield from self._hours(stream, day, 0, LAST_HOUR)

    def _hours(self, stream: Stream, day: date, first: int, last: int) -> Iterator[Page]:
        """The hours first..last of one day. The last page of the day's last hour covers it."""
        covers = (day,) if last == LAST_HOUR else ()
        params = {"start": f"{day:%Y%m%d}T{first:02d}", "end": f"{day:%Y%m%d}T{last:02d}"}
        url = f"{self.base_url}/api/2/export"
        line = self.http.describe("GET", url, params)
        download = self.http.download(
            "GET",
            url,
            params=params,
            auth=(self.connection.login, self.connection.password),
            judge=lambda reply: judge(reply, is_one_hour=first == last),
            check=check_zip,
            line=line,
        )
        try:
            with download as (spool, _):
                yield from self._pages(stream, spool, line, day, covers)
        except NoEventsError:
            yield Page([], covers, API_VERSION, line)
        except TooBigError as error:
            if first == last:
                raise
            # Raised before the first line left, so halving doubles nothing.
            log.info("%s: halving the hours", error)
            middle = (first + last) // 2
            yield from self._hours(stream, day, first, middle)
            yield from self._hours(stream, day, middle + 1, last)

    def _pages(
        self, stream: Stream, spool: IO[bytes], line: str, day: date, covers: tuple[date, ...]
    ) -> Iterator[Page]:
        pii = {**stream.pii, **self.options.get("pii", {})}
        country_code = str(self.options.get("country_code", ""))
        paths = {**_ADDRESS_IDS, **pii}
        names = tuple({f'"{path.rpartition(".")[2]}"'.encode() for path in pii})
        rows: list[tuple[str, str]] = []
        for member_day, text in lines(spool, line, day):
            has_personal = any(name in text for name in names) or _ADDRESS_ID.search(text)
            record = hashed(text, paths, country_code) if has_personal else decoded(text)
            rows.append((day_of(text, member_day), record))
            if len(rows) == PAGE_LINES:
                yield Page(rows, (), API_VERSION, line)
                rows = []
        yield Page(rows, covers, API_VERSION, line)


def judge(reply: Reply, *, is_one_hour: bool) -> None:
    """404 is "no events", 400 and 504 are "too much" for as long as hours can be halved."""
    if reply.status == 404 and b"<" not in reply.body[:64]:
        raise NoEventsError(f"{reply.line}: no events")
    if reply.status in (400, 504):
        text = f"{reply.line}: HTTP {reply.status}: {decoded(reply.body[:200])}"
        if not is_one_hour:
            # The API answers 400 to wrong parameters too: halving to one hour tells them apart.
            raise TooBigError(text)
        raise BadRequestError(text) if reply.status == 400 else TransientError(text)
    judge_by_status(reply)


def lines(spool: IO[bytes], line: str, day: date) -> Iterator[tuple[str, bytes]]:
    """(day the member's name tells, one event's text), members in the order of the archive."""
    failure = ""
    try:
        with zipfile.ZipFile(spool) as archive:
            for member in archive.infolist():
                if member.is_dir():
                    continue
                named = _MEMBER_DAY.search(member.filename)
                member_day = named.group(1) if named else day.isoformat()
                with archive.open(member) as packed:
                    is_gzip = member.filename.endswith(".gz")
                    for text in gzip.GzipFile(fileobj=packed) if is_gzip else packed:
                        stripped = text.strip()
                        if stripped:
                            yield member_day, stripped
    except (zipfile.BadZipFile, gzip.BadGzipFile, zlib.error, EOFError) as error:
        failure = str(error)
    if failure:
        raise MalformedResponseError(f"{line}: damaged gzip in the zip ({failure})")


def day_of(text: bytes, member_day: str) -> str:
    """UTC day of server_upload_time; the day in the member's name where the text has none."""
    if text.count(_UPLOADED) == 1:
        found = _UPLOADED_DAY.search(text)
        if found:
            return found.group(1).decode()
    try:
        uploaded = orjson.loads(text).get("server_upload_time")
    except (orjson.JSONDecodeError, AttributeError):
        return member_day
    return iso_day(uploaded, datetime.fromisoformat(member_day).date())


def hashed(text: bytes, pii: Mapping[str, str], country_code: str) -> str:
    """The event with its personal fields hashed; unparsable text is masked and wrapped."""
    try:
        record = orjson.loads(text)
    except orjson.JSONDecodeError:
        return dumps({"unparsable": mask(decoded(text))})
    if isinstance(record, dict) and hash_paths(record, pii, country_code):
        return dumps(record)
    return decoded(text)


def decoded(text: bytes) -> str:
    """UTF-8 text; damaged bytes become replacement marks instead of an end of the run."""
    return text.decode("utf-8", "replace")
