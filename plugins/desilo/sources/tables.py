"""Read delivered files (CSV, blank-separated, fixed positions, NDJSON, Parquet) a row at a time.

A row that cannot be split into its columns becomes ``{"unparsable": "<masked text>"}``: it lands,
staging finds no key in it and puts it into quarantine. Nothing is dropped here.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from datetime import date, datetime, time
from typing import IO, Any
from zoneinfo import ZoneInfo

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from desilo.sources.pii import mask
from desilo.transport import BadRequestError, MalformedResponseError

Row = dict[str, Any]

FORMATS = ("csv", "fixed", "ndjson", "parquet")
WHITESPACE = "whitespace"
UNPARSABLE = "unparsable"
PARQUET_BATCH_ROWS = 10_000
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


@dataclass(frozen=True)
class FileSpec:
    """How one stream is delivered; the keys of the configuration are these names.

    Attributes:
        path: below the root; with ``{day}`` one file a day, without it one file of all days.
        format: csv, fixed, ndjson or parquet.
        delimiter: of a CSV; ``whitespace`` means runs of blanks.
        header: whether a CSV's first line names its columns; otherwise ``names`` does.
        positions: of a fixed-width file: column -> [first, last] character, counted from 1.
        encoding: of text; bytes that are not UTF-8 are read as ``fallback_encoding``.
        columns: target -> source column, or ``{fixed: text}``, ``{template: "{a}-{row_number}"}``,
            ``{instant: column, format: "%Y%m%d", time: "12:00"}``.
        day_column, date_format: where a file of all days says which day a row belongs to.
    """

    path: str
    format: str = "csv"
    delimiter: str = ","
    header: bool = True
    names: tuple[str, ...] = ()
    positions: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    encoding: str = "utf-8"
    fallback_encoding: str = "cp1252"
    columns: Mapping[str, Any] = field(default_factory=dict)
    day_column: str = ""
    date_format: str = "%Y-%m-%d"

    @classmethod
    def of(cls, stream: str, options: Mapping[str, Any], kind: str = "order_files") -> FileSpec:
        """Build from configuration; BadRequestError names what is unknown or missing."""
        unknown = set(options) - {each.name for each in fields(cls)}
        if unknown or "path" not in options:
            reason = f"unknown {sorted(unknown)}" if unknown else "'path' is missing"
            raise BadRequestError(f"{kind}: options of {stream!r}: {reason}")
        spec = cls(**{**options, "names": tuple(options.get("names", ()))})
        if spec.format not in FORMATS:
            raise BadRequestError(f"{kind}: {stream!r}: format is one of {FORMATS}")
        is_unnamed = (spec.format == "fixed" and not spec.positions) or (
            spec.format == "csv" and not spec.header and not spec.names
        )
        if is_unnamed:
            needed = "positions" if spec.format == "fixed" else "names, or a header"
            raise BadRequestError(f"{kind}: {stream!r}: {spec.format} needs {needed}")
        if not spec.is_daily and not spec.day_column:
            raise BadRequestError(f"{kind}: {stream!r}: a path without {{day}} needs day_column")
        return spec

    @property
    def is_daily(self) -> bool:
        return "{day" in self.path

    def source_columns(self) -> dict[str, str]:
        """target -> the source column its rule reads."""
        found = {}
        for target, rule in self.columns.items():
            if isinstance(rule, str):
                found[target] = rule
            elif "instant" in rule:
                found[target] = rule["instant"]
        return found


@dataclass(frozen=True)
class Table:
    """A file being read: its columns (None where every record names its own), and its rows."""

    columns: tuple[str, ...] | None
    rows: Iterator[Row]


def open_table(file: IO[bytes], spec: FileSpec, name: str) -> Table:
    """Begin to read; BadRequestError when a text file lacks its header."""
    if spec.format == "parquet":
        return _parquet(file, name)
    if spec.format == "ndjson":
        return Table(None, _ndjson(file))
    if spec.format == "fixed":
        return Table(tuple(spec.positions), _fixed(file, spec))
    rows = _split(file, spec)
    if not spec.header:
        return Table(spec.names, _named(rows, spec.names))
    first = next(rows, None)
    if first is None or not isinstance(first, list):
        raise BadRequestError(f"{name}: empty, its header is missing")
    columns = tuple(column.strip() for column in first)
    doubled = sorted({column for column in columns if columns.count(column) > 1})
    if doubled:
        raise BadRequestError(f"{name}: doubled columns {doubled}")
    return Table(columns, _named(rows, columns))


def mapped(row: Row, spec: FileSpec, row_number: int, timezone: str) -> Row:
    """Rename to the target names; what no rule takes stays under its own name."""
    if UNPARSABLE in row:
        return row
    record: Row = {}
    for target, rule in spec.columns.items():
        if isinstance(rule, str):
            record[target] = row.get(rule)
        elif "fixed" in rule:
            record[target] = rule["fixed"]
        elif "template" in rule:
            texts = {name: "" if value is None else value for name, value in row.items()}
            record[target] = rule["template"].format_map({**texts, "row_number": row_number})
        else:
            record[target] = _instant(row.get(rule["instant"]), rule, timezone)
    taken = set(spec.source_columns().values())
    for name, value in row.items():
        if name not in taken:
            record[name if name not in record else f"source_{name}"] = value
    return record


def row_day(row: Row, spec: FileSpec) -> date | None:
    """The day a row of an all-days file belongs to; None where it does not say one."""
    return _day(row.get(spec.day_column), spec.date_format)


def record_text(record: Row) -> str:
    """Compact JSON; decimals as text, so that no digit of an amount changes."""
    return orjson.dumps(record, default=str).decode()


def _day(value: Any, date_format: str) -> date | None:
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    try:
        return datetime.strptime(str(value), date_format).date()
    except ValueError:
        return None


def _instant(value: Any, rule: Mapping[str, str], timezone: str) -> Any:
    """ISO instant with zone; a value that is no date stays as it is, for the quarantine."""
    day = _day(value, rule.get("format", "%Y-%m-%d"))
    if day is None:
        return value
    at = time.fromisoformat(rule.get("time", "12:00"))
    zone = ZoneInfo(rule.get("timezone", timezone))
    return datetime.combine(day, at, zone).isoformat()


def _text_lines(file: IO[bytes], spec: FileSpec) -> Iterator[str]:
    """Lines with their ends; a byte-order mark is dropped, stray bytes use the fallback."""
    start = file.read(3)
    file.seek(len(codecs.BOM_UTF8) if start == codecs.BOM_UTF8 else 0)
    is_utf16 = start.startswith(_UTF16)
    if is_utf16 or codecs.lookup(spec.encoding).name != "utf-8":
        encoding = "utf-16" if is_utf16 else spec.encoding
        yield from io.TextIOWrapper(file, encoding, errors="replace", newline="")
        return
    for line in file:
        try:
            yield line.decode("utf-8")
        except UnicodeDecodeError:
            yield line.decode(spec.fallback_encoding, "replace")


def _split(file: IO[bytes], spec: FileSpec) -> Iterator[list[str] | str]:
    """The fields of each row; a row's own text where it cannot be split."""
    lines = _text_lines(file, spec)
    if spec.delimiter == WHITESPACE:
        yield from (columns for line in lines if (columns := line.split()))
        return
    last = ""

    def remembered() -> Iterator[str]:
        nonlocal last
        for line in lines:
            last = line
            yield line

    reader = csv.reader(remembered(), delimiter=spec.delimiter)
    while True:
        try:
            columns = next(reader)
        except StopIteration:
            return
        except csv.Error:
            yield last
            continue
        if columns:
            yield columns


def _named(rows: Iterator[list[str] | str], columns: tuple[str, ...]) -> Iterator[Row]:
    for row in rows:
        if isinstance(row, str):
            yield {UNPARSABLE: mask(row)}
        elif len(row) != len(columns):
            # Shifted columns would put one field's value into another: better not guess.
            yield {UNPARSABLE: mask(",".join(row))}
        else:
            yield {name: value or None for name, value in zip(columns, row, strict=True)}


def _fixed(file: IO[bytes], spec: FileSpec) -> Iterator[Row]:
    lines = _text_lines(file, spec)
    if spec.header:
        next(lines, None)
    for line in lines:
        if line.strip():
            yield {
                name: line[first - 1 : last].strip() or None
                for name, (first, last) in spec.positions.items()
            }


def _ndjson(file: IO[bytes]) -> Iterator[Row]:
    for line in file:
        text = line.removeprefix(codecs.BOM_UTF8).strip()
        if not text:
            continue
        try:
            row = orjson.loads(text)
        except orjson.JSONDecodeError:
            row = None
        yield row if isinstance(row, dict) else {UNPARSABLE: mask(text.decode("utf-8", "replace"))}


def _parquet(file: IO[bytes], name: str) -> Table:
    try:
        parquet = pq.ParquetFile(file)
    except pa.ArrowInvalid as error:
        raise MalformedResponseError(f"{name}: not readable: {error}") from None

    def rows() -> Iterator[Row]:
        for batch in parquet.iter_batches(PARQUET_BATCH_ROWS):
            yield from batch.to_pylist()

    return Table(tuple(parquet.schema_arrow.names), rows())
