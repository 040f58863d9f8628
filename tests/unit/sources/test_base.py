"""The registry, streams as data, and what a connection gives away."""

from __future__ import annotations

from datetime import date

import pytest

from desilo.sources import REGISTRY, Connection
from desilo.sources.base import dig, iso_day, spans

AD_PLATFORMS = ("meta_ads", "google_ads", "tiktok_ads")
AD_STREAMS = ["accounts", "campaigns", "ad_groups", "ads", "campaign_daily", "ad_daily"]


def test_the_package_is_scanned_for_every_kind() -> None:
    assert {*AD_PLATFORMS, "amplitude", "order_files", "ecb_rates"} <= set(REGISTRY)
    assert all(kind == source.kind for kind, source in REGISTRY.items())


@pytest.mark.parametrize("kind", AD_PLATFORMS)
def test_ad_platforms_have_the_same_streams(kind: str) -> None:
    streams = REGISTRY[kind].streams
    assert [stream.name for stream in streams] == AD_STREAMS
    assert [stream.is_snapshot for stream in streams] == [True] * 4 + [False] * 2


@pytest.mark.parametrize("kind", sorted(REGISTRY))
def test_every_stream_says_what_a_record_is(kind: str) -> None:
    kinds = {"string", "number", "integer", "boolean", "object", "array", "null"}
    for stream in REGISTRY[kind].streams:
        assert stream.grain.startswith("One record per ")
        assert stream.key
        assert set(stream.money.values()) <= {"major", "micros", "minor"}
        assert set(stream.pii.values()) <= {"email", "phone"}
        for alternatives in stream.required.values():
            assert set(alternatives.split("|")) <= kinds
        assert set(stream.key) <= set(stream.required), stream.name


def test_an_unknown_stream_is_named_with_the_known_ones() -> None:
    with pytest.raises(KeyError, match=r"no stream 'clicks'; it has accounts, campaigns"):
        REGISTRY["meta_ads"].stream("clicks")


def test_a_connection_shows_no_secret() -> None:
    connection = Connection("http://x", "key", "word", {"refresh_token": "rt", "client_id": "ci"})
    assert repr(connection) == "Connection(base_url='http://x')"
    assert set(connection.secrets) == {"key", "word", "rt"}


def test_spans_cover_every_day_once() -> None:
    assert list(spans(date(2026, 1, 1), date(2026, 1, 7), 3)) == [
        (date(2026, 1, 1), date(2026, 1, 3)),
        (date(2026, 1, 4), date(2026, 1, 6)),
        (date(2026, 1, 7), date(2026, 1, 7)),
    ]
    assert list(spans(date(2026, 1, 2), date(2026, 1, 1), 3)) == []


def test_dig_and_iso_day_forgive_what_is_absent() -> None:
    assert dig({"a": {"b": 1}}, "a.b") == 1
    assert dig({"a": None}, "a.b") is None
    assert iso_day("2026-01-05 00:00:00", date(2026, 1, 1)) == "2026-01-05"
    assert iso_day(None, date(2026, 1, 1)) == "2026-01-01"
    assert iso_day("soon", date(2026, 1, 1)) == "2026-01-01"
