"""The order ledger as files: orders, lines, refunds, coupons, in the shop's own columns.

    {root}/{day}/orders.csv, order_lines.parquet, refunds.ndjson, coupons.csv   one file a day, or
    {root}/purchases.txt                                                        one file of all days

The configuration maps the shop's columns to the names used here; columns that are not mapped stay
under their own name. Money is text or a decimal in major units. A line carries either
``unit_price`` (gross is quantity x unit_price) or ``gross`` (the line's total before discount).
``root`` is a folder or an fsspec URL and may name environment variables: ``${DESILO_DROP}``.

A day is covered only when its file is there. Text that cannot be split lands as it is (masked) and
ends in quarantine; a file without a column that was promised is refused.
"""

from __future__ import annotations

import logging
import os
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import date
from typing import IO, Any, ClassVar

import fsspec
from fsspec.implementations.local import LocalFileSystem

from desilo.days import days_between
from desilo.sources.base import Page, Source, Stream, dig, spans
from desilo.sources.pii import hash_paths
from desilo.sources.tables import (
    FileSpec,
    Row,
    Table,
    mapped,
    open_table,
    record_text,
    row_day,
)
from desilo.transport import (
    AuthError,
    BadRequestError,
    HttpSession,
    TransientError,
)

log = logging.getLogger(__name__)

API_VERSION = "files"
PAGE_ROWS = 2_000
COVER_DAYS = 31  # of an all-days file, so many days become complete together

_ID = "string|integer"
_AMOUNT = "string|number"


class OrderFiles(Source):
    """One shop's drop folder. Options: ``root``, ``streams``, ``timezone``, ``country_code``,
    ``pii`` (personal fields of your own: ``{buyer_mail: email}``)."""

    kind: ClassVar[str] = "order_files"
    api_version: ClassVar[str] = API_VERSION
    max_span_days: ClassVar[int] = 36_500
    absent_is_empty: ClassVar[bool] = False  # whether a day without a file is one without records
    # Some shops take the e-mail address as an id: such a one is hashed like any address.
    address_ids: ClassVar[Mapping[str, str]] = {"user_id": "id", "customer_id": "id"}
    streams: ClassVar[tuple[Stream, ...]] = (
        Stream(
            "orders", ("order_id",),
            {"order_id": _ID, "ordered_at": "string", "status": "string", "currency": "string"},
            "One record per order, on the day it was delivered.",
            pii={"email": "email", "phone": "phone"},
        ),
        Stream(
            "order_lines", ("order_id", "line_no"),
            {"order_id": _ID, "line_no": _ID, "quantity": _AMOUNT},
            "One record per line of an order, on the day it was delivered.",
            money={"unit_price": "major", "gross": "major", "discount": "major",
                   "unit_cost": "major"},
        ),
        Stream(
            "refunds", ("refund_id",),
            {"refund_id": _ID, "order_id": _ID, "amount": _AMOUNT, "currency": "string",
             "refunded_at": "string"},
            "One record per refund, on the day it was delivered.", money={"amount": "major"},
        ),
        Stream(
            "coupons", ("coupon_code",), {"coupon_code": "string"},
            "One record per coupon known on the day.",
        ),
    )  # fmt: skip

    def __init__(self, connection: Any, options: Mapping[str, Any], http: HttpSession) -> None:
        super().__init__(connection, options, http)
        root = os.path.expandvars(str(options.get("root") or connection.base_url))
        if not root or "$" in root:
            raise BadRequestError(
                f"{self.kind}: root is {root!r}; set the variable it names, or options.root"
            )
        storage = dict(connection.extra) if "://" in root else {}
        self._files, self._root = fsspec.core.url_to_fs(os.path.expanduser(root), **storage)
        self._timezone = str(options.get("timezone", "UTC"))

    def fetch(self, stream: Stream, account_id: str, since: date, until: date) -> Iterator[Page]:
        """See :meth:`Source.fetch`. A stream without an entry under ``streams`` yields nothing."""
        configured = self.options.get("streams", {})
        if stream.name not in configured:
            return
        spec = FileSpec.of(stream.name, configured[stream.name], self.kind)
        if isinstance(self._files, LocalFileSystem) and not self._files.isdir(self._root):
            raise BadRequestError(f"{self.kind}: there is no folder {self._root}")
        if spec.is_daily:
            for day in days_between(since, until):
                yield from self._daily_file(stream, spec, account_id, day)
        else:
            yield from self._whole_file(stream, spec, account_id, since, until)

    def _daily_file(
        self, stream: Stream, spec: FileSpec, account_id: str, day: date
    ) -> Iterator[Page]:
        name = spec.path.format(day=day, account=account_id)
        with self._open(name) as file:
            if file is None:
                log.info("%s: no %s", self.kind, name)
                if self.absent_is_empty:
                    yield Page([], (day,), API_VERSION, f"READ {name}")
                return
            rows: list[tuple[str, str]] = []
            for record, _ in self._records(stream, spec, file, name):
                rows.append((day.isoformat(), record_text(record)))
                if len(rows) == PAGE_ROWS:
                    yield Page(rows, (), API_VERSION, f"READ {name}")
                    rows = []
            yield Page(rows, (day,), API_VERSION, f"READ {name}")

    def _whole_file(
        self, stream: Stream, spec: FileSpec, account_id: str, since: date, until: date
    ) -> Iterator[Page]:
        """Sort by day on disk, then give out the days that were asked for.

        A row whose day cannot be read goes with the last day that is covered.
        """
        name = spec.path.format(account=account_id)
        with self._open(name) as file, closing(sqlite3.connect("")) as store:
            if file is None:
                raise BadRequestError(f"{self.kind}: there is no file {name} in {self._root}")
            store.execute("CREATE TABLE landed (day TEXT, seq INTEGER PRIMARY KEY, record TEXT)")
            store.executemany(
                "INSERT INTO landed (day, record) VALUES (?, ?)",
                (
                    (day.isoformat() if day else None, record_text(record))
                    for record, day in self._records(stream, spec, file, name)
                ),
            )
            store.execute("CREATE INDEX by_day ON landed (day, seq)")
            first, last = store.execute("SELECT min(day), max(day) FROM landed").fetchone()
            if first is None:
                raise BadRequestError(f"{self.kind}: {name}: no row with a day in it")
            since, until = max(since, date.fromisoformat(first)), min(until, _day(last))
            if since <= until:
                store.execute("UPDATE landed SET day = ? WHERE day IS NULL", (until.isoformat(),))
            for start, end in spans(since, until, COVER_DAYS):
                yield from _stored(store, name, start, end)

    def _records(
        self, stream: Stream, spec: FileSpec, file: IO[bytes], name: str
    ) -> Iterator[tuple[Row, date | None]]:
        """(record under its target names with personal fields hashed, day of its day column)."""
        table = open_table(file, spec, name)
        self._refuse_missing_columns(stream, spec, table, name)
        pii = {**self.address_ids, **stream.pii, **self.options.get("pii", {})}
        country_code = str(self.options.get("country_code", ""))
        seen: set[str] = set()
        number = 0
        for number, row in enumerate(table.rows, start=1):
            record = mapped(row, spec, number, self._timezone)
            if table.columns is None:
                seen.update(path for path in stream.required if dig(record, path) is not None)
            hash_paths(record, pii, country_code)
            yield record, row_day(row, spec) if spec.day_column else None
        if table.columns is None and number and (absent := set(stream.required) - seen):
            raise BadRequestError(f"{self.kind}: {name}: no record has {sorted(absent)}")

    def _promised(self, stream: Stream) -> tuple[str, ...]:
        """The columns a file must have."""
        return tuple(stream.required)

    def _refuse_missing_columns(
        self, stream: Stream, spec: FileSpec, table: Table, name: str
    ) -> None:
        if table.columns is None:
            return
        wanted = {
            *spec.source_columns().values(),
            *(path for path in self._promised(stream) if path not in spec.columns),
            *([spec.day_column] if spec.day_column else []),
        }
        missing = sorted(wanted - set(table.columns))
        if missing:
            raise BadRequestError(
                f"{self.kind}: {name} lacks the columns {missing}; it has {list(table.columns)}"
            )

    @contextmanager
    def _open(self, name: str) -> Iterator[IO[bytes] | None]:
        """The file opened for reading, None when it is not there."""
        path = f"{self._root.rstrip('/')}/{name}"
        try:
            file = self._files.open(path, "rb")
        except FileNotFoundError:
            file = None
        except PermissionError:
            raise AuthError(f"{self.kind}: {name}: reading is not allowed") from None
        except OSError as error:
            raise TransientError(f"{self.kind}: {name}: {type(error).__name__}") from None
        if file is None:
            yield None
            return
        with file:
            yield file


def _stored(store: sqlite3.Connection, name: str, since: date, until: date) -> Iterator[Page]:
    cursor = store.execute(
        "SELECT day, record FROM landed WHERE day BETWEEN ? AND ? ORDER BY day, seq",
        (since.isoformat(), until.isoformat()),
    )
    rows = cursor.fetchmany(PAGE_ROWS)
    while following := cursor.fetchmany(PAGE_ROWS):
        yield Page(rows, (), API_VERSION, f"READ {name}")
        rows = following
    yield Page(rows, tuple(days_between(since, until)), API_VERSION, f"READ {name}")


def _day(text: str) -> date:
    return date.fromisoformat(text)
