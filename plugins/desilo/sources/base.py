"""What every source looks like from outside: connections, streams as data, pages of records.

A source is pure: it talks to one platform through :class:`desilo.transport.HttpSession` and yields
pages. It knows nothing of the orchestrator, the lake or the warehouse, so it can be run alone:

    http = HttpSession("meta_ads")
    source = MetaAds(Connection("https://graph.facebook.com", password="..."), {}, http)
    for page in source.fetch(source.stream("ad_daily"), "1001", since, until):
        ...
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, ClassVar

import orjson

if TYPE_CHECKING:
    from desilo.transport import HttpSession

# Names in Connection.extra that hold no secret; every other value is hidden from logs and errors.
PUBLIC_EXTRA = frozenset({"token_url", "login_customer_id", "client_id", "app_id"})


@dataclass(frozen=True)
class Connection:
    """Where a platform is and how to get in. Secrets never appear in its repr."""

    base_url: str
    login: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    extra: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def secrets(self) -> tuple[str, ...]:
        """Every value that must not reach a log line, an exception text or the lake."""
        hidden = [value for name, value in self.extra.items() if name not in PUBLIC_EXTRA]
        return tuple(str(value) for value in (self.login, self.password, *hidden) if value)


@dataclass(frozen=True)
class Stream:
    """A stream is data: what one record is, how it is identified, which units it carries.

    Paths are dotted: ``metrics.spend`` is ``record["metrics"]["spend"]``.
    """

    name: str
    key: tuple[str, ...]  # paths that identify a record, together with account and day
    required: Mapping[str, str]  # path -> JSON kind, alternatives with "|": "string|number"
    grain: str  # "One record per ad and day of the account's zone."
    money: Mapping[str, str] = field(default_factory=dict)  # path -> "major" | "micros" | "minor"
    pii: Mapping[str, str] = field(default_factory=dict)  # path -> "email" | "phone"
    is_snapshot: bool = False  # a hierarchy: asked once per run, its day is `until`


@dataclass(frozen=True)
class Page:
    """One response (or one part of it), split into records.

    ``covers`` is set only on the last page of a chunk: a run that dies before it has covered
    nothing, and a covered day without rows is a fact ("no data"), not an error.
    """

    rows: list[tuple[str, str]]  # (ISO day, compact JSON text)
    covers: tuple[date, ...] = ()
    api_version: str = ""
    request: str = ""  # request line without secrets


class Source(ABC):
    """One platform. Subclasses declare their streams and say how a stream is fetched."""

    kind: ClassVar[str]
    streams: ClassVar[tuple[Stream, ...]]
    api_version: ClassVar[str]
    max_span_days: ClassVar[int]  # longest range one chunk asks for; fetch() splits by it itself
    default_base_url: ClassVar[str] = ""  # where the platform is when the connection names no host

    def __init__(
        self, connection: Connection, options: Mapping[str, Any], http: HttpSession
    ) -> None:
        self.connection = connection
        self.options = options
        self.http = http
        self.base_url = (connection.base_url or self.default_base_url).rstrip("/")
        http.hide(*connection.secrets)

    @classmethod
    def stream(cls, name: str) -> Stream:
        """The stream of that name; KeyError says which ones exist."""
        for stream in cls.streams:
            if stream.name == name:
                return stream
        known = ", ".join(stream.name for stream in cls.streams)
        raise KeyError(f"{cls.kind} has no stream {name!r}; it has {known}")

    @abstractmethod
    def fetch(self, stream: Stream, account_id: str, since: date, until: date) -> Iterator[Page]:
        """Yield the account's records of the days since..until (both inclusive), page by page.

        Raises the errors of :mod:`desilo.transport`; what was covered before an error stays valid.
        """


def spans(since: date, until: date, max_days: int) -> Iterator[tuple[date, date]]:
    """Split since..until into ranges of at most ``max_days`` days, oldest first."""
    start = since
    while start <= until:
        end = min(until, start + timedelta(days=max_days - 1))
        yield start, end
        start = end + timedelta(days=1)


def dumps(record: Any) -> str:
    """Compact JSON text of a parsed record, keys in the order they came."""
    return orjson.dumps(record).decode()


def dig(record: Any, path: str) -> Any:
    """The value at a dotted path, None where something on the way is absent."""
    for name in path.split("."):
        record = record.get(name) if isinstance(record, dict) else None
    return record


def iso_day(value: Any, otherwise: date) -> str:
    """The day of a report row's date text; ``otherwise`` where the row carries none."""
    try:
        return date.fromisoformat(str(value)[:10]).isoformat()
    except ValueError:
        return otherwise.isoformat()
