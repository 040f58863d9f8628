"""Delivered files: every format, the column map, what is refused, and what still lands."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from desilo.sources import Source, order_files
from desilo.transport import BadRequestError, MalformedResponseError

Connect = Callable[..., Source]
DAY, NEXT = date(2026, 3, 30), date(2026, 3, 31)
HEADER = "order_id,customer_id,email,phone,ordered_at,status,currency"
ANNA = "17,c1,anna@example.org,,2026-03-30T10:00:00+02:00,paid,EUR"


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


class Shop:
    """A drop folder and the source that reads it."""

    def __init__(self, root: Path, connect: Connect) -> None:
        self.root, self.connect = root, connect

    def deliver(self, name: str, content: str | bytes, day: date = DAY) -> None:
        path = self.root / day.isoformat() / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())

    def pages(
        self, stream: str, spec: dict[str, Any], since: date = DAY, until: date = NEXT, **more: Any
    ) -> list[Any]:
        options = {"root": str(self.root), "streams": {stream: spec}, **more}
        source = self.connect("order_files", "", options=options)
        return list(source.fetch(source.stream(stream), "shop-1", since, until))

    def records(self, stream: str, spec: dict[str, Any], **more: Any) -> list[Any]:
        pages = self.pages(stream, spec, **more)
        return [json.loads(text) for page in pages for _, text in page.rows]


@pytest.fixture
def shop(tmp_path: Path, connect: Connect) -> Shop:
    return Shop(tmp_path, connect)


ORDERS = {"path": "{day}/orders.csv"}


def test_csv_row_becomes_a_record_with_hashed_person_and_nulls(shop: Shop) -> None:
    shop.deliver("orders.csv", f"{HEADER}\n{ANNA}\n")
    assert shop.records("orders", ORDERS) == [
        {
            "order_id": "17", "customer_id": "c1", "email": sha("anna@example.org"),
            "phone": None, "ordered_at": "2026-03-30T10:00:00+02:00", "status": "paid",
            "currency": "EUR",
        }
    ]  # fmt: skip


def test_only_days_with_a_file_are_covered(shop: Shop) -> None:
    shop.deliver("orders.csv", f"{HEADER}\n")
    pages = shop.pages("orders", ORDERS)
    assert [(page.rows, page.covers) for page in pages] == [([], (DAY,))]


def test_a_stream_that_is_not_configured_says_nothing(shop: Shop) -> None:
    assert shop.connect("order_files", "", options={"root": str(shop.root)}) is not None
    source = shop.connect("order_files", "", options={"root": str(shop.root), "streams": {}})
    assert list(source.fetch(source.stream("coupons"), "shop-1", DAY, NEXT)) == []


def test_a_big_file_comes_in_pages_and_the_last_one_covers(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(order_files, "PAGE_ROWS", 2)
    shop.deliver("orders.csv", "\n".join([HEADER, *[ANNA] * 5]))
    pages = shop.pages("orders", ORDERS)
    assert [len(page.rows) for page in pages] == [2, 2, 1]
    assert [page.covers for page in pages] == [(), (), (DAY,)]


@pytest.mark.parametrize(
    "encode",
    [
        lambda text: b"\xef\xbb\xbf" + text.encode(),
        lambda text: text.encode("utf-16"),
        lambda text: text.encode("cp1252"),
        lambda text: text.encode("utf-8"),
    ],
    ids=["BOM", "UTF-16", "cp1252", "UTF-8"],
)
def test_encodings_are_tolerated(shop: Shop, encode: Callable[[str], bytes]) -> None:
    text = f"{HEADER},note\r\n{ANNA},Größe passt\r\n"
    shop.deliver("orders.csv", encode(text))
    (record,) = shop.records("orders", ORDERS)
    assert (record["order_id"], record["note"]) == ("17", "Größe passt")


def test_an_encoding_can_be_named(shop: Shop) -> None:
    shop.deliver("orders.csv", f"{HEADER},note\n{ANNA},尺码\n".encode("gb18030"))
    (record,) = shop.records("orders", {**ORDERS, "encoding": "gb18030"})
    assert record["note"] == "尺码"


def test_quoted_fields_may_hold_separators_and_line_breaks(shop: Shop) -> None:
    shop.deliver("orders.csv", f'{HEADER};note\n{ANNA};"a;b\nc"\n'.replace(",", ";"))
    (record,) = shop.records("orders", {**ORDERS, "delimiter": ";"})
    assert record["note"] == "a;b\nc"


def test_columns_are_renamed_fixed_built_and_the_rest_is_kept(shop: Shop) -> None:
    shop.deliver("orders.csv", "No,Buyer Mail,Date,status,order_id\n5,a@b.co,30.03.2026,odd,x9\n")
    columns = {
        "order_id": {"template": "S-{No}-{row_number}"},
        "email": "Buyer Mail",
        "ordered_at": {"instant": "Date", "format": "%d.%m.%Y", "time": "09:30"},
        "status": {"fixed": "paid"},
        "currency": {"fixed": "EUR"},
        "coupon_code": {"fixed": None},
    }
    records = shop.records("orders", {**ORDERS, "columns": columns}, timezone="Europe/Berlin")
    assert records == [
        {
            "order_id": "S-5-1", "email": sha("a@b.co"),
            "ordered_at": "2026-03-30T09:30:00+02:00", "status": "paid", "currency": "EUR",
            "coupon_code": None, "No": "5", "source_status": "odd", "source_order_id": "x9",
        }
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("content", "columns", "named"),
    [
        ("order_id,status\n1,paid\n", {}, "currency"),
        (f"{HEADER}\n{ANNA}\n", {"coupon_code": "Voucher"}, "Voucher"),
    ],
)
def test_a_promised_column_that_is_absent_refuses_the_file(
    shop: Shop, content: str, columns: dict[str, str], named: str
) -> None:
    shop.deliver("orders.csv", content)
    with pytest.raises(BadRequestError, match=rf"2026-03-30/orders.csv lacks .*{named}"):
        shop.pages("orders", {**ORDERS, "columns": columns})


@pytest.mark.parametrize(
    ("content", "reason"), [("", "header is missing"), ("a,a\n1,2\n", "doubled columns")]
)
def test_an_unusable_header_refuses_the_file(shop: Shop, content: str, reason: str) -> None:
    shop.deliver("orders.csv", content)
    with pytest.raises(BadRequestError, match=reason):
        shop.pages("orders", ORDERS)


def test_a_broken_row_lands_masked_and_its_neighbours_are_whole(shop: Shop) -> None:
    broken = "18,c2,bo@example.org,paid"
    shop.deliver("orders.csv", "\n".join([HEADER, ANNA, broken, ANNA.replace("17", "19")]))
    records = shop.records("orders", ORDERS)
    assert [record.get("order_id") for record in records] == ["17", None, "19"]
    assert records[1] == {"unparsable": "18,c2,[masked],paid"}


def test_parquet_keeps_every_digit_of_an_amount(shop: Shop) -> None:
    table = pa.table(
        {
            "order_id": ["17"],
            "line_no": [1],
            "quantity": [2],
            "unit_price": pa.array([Decimal("12.50")], pa.decimal128(18, 2)),
            "discount": ["0.10"],
            "unit_cost": pa.array([None], pa.string()),
            "packed_at": [datetime(2026, 3, 30, 8, tzinfo=UTC)],
        }
    )
    pq.write_table(table, shop.root / "lines.parquet")
    shop.deliver("order_lines.parquet", (shop.root / "lines.parquet").read_bytes())
    spec = {"path": "{day}/order_lines.parquet", "format": "parquet"}
    assert shop.records("order_lines", spec) == [
        {
            "order_id": "17", "line_no": 1, "quantity": 2, "unit_price": "12.50",
            "discount": "0.10", "unit_cost": None, "packed_at": "2026-03-30T08:00:00+00:00",
        }
    ]  # fmt: skip


def test_a_broken_parquet_file_is_malformed(shop: Shop) -> None:
    shop.deliver("order_lines.parquet", b"PAR1 and nothing more")
    with pytest.raises(MalformedResponseError):
        shop.pages("order_lines", {"path": "{day}/order_lines.parquet", "format": "parquet"})


REFUNDS = {"path": "{day}/refunds.ndjson", "format": "ndjson"}
REFUND = {
    "refund_id": "r1", "order_id": "17", "line_no": None, "amount": "3.00", "currency": "EUR",
    "refunded_at": "2026-03-30T12:00:00Z",
}  # fmt: skip


def test_ndjson_lines_land_and_a_broken_one_is_masked(shop: Shop) -> None:
    lines = [json.dumps(REFUND), '{"refund_id": "r2", "mail": "x@y.zz"', "", "[1]"]
    shop.deliver("refunds.ndjson", "\n".join(lines))
    records = shop.records("refunds", REFUNDS)
    assert records[0] == REFUND
    assert records[1] == {"unparsable": '{"refund_id": "r2", "mail": "[masked]"'}
    assert records[2] == {"unparsable": "[1]"}


def test_an_empty_ndjson_file_is_a_day_without_refunds(shop: Shop) -> None:
    shop.deliver("refunds.ndjson", "")
    assert [page.covers for page in shop.pages("refunds", REFUNDS)] == [(DAY,)]


def test_ndjson_where_nobody_has_a_required_name_is_refused(shop: Shop) -> None:
    shop.deliver("refunds.ndjson", json.dumps({**REFUND, "amount": None}))
    with pytest.raises(BadRequestError, match=r"no record has .*amount"):
        shop.pages("refunds", REFUNDS)


def test_fixed_positions(shop: Shop) -> None:
    shop.deliver("orders.txt", "17  2026-03-30paid\n18  2026-03-30void\n")
    spec = {
        "path": "{day}/orders.txt", "format": "fixed", "header": False,
        "positions": {"order_id": [1, 4], "day": [5, 14], "status": [15, 18]},
        "columns": {"ordered_at": {"instant": "day"}, "currency": {"fixed": "EUR"}},
    }  # fmt: skip
    records = shop.records("orders", spec)
    assert records[1] == {
        "order_id": "18", "status": "void", "ordered_at": "2026-03-30T12:00:00+00:00",
        "currency": "EUR",
    }  # fmt: skip


ALL_DAYS = {
    "path": "purchases.txt", "delimiter": "whitespace", "day_column": "date",
    "date_format": "%Y%m%d",
    "columns": {
        "order_id": {"template": "{id}-{row_number}"}, "status": {"fixed": "paid"},
        "ordered_at": {"instant": "date", "format": "%Y%m%d"}, "currency": {"fixed": "USD"},
    },
}  # fmt: skip


def test_one_file_of_all_days_is_given_out_by_day(shop: Shop) -> None:
    text = " id  date  n\n 1 20260331 1\n 2 20260329 1\n 3 20260402 1\n 4 20260329 2\n 5 soon 1\n"
    (shop.root / "purchases.txt").write_text(text)
    pages = shop.pages("orders", ALL_DAYS, date(2026, 1, 1), date(2026, 4, 1))
    rows = [(day, json.loads(text)["order_id"]) for page in pages for day, text in page.rows]
    assert rows == [
        ("2026-03-29", "2-2"), ("2026-03-29", "4-4"), ("2026-03-31", "1-1"), ("2026-04-01", "5-5"),
    ]  # fmt: skip
    covered = [day for page in pages for day in page.covers]
    assert covered == [date(2026, 3, 29), date(2026, 3, 30), date(2026, 3, 31), date(2026, 4, 1)]
    later = shop.pages("orders", ALL_DAYS, date(2026, 4, 2), date(2026, 5, 1))
    assert [page.covers for page in later] == [(date(2026, 4, 2),)]
    assert shop.pages("orders", ALL_DAYS, date(2026, 4, 3), date(2026, 5, 1)) == []


@pytest.mark.parametrize(
    ("spec", "reason"),
    [
        ({"path": "a.csv"}, "needs day_column"),
        ({"format": "csv"}, "'path' is missing"),
        ({**ORDERS, "colums": {}}, "unknown .*colums"),
        ({**ORDERS, "format": "xlsx"}, "format is one of"),
        ({**ORDERS, "format": "fixed"}, "needs positions"),
        ({**ORDERS, "header": False}, "needs names"),
    ],
)
def test_a_wrong_configuration_says_what_is_wrong(
    shop: Shop, spec: dict[str, Any], reason: str
) -> None:
    with pytest.raises(BadRequestError, match=reason):
        shop.pages("orders", spec)


def test_root_is_filled_from_the_environment_or_refused(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.deliver("orders.csv", f"{HEADER}\n{ANNA}\n")
    monkeypatch.setenv("SOME_DROP", str(shop.root))
    assert len(shop.records("orders", ORDERS, root="${SOME_DROP}")) == 1
    monkeypatch.delenv("SOME_DROP")
    with pytest.raises(BadRequestError, match="SOME_DROP"):
        shop.records("orders", ORDERS, root="${SOME_DROP}")
    with pytest.raises(BadRequestError, match="there is no folder"):
        shop.records("orders", ORDERS, root=str(shop.root / "elsewhere"))


def test_a_remote_file_system_is_read_the_same_way(shop: Shop) -> None:
    import fsspec

    fsspec.filesystem("memory").pipe("/drop/2026-03-30/orders.csv", f"{HEADER}\n{ANNA}\n".encode())
    assert len(shop.records("orders", ORDERS, root="memory://drop")) == 1


def test_recorded_purchases_are_all_there_to_the_cent(
    connect: Connect, recorded: Callable[[str], Path]
) -> None:
    root = recorded("cdnow/CDNOW_master.txt").parent
    project = Path(__file__).resolve().parents[3]
    config = yaml.safe_load((project / "config" / "recorded.yml").read_text("utf-8"))
    (entry,) = [each for each in config["sources"] if each["kind"] == "order_files"]
    source = connect("order_files", "", options={**entry["options"], "root": str(root)})
    since, until = date(1997, 1, 1), date(2023, 8, 1)

    def everything(stream: str) -> list[tuple[str, Any]]:
        pages = list(source.fetch(source.stream(stream), "cdnow", since, until))
        covered = [day for page in pages for day in page.covers]
        assert (len(covered), covered[0], covered[-1]) == (546, since, date(1998, 6, 30))
        return [(day, json.loads(text)) for page in pages for day, text in page.rows]

    orders, lines = everything("orders"), everything("order_lines")
    assert len(orders) == len({order["order_id"] for _, order in orders}) == 69_659
    assert len({order["customer_id"] for _, order in orders}) == 23_570
    assert all(order["ordered_at"] == f"{day}T12:00:00+00:00" for day, order in orders)
    assert {order["order_id"] for _, order in orders} == {line["order_id"] for _, line in lines}
    assert sum(Decimal(line["gross"]) for _, line in lines) == Decimal("2500315.63")
    assert sum(Decimal(line["gross"]) == 0 for _, line in lines) == 80
