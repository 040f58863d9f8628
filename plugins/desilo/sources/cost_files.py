"""Costs that no ad platform knows, as files kept by hand: fees, creative, tools, creators' posts.

    {root}/{day}/costs.csv      what was entered on a day

Columns: ``cost_id``, ``date`` or ``period_from`` and ``period_to`` (both inclusive), ``cost_type``
(a row of seed ``cost_types``), ``channel_id`` and ``campaign`` (optional), ``amount`` (major units;
a credit note is negative), ``currency``, ``note``, ``entered_by``. They are read as order files
are: other formats, names of columns and places by the same options.

A day without a file is a day on which nobody entered anything. A file that is there again, changed,
replaces what it said; an entry of a later day with the same ``cost_id`` replaces the earlier one.
Typed by people, a row may be wrong: it ends in quarantine with a reason and stops no night.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import IO, ClassVar

from desilo.sources.base import Stream
from desilo.sources.order_files import OrderFiles
from desilo.sources.tables import FileSpec, Row


class CostFiles(OrderFiles):
    """One folder of cost entries. Options as those of order files."""

    kind: ClassVar[str] = "cost_files"
    absent_is_empty: ClassVar[bool] = True
    address_ids: ClassVar[Mapping[str, str]] = {"entered_by": "id"}
    streams: ClassVar[tuple[Stream, ...]] = (
        # A record is its place in the file and nothing else is required: the landing gate stops a
        # night over those, a typing error must not. Staging judges each row.
        Stream(
            "costs", ("row_number",), {"row_number": "integer"},
            "One record per cost entry, on the day it was entered.", money={"amount": "major"},
        ),
    )  # fmt: skip

    def _promised(self, stream: Stream) -> tuple[str, ...]:
        return ("cost_id", "cost_type", "amount", "currency")

    def _records(
        self, stream: Stream, spec: FileSpec, file: IO[bytes], name: str
    ) -> Iterator[tuple[Row, date | None]]:
        records = super()._records(stream, spec, file, name)
        for number, (record, day) in enumerate(records, start=1):
            yield {**record, "row_number": number}, day
