"""The configuration: read in full, or refused with what to change."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from desilo import settings


def test_the_shipped_configurations_are_readable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DESILO_CONFIG", raising=False)
    for world, currency in (("sandbox", "EUR"), ("recorded", "USD")):
        monkeypatch.setenv("DESILO_WORLD", world)
        configuration = settings.configuration()
        assert configuration.base_currency == currency
        assert configuration.enabled_sources()


def test_defaults_of_a_source(world: Path) -> None:
    del world
    source = settings.configuration().source("tiktok_ads")
    assert (source.is_enabled, source.retries, source.start_date) == (True, 3, date(2026, 3, 1))


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("name: tiktok_ads", "name: TikTok Ads", "small letters"),
        ("start_date: 2026-03-01", "start_date: March", "not a day"),
        ("business:", "firm:", "business"),
        ("accounts:", "acounts:", "accounts"),
        ("sources:", "sources: [", "not readable YAML"),
    ],
)
def test_a_mistake_is_named(world: Path, old: str, new: str, says: str) -> None:
    config = world / "sources.yml"
    config.write_text(config.read_text().replace(old, new))
    with pytest.raises(settings.ConfigurationError, match=says):
        settings.configuration()


def test_a_missing_file_says_where_one_is_wanted(
    world: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DESILO_CONFIG", str(world / "absent.yml"))
    with pytest.raises(settings.ConfigurationError, match="DESILO_CONFIG"):
        settings.configuration()


def test_an_unknown_source_lists_the_known_ones(world: Path) -> None:
    del world
    with pytest.raises(settings.ConfigurationError, match="tiktok_ads"):
        settings.configuration().source("meta")


def test_the_clock_can_be_set(world: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    del world
    monkeypatch.setenv("DESILO_NOW", "2026-04-01T10:30:00+02:00")
    assert settings.now() == datetime(2026, 4, 1, 8, 30, tzinfo=UTC)


def test_the_shipped_list_asks_nothing_of_platforms_that_the_default_world_lacks(
    world: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DESILO_CONFIG")
    shipped = settings.configuration()
    assert shipped.source("ocean_engine").accounts == ()
    assert "ocean_engine" not in {source.name for source in shipped.enabled_sources()}
