"""Rendered pages, made once for all tests of the war room."""

from __future__ import annotations

from pathlib import Path

import pytest

from desilo.war_room import render
from tests.unit.war_room.sample_marts import build

MANIFESTS = {
    "busy": {"release_id": "2026-03-31.01", "day": "2026-03-31", "base_currency": "EUR"},
    "history": {"release_id": "2023-08-01.01", "day": "2023-08-01", "base_currency": "USD"},
    "empty": {"release_id": "2026-01-01.01", "day": "2026-01-01"},
}


@pytest.fixture(scope="session")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A release folder a world, with its marts and its page."""
    root = tmp_path_factory.mktemp("releases")
    folders = {}
    for world, manifest in MANIFESTS.items():
        folder = root / str(manifest["release_id"])
        build(folder / "marts.duckdb", world)
        published = {**manifest, "published_at": f"{manifest['day']}T08:41:00+00:00"}
        render(folder / "marts.duckdb", folder / "site", {**published, "code_version": "0.1.0"})
        folders[world] = folder
    return folders
