"""A world of its own for every test that asks for one."""

from __future__ import annotations

from pathlib import Path

import pytest

CONFIG = """
business: {timezone: Europe/Berlin, base_currency: EUR, start_date: 2026-03-01}
sources:
  - name: tiktok_ads
    kind: tiktok_ads
    connection: tiktok_ads
    schedule: "0 8 * * *"
    reread_days: 28
    accounts: ["7"]
"""


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Settings that point below tmp_path, with one configured source."""
    config = tmp_path / "sources.yml"
    config.write_text(CONFIG)
    monkeypatch.setenv("DESILO_CONFIG", str(config))
    monkeypatch.setenv("DESILO_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("DESILO_RELEASES", str(tmp_path / "releases"))
    monkeypatch.setenv("DESILO_NOW", "2026-04-01T08:30:00Z")
    for name in ("DESILO_LAKE", "DESILO_BUILD_DB", "DESILO_WORLD", "DESILO_CRASH_AT"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path
