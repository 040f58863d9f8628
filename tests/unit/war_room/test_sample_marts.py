"""The sample databases have no column that the marts' contracts do not promise."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests.unit.war_room.marts_schema import SCHEMA, names_of

MODELS = Path(__file__).parents[3] / "dbt_project" / "models" / "marts"
CONTRACTS = {
    model["name"]: [column["name"] for column in model["columns"]]
    for path in sorted(MODELS.rglob("*.yml"))
    for model in yaml.safe_load(path.read_text("utf-8")).get("models", [])
    if model.get("columns")
}


@pytest.mark.parametrize("mart", sorted(set(SCHEMA) & set(CONTRACTS)))
def test_sample_has_no_column_that_the_contract_lacks(mart: str) -> None:
    assert set(names_of(mart).split()) <= set(CONTRACTS[mart])


def test_every_mart_of_the_sample_but_pythons_own_has_a_contract() -> None:
    assert set(SCHEMA) - set(CONTRACTS) <= {"meta_checks", "meta_releases", "meta_models"}
