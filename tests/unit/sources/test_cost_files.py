"""Costs kept by hand: read as they are typed, days without a file are days without entries."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from desilo.sources import Source
from desilo.transport import BadRequestError

Connect = Callable[..., Source]
DAY, NEXT = date(2026, 3, 30), date(2026, 3, 31)
SPEC = {"path": "{day}/costs.csv"}
HEADER = "cost_id,date,cost_type,channel_id,amount,currency,entered_by"


def pages(root: Path, connect: Connect) -> list[Any]:
    source = connect("cost_files", "", options={"root": str(root), "streams": {"costs": SPEC}})
    return list(source.fetch(source.stream("costs"), "books-1", DAY, NEXT))


def deliver(root: Path, text: str) -> None:
    (root / DAY.isoformat()).mkdir()
    (root / DAY.isoformat() / "costs.csv").write_text(text)


def test_a_day_without_a_file_is_covered_and_empty(tmp_path: Path, connect: Connect) -> None:
    deliver(tmp_path, f"{HEADER}\nC-1,2026-03-30,tools,,12.50,EUR,ana\n")
    found = pages(tmp_path, connect)
    assert [(len(page.rows), page.covers) for page in found] == [(1, (DAY,)), (0, (NEXT,))]


def test_a_missing_folder_is_an_error_and_not_a_day_without_costs(
    tmp_path: Path, connect: Connect
) -> None:
    with pytest.raises(BadRequestError, match="cost_files: there is no folder"):
        pages(tmp_path / "gone", connect)


def test_wrong_rows_land_numbered_and_the_address_of_who_typed_them_is_hashed(
    tmp_path: Path, connect: Connect
) -> None:
    deliver(tmp_path, f"{HEADER}\n,,rent,,many,EUR,Ana@Example.org\nC-2,too,few\n")
    (first, second) = (
        json.loads(text) for page in pages(tmp_path, connect) for _, text in page.rows
    )
    hashed = hashlib.sha256(b"ana@example.org").hexdigest()
    assert (first["amount"], first["entered_by"], first["row_number"]) == ("many", hashed, 1)
    assert second == {"unparsable": "C-2,too,few", "row_number": 2}


def test_a_file_without_a_promised_column_is_refused(tmp_path: Path, connect: Connect) -> None:
    deliver(tmp_path, "cost_id,date,cost_type,amount\nC-1,2026-03-30,tools,12.50\n")
    with pytest.raises(BadRequestError, match=r"cost_files: .*lacks the columns \['currency'\]"):
        pages(tmp_path, connect)
