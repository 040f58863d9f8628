"""Every query of the cookbook runs on a release and answers in the shape it promises."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from tests.unit.war_room.sample_marts import build

PAGE = Path(__file__).parents[2] / "docs" / "cookbook.md"
QUESTIONS = re.findall(r"^## (\d+)\. (.+?)$(.*?)(?=^## |\Z)", PAGE.read_text("utf-8"), re.M | re.S)
COLUMNS = {
    "1": "platform account_name account_id data_through_date spend provisional",
    "2": "week spend new_customers cac",
    "3": "channel_name spend new_customers cac roas roi",
    "4": "cohort_month age_days customers is_mature observed_share ltv cac ltv_cac payback_status",
    "5": "channel_id landings registrations activations first_orders repeat_orders"
    " landing_to_order",
    "6": "platform account_id date_day loaded_at age_days currency was became delta clicks_delta",
    "7": "channel_id claimed in_the_ledger claim_ratio",
    "8": "is_paid day_n eligible retained retention",
    "9": "month orders gross discount refund net_revenue contribution_margin"
    " share_of_lines_with_cost",
    "10": "about subject state details",
    "11": "channel_id spend brought crossed registered lost cross_rate mostly_lost_after"
    " broken_days",
    "12": "platform campaign_name campaign_id issue_kind clicks arrivals spend spend_at_risk"
    " suggested_fix",
}
ROWS = {
    "1": 6,
    "2": 14,
    "3": 9,
    "4": 24,
    "5": 9,
    "6": 6,
    "7": 3,
    "8": 6,
    "9": 3,
    "10": 3,
    "11": 2,
    "12": 4,
}


def query(body: str) -> str:
    blocks = re.findall(r"```sql\n(.*?)```", body, re.S)
    assert len(blocks) == 1, "a question has one query"
    return str(blocks[0])


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    database = build(tmp_path_factory.mktemp("cookbook") / "marts.duckdb", "busy")
    with duckdb.connect(str(database), read_only=True) as connection:
        yield connection


def test_there_are_twelve_questions_and_no_query_outside_them() -> None:
    assert [number for number, _, _ in QUESTIONS] == [str(n) for n in range(1, 13)]
    assert PAGE.read_text("utf-8").count("```sql") == 12


@pytest.mark.parametrize(("number", "title", "body"), QUESTIONS)
def test_query_answers_in_the_promised_shape(
    release: duckdb.DuckDBPyConnection, number: str, title: str, body: str
) -> None:
    answer = release.execute(query(body))
    assert [column[0] for column in answer.description or []] == COLUMNS[number].split(), title
    assert len(answer.fetchall()) == ROWS[number], title
    assert "Answer:" in body


@pytest.mark.parametrize(("number", "title", "body"), QUESTIONS)
def test_query_runs_on_a_release_without_data(
    tmp_path: Path, number: str, title: str, body: str
) -> None:
    database = build(tmp_path / "marts.duckdb", "empty")
    with duckdb.connect(str(database), read_only=True) as connection:
        connection.execute(query(body)).fetchall()


def test_weekly_customers_are_all_customers(release: duckdb.DuckDBPyConnection) -> None:
    weeks = release.execute(query(QUESTIONS[1][2])).fetchall()
    people = release.execute("select count(first_order_date) from dim_person").fetchone()
    assert people is not None and sum(row[2] for row in weeks) == people[0]
