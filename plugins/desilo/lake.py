"""The lake: every answer of every platform, verbatim, immutable.

``{LAKE}/{source}/{stream}/account={id}/day={YYYY-MM-DD}/load={load_id}/`` holds ``part-*.parquet``
(columns ``record`` text, one JSON document, and ``seq``, its place in the load) and, written last,
``_load.json``. A load without it does not exist. The newest complete load of a (source, stream,
account, day) counts; older ones stay, so a restated number keeps its history.

A load that says byte for byte what the one before said holds no parts and names that load in
``same_as``: a re-read of 28 quiet days costs 28 small files and leaves nothing to rebuild.

The lake is a local folder or any fsspec URL. Locally parts are flushed to disk before
``_load.json`` appears; an object store makes each put whole by itself.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import quote

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq
from fsspec.implementations.local import LocalFileSystem

from desilo.durable import checkpoint

SCHEMA = pa.schema([pa.field("record", pa.string()), pa.field("seq", pa.int64())])
BUFFER_ROWS = 2_000
"""Rows kept in memory per open load: 30 days of 1 KB records in flight stay below 60 MB."""
LOAD_FILE = "_load.json"


@dataclass(frozen=True)
class Load:
    """What `_load.json` says.

    status is `complete` or `suspect` (shrunken against the load before it: kept, not used).
    record_bytes counts the records' text, before compression; checksum is the SHA-256 of it.
    """

    kind: str
    source: str
    stream: str
    account_id: str
    day: date
    load_id: str
    fetched_at: datetime
    rows: int
    record_bytes: int
    checksum: str
    status: str
    reason: str
    same_as: str
    api_version: str
    request: str

    @property
    def content_id(self) -> str:
        """The load that holds the records."""
        return self.same_as or self.load_id

    def to_json(self) -> bytes:
        document = asdict(self)
        document["day"] = self.day.isoformat()
        document["fetched_at"] = self.fetched_at.isoformat()
        document["bytes"] = document.pop("record_bytes")
        document["complete"] = True
        return json.dumps(document, indent=1, sort_keys=True).encode()

    @staticmethod
    def from_json(content: bytes) -> Load:
        document: dict[str, Any] = json.loads(content)
        document.pop("complete")
        document["record_bytes"] = document.pop("bytes")
        document["day"] = date.fromisoformat(document["day"])
        document["fetched_at"] = datetime.fromisoformat(document["fetched_at"])
        return Load(**document)


def new_load_id(fetched_at: datetime) -> str:
    """Sorts by the instant of fetching, then by the order in which loads were begun."""
    return f"{fetched_at.astimezone(UTC):%Y%m%dT%H%M%SZ}-{time.time_ns():016x}"


class Lake:
    """Reads and writes loads below one root."""

    def __init__(self, url: str) -> None:
        self.fs, self.root = fsspec.core.url_to_fs(url)
        self.is_local = isinstance(self.fs, LocalFileSystem)

    def partition(self, source: str, stream: str, account_id: str, day: date) -> str:
        account = quote(account_id, safe="")
        return f"{self.root}/{source}/{stream}/account={account}/day={day.isoformat()}"

    def loads(self, source: str, stream: str, account_id: str, day: date) -> list[Load]:
        """Every load of one day, the oldest first."""
        folder = self.partition(source, stream, account_id, day)
        if not self.fs.exists(folder):
            return []
        found = []
        for entry in sorted(self.fs.ls(folder, detail=False)):
            try:
                found.append(Load.from_json(self.fs.cat_file(f"{entry}/{LOAD_FILE}")))
            except FileNotFoundError:
                continue
        return found

    def newest(self, source: str, stream: str, account_id: str, day: date) -> Load | None:
        """The load that counts, or none."""
        accepted = [
            load
            for load in self.loads(source, stream, account_id, day)
            if load.status == "complete"
        ]
        return accepted[-1] if accepted else None

    def landed_days(self, source: str, stream: str, account_id: str) -> set[date]:
        """Days for which some folder exists; says nothing about completeness."""
        account = quote(account_id, safe="")
        folder = f"{self.root}/{source}/{stream}/account={account}"
        if not self.fs.exists(folder):
            return set()
        names = (str(entry).rsplit("/", 1)[-1] for entry in self.fs.ls(folder, detail=False))
        return {date.fromisoformat(name[4:]) for name in names if name.startswith("day=")}

    def load_files(self) -> Iterator[tuple[str, str]]:
        """(load_id with its partition, path of `_load.json`) of every load there is."""
        if self.is_local:
            yield from self._local_load_files()
            return
        for path in self.fs.glob(f"{self.root}/*/*/account=*/day=*/load=*/{LOAD_FILE}"):
            yield path.rsplit("/", 1)[0], path

    def _local_load_files(self) -> Iterator[tuple[str, str]]:
        stack = [self.root]
        while stack:
            folder = stack.pop()
            try:
                entries = list(os.scandir(folder))
            except FileNotFoundError:
                continue
            for entry in entries:
                if entry.name.startswith("load="):
                    path = f"{entry.path}/{LOAD_FILE}"
                    if os.path.exists(path):
                        yield entry.path, path
                elif entry.is_dir():
                    stack.append(entry.path)

    def read_load(self, path: str) -> Load:
        return Load.from_json(self.fs.cat_file(path))

    def parts(self, load: Load) -> list[str]:
        """Paths of the Parquet files that hold a load's records."""
        if load.rows == 0:
            return []
        folder = self.partition(load.source, load.stream, load.account_id, load.day)
        names = self.fs.ls(f"{folder}/load={load.content_id}", detail=False)
        return sorted(str(name) for name in names if str(name).endswith(".parquet"))

    def records(self, load: Load) -> list[str]:
        """The records of a load, in the order in which they came. For people and tests."""
        found: list[str] = []
        for part in self.parts(load):
            with self.fs.open(part, "rb") as handle:
                found.extend(pq.read_table(handle, columns=["record"])["record"].to_pylist())
        return found

    def sweep(self, source: str, before: datetime) -> int:
        """Remove unfinished loads begun before an instant; returns how many."""
        limit = before.timestamp() * 1e9
        swept = 0
        for folder in self.fs.glob(f"{self.root}/{source}/*/account=*/day=*/load=*"):
            begun = int(str(folder).rsplit("-", 1)[-1], 16)
            if begun < limit and not self.fs.exists(f"{folder}/{LOAD_FILE}"):
                self.fs.rm(folder, recursive=True)
                swept += 1
        return swept


class LoadWriter:
    """Collects the records of one load. Nothing exists until `commit` returns."""

    def __init__(self, lake: Lake, load: Load) -> None:
        self._lake = lake
        self._load = load
        folder = lake.partition(load.source, load.stream, load.account_id, load.day)
        self._folder = f"{folder}/load={load.load_id}"
        self._buffer: list[str] = []
        self._writer: pq.ParquetWriter | None = None
        self._handle: Any = None
        self._rows = 0
        self._bytes = 0
        self._digest = hashlib.sha256()

    def append(self, records: Sequence[str]) -> None:
        for record in records:
            encoded = record.encode()
            self._digest.update(encoded)
            self._digest.update(b"\n")
            self._bytes += len(encoded)
        self._buffer.extend(records)
        self._rows += len(records)
        if len(self._buffer) >= BUFFER_ROWS:
            self._flush()

    @property
    def rows(self) -> int:
        return self._rows

    def commit(
        self,
        previous: Load | None,
        *,
        suspicion: str = "",
        request: str = "",
        api_version: str = "",
    ) -> Load:
        """Make the load exist, and say what it is against the one that counted so far.

        A load with a suspicion is kept and not used.
        """
        checksum = self._digest.hexdigest()
        load = replace(
            self._load,
            rows=self._rows,
            record_bytes=self._bytes,
            checksum=checksum,
            status="suspect" if suspicion else "complete",
            reason=suspicion,
            request=request,
            api_version=api_version,
        )
        if previous is not None and previous.checksum == checksum and not suspicion:
            self._discard_parts()
            load = replace(load, same_as=previous.content_id)
        elif self._rows:
            self._flush()
            self._close()
        self._put(load)
        return load

    def abort(self) -> None:
        self._discard_parts()

    def _flush(self) -> None:
        if not self._buffer:
            return
        if self._writer is None:
            self._lake.fs.makedirs(self._folder, exist_ok=True)
            checkpoint("a part of a load")
            self._handle = self._lake.fs.open(f"{self._folder}/part-0000.parquet", "wb")
            self._writer = pq.ParquetWriter(self._handle, SCHEMA, compression="zstd")
        first = self._rows - len(self._buffer)
        seq = pa.array(range(first, self._rows), pa.int64())
        self._writer.write_table(
            pa.Table.from_arrays([pa.array(self._buffer, pa.string()), seq], schema=SCHEMA)
        )
        self._buffer = []

    def _close(self) -> None:
        if self._writer is None:
            return
        self._writer.close()
        if self._lake.is_local:
            self._handle.flush()
            os.fsync(self._handle.fileno())
        self._handle.close()
        self._writer = None

    def _discard_parts(self) -> None:
        self._buffer = []
        if self._writer is not None:
            self._writer.close()
            self._handle.close()
            self._writer = None
            self._lake.fs.rm(self._folder, recursive=True)

    def _put(self, load: Load) -> None:
        self._lake.fs.makedirs(self._folder, exist_ok=True)
        checkpoint("the end of a load")
        path = f"{self._folder}/{LOAD_FILE}"
        if not self._lake.is_local:
            self._lake.fs.pipe_file(path, load.to_json())
            return
        with open(f"{path}.tmp", "wb") as handle:
            handle.write(load.to_json())
            handle.flush()
            os.fsync(handle.fileno())
        checkpoint("the rename that ends a load")
        os.replace(f"{path}.tmp", path)


def begin(
    lake: Lake,
    *,
    kind: str,
    source: str,
    stream: str,
    account_id: str,
    day: date,
    fetched_at: datetime,
) -> LoadWriter:
    """Start a load of one account's day."""
    return LoadWriter(
        lake,
        Load(
            kind=kind,
            source=source,
            stream=stream,
            account_id=account_id,
            day=day,
            load_id=new_load_id(fetched_at),
            fetched_at=fetched_at,
            rows=0,
            record_bytes=0,
            checksum="",
            status="complete",
            reason="",
            same_as="",
            api_version="",
            request="",
        ),
    )
