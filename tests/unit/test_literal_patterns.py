"""Patterns of the identity rules are literals in SQL; another one costs 8 s per million values."""

from __future__ import annotations

import csv

import yaml

from desilo.settings import DBT_PROJECT_DIR


def test_every_pattern_of_the_identity_rules_is_a_literal() -> None:
    with open(DBT_PROJECT_DIR / "seeds" / "identity_rules.csv", encoding="utf-8") as file:
        rules = list(csv.DictReader(file))
    used = {rule["value"] for rule in rules if rule["rule_kind"].endswith("_pattern")}
    project = yaml.safe_load((DBT_PROJECT_DIR / "dbt_project.yml").read_text("utf-8"))
    assert used
    assert used <= set(project["vars"]["literal_patterns"])
