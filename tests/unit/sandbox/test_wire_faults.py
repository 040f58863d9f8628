"""Faults a connector should notice: answers that fail, break off or change their schema."""

from __future__ import annotations

import io
import json
import zipfile
from http.client import IncompleteRead
from typing import Any

import pytest

from tests.unit.sandbox.http_client import (
    ACCOUNTS,
    TIKTOK,
    Client,
    meta_day,
)


def test_a_throttle_says_how_long_to_wait_on_each_platform(client: Client) -> None:
    client.rules({"match": {}, "kind": "throttle", "wait_s": 3})
    status, headers, body = meta_day(client)
    assert (status, json.loads(body)["error"]["code"]) == (400, 80000)
    assert json.loads(headers["x-ad-account-usage"])["reset_time_duration"] == 3
    status, _, body = client.google("2000000001", "SELECT customer.id FROM customer")
    detail = json.loads(body)[0]["error"]["details"][0]["errors"][0]["details"]
    assert status == 429 and detail["quotaErrorDetails"]["retryDelay"] == "3s"
    assert (
        client.tiktok_report(ACCOUNTS[TIKTOK][0], "ad", "2026-03-10", "2026-03-10")["code"] == 40100
    )
    status, headers, _ = client.export("20260310T00", "20260310T23")
    assert (status, headers["Retry-After"]) == (429, "3")


@pytest.mark.parametrize("kind", ["cut_stream", "wrong_length"])
def test_a_body_shorter_than_announced_breaks_off(client: Client, kind: str) -> None:
    client.rules({"match": {"platform": "meta"}, "kind": kind})
    with pytest.raises(IncompleteRead):
        meta_day(client)


def test_broken_bodies_arrive_whole_but_unreadable(client: Client) -> None:
    client.rules(
        {"match": {"platform": "meta"}, "kind": "invalid_json"},
        {"match": {"platform": "amplitude"}, "kind": "truncated_zip"},
    )
    with pytest.raises(json.JSONDecodeError):
        json.loads(meta_day(client)[2])
    status, _, body = client.export("20260310T00", "20260310T23")
    assert status == 200 and not zipfile.is_zipfile(io.BytesIO(body))
    client.rules({"match": {"platform": "meta"}, "kind": "html_200"})
    status, headers, body = meta_day(client)
    assert (
        status == 200
        and headers["Content-Type"].startswith("text/html")
        and body.startswith(b"<!DOCTYPE")
    )


def test_server_errors_come_as_often_as_the_rule_says(client: Client) -> None:
    client.rules({"match": {"platform": "meta", "times": 2}, "kind": "http_500"})
    assert [meta_day(client)[0] for _ in range(4)] == [500, 500, 200, 200]
    client.rules({"match": {"platform": "meta", "nth": 2}, "kind": "http_500"})
    assert [meta_day(client)[0] for _ in range(4)] == [200, 500, 200, 200]
    client.rules({"match": {"platform": "meta", "every": 2}, "kind": "http_500"})
    assert [meta_day(client)[0] for _ in range(4)] == [200, 500, 200, 500]
    client.control("DELETE", "faults")
    assert meta_day(client)[0] == 200


def test_an_expired_token_recovers_with_a_new_one_and_a_revoked_does_not(client: Client) -> None:
    query = "SELECT customer.id FROM customer"
    assert client.google("2000000001", query)[0] == 200
    client.rules({"match": {"platform": "google"}, "kind": "token_expired"})
    assert client.google("2000000001", query)[0] == 401
    assert client.google("2000000001", query)[0] == 401, "the old token stays dead"
    client.token()
    assert client.google("2000000001", query)[0] == 200
    client.rules({"match": {"platform": "google"}, "kind": "token_revoked"})
    assert client.google("2000000001", query)[0] == 401
    form = (
        b"grant_type=refresh_token&client_id=sandbox-client&client_secret=sandbox-secret"
        b"&refresh_token=sandbox-refresh"
    )
    status, _, body = client.call("POST", "/google-oauth/token", body=form)
    assert (status, json.loads(body)["error"]) == (400, "invalid_grant")


def test_a_fault_hits_only_the_account_and_day_it_names(client: Client) -> None:
    client.rules(
        {"match": {"platform": "meta", "account": "1002", "day": "2026-03-10"}, "kind": "too_big"}
    )
    assert meta_day(client)[0] == 200
    assert client.meta("1002", "campaign", "2026-03-11", "2026-03-12")[0] == 200
    assert client.meta("1002", "campaign", "2026-03-09", "2026-03-10")[0] == 400


def test_sunset_and_empty_page_answer_as_described(client: Client) -> None:
    client.rules({"match": {}, "kind": "version_sunset"})
    assert json.loads(meta_day(client)[2])["error"]["code"] == 2635
    assert client.google("2000000001", "SELECT customer.id FROM customer")[0] == 404
    client.rules({"match": {}, "kind": "empty_page"})
    assert json.loads(meta_day(client)[2]) == {"data": []}
    assert (
        client.tiktok_report(ACCOUNTS[TIKTOK][0], "ad", "2026-03-10", "2026-03-10")["data"]["list"]
        == []
    )
    assert client.export("20260310T00", "20260310T23")[0] == 404


def test_schema_drift_adds_removes_and_retypes_a_field(client: Client) -> None:
    def metrics() -> dict[str, Any]:
        return client.tiktok_report(ACCOUNTS[TIKTOK][0], "campaign", "2026-03-10", "2026-03-10")[
            "data"
        ]["list"][0]["metrics"]

    client.rules({"match": {"platform": "tiktok"}, "kind": "drift_new_field", "field": "surprise"})
    assert set(metrics()) == {"spend", "clicks", "surprise"}
    client.rules(
        {"match": {"platform": "tiktok"}, "kind": "drift_missing_field", "field": "clicks"}
    )
    assert set(metrics()) == {"spend"}
    client.rules({"match": {"platform": "tiktok"}, "kind": "drift_retyped_field", "field": "spend"})
    assert isinstance(metrics()["spend"], dict)
    client.rules(
        {"match": {"platform": "amplitude"}, "kind": "drift_missing_field", "field": "event_time"}
    )
    assert all("event_time" not in event for event in client.events("20260310T00", "20260310T23"))


def test_an_unknown_rule_is_refused(client: Client) -> None:
    for rule in (
        {"kind": "gremlins"},
        {"kind": "http_500", "match": {"platform": "myspace"}},
        {"kind": "http_500", "match": {"x": 1}},
    ):
        assert (
            client.call("POST", "/_control/faults", body=json.dumps({"rules": [rule]}).encode())[0]
            == 400
        )


def test_calls_are_logged_without_secrets(client: Client) -> None:
    client.meta("1001", "campaign", "2026-03-10", "2026-03-10", access_token="sandbox-meta-token")
    logged = client.control("GET", "requests")["requests"]
    assert logged[-1][
        "path"
    ] == "/graph/v26.0/act_1001/insights" and "sandbox-meta-token" not in json.dumps(logged)
