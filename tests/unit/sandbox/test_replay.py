"""The replay server: recorded rows and bytes, nothing summed up, nothing filled in."""

from __future__ import annotations

import base64
import json
import os
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from sandbox.replay import RecordedAmplitude, RecordedTikTok, open_replay

ADVERTISER = "7002238017842757633"
ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def recordings() -> Path:
    path = Path(os.environ.get("DESILO_FIXTURES") or ROOT.parent / "shared" / "fixtures")
    if not (path / "tiktok").is_dir():
        pytest.skip(f"the recordings are not here (no {path}); DESILO_FIXTURES names them")
    return path


def get(recordings: Path, target: str, headers: dict[str, str]) -> tuple[int, bytes]:
    server = open_replay(recordings)
    try:
        answer, _ = server.respond("GET", target, headers, b"")
    finally:
        server.server_close()
    return answer.status, answer.body


def report(
    recordings: Path, level: str, since: str = "2021-10-15", until: str = "2021-11-10"
) -> list[dict[str, Any]]:
    dimension = {"AD": "ad_id", "CAMPAIGN": "campaign_id"}[level]
    target = (
        f"/tiktok/open_api/v1.3/report/integrated/get/?advertiser_id={ADVERTISER}&report_type=BASIC"
        f"&data_level=AUCTION_{level}&dimensions=[%22{dimension}%22,%22stat_time_day%22]"
        f"&metrics=[%22spend%22,%22vta_conversion%22,%22secondary_goal_result%22]"
        f"&start_date={since}&end_date={until}&page_size=1000"
    )
    status, body = get(recordings, target, {"access-token": "sandbox-tiktok-token"})
    document = json.loads(body)
    assert (status, document["code"]) == (200, 0)
    return document["data"]["list"]


def test_recorded_ad_days_come_once_and_add_up_to_the_recording(recordings: Path) -> None:
    spend = {}
    for name, stream in (
        ("expected_records.jsonl", "ads_reports_daily"),
        ("expected_records2.jsonl", "ads_reports"),
    ):
        for line in (recordings / "tiktok" / name).read_text().splitlines():
            record = json.loads(line)
            if record["stream"] == stream:
                key = (str(record["data"]["ad_id"]), record["data"]["stat_time_day"])
                spend[key] = Decimal(record["data"]["metrics"]["spend"])
    served = report(recordings, "AD")
    got = {
        (r["dimensions"]["ad_id"], r["dimensions"]["stat_time_day"]): Decimal(r["metrics"]["spend"])
        for r in served
    }
    assert got == spend and len(served) == len(spend) == 4
    assert sum(got.values()) == Decimal("60.00")


def test_campaign_rows_of_other_days_than_the_ads_are_not_served(recordings: Path) -> None:
    assert report(recordings, "CAMPAIGN", "2021-10-15", "2021-11-10") == []


def test_values_travel_as_strings_and_nothing_as_a_dash(recordings: Path) -> None:
    metrics = report(recordings, "AD")[0]["metrics"]
    assert all(isinstance(value, str) for value in metrics.values())
    assert metrics["secondary_goal_result"] == "-"


def test_the_recorded_export_comes_byte_for_byte_and_only_for_its_hour(recordings: Path) -> None:
    secret = {"authorization": "Basic " + base64.b64encode(b"sandbox-key:sandbox-secret").decode()}
    recorded = (recordings / "amplitude" / "events_request_content.zip").read_bytes()
    export = "/amplitude/api/2/export?start={}&end={}"
    assert get(recordings, export.format("20230801T00", "20230801T23"), secret) == (200, recorded)
    assert get(recordings, export.format("20230802T00", "20230802T23"), secret)[0] == 404
    assert get(recordings, export.format("20230801T12", "20230801T23"), secret)[0] == 404
    assert get(recordings, export.format("20230801T00", "20230801T23"), {})[0] == 403


def test_a_folder_without_recordings_is_refused(tmp_path: Path) -> None:
    (tmp_path / "tiktok").mkdir()
    with pytest.raises(FileNotFoundError):
        RecordedTikTok(tmp_path / "tiktok")
    with pytest.raises(FileNotFoundError):
        RecordedAmplitude(tmp_path / "none.zip")
