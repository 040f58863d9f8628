"""The platforms' own rules, and what time does to their answers."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.sandbox.http_client import (
    ACCOUNTS,
    NIGHTS,
    TIKTOK,
    Client,
)


def test_the_clock_never_goes_back_and_delivers_each_closed_day_once(
    serve: Callable[[str], Client],
) -> None:
    client = serve("2026-01-03T08:30:00Z")
    drop = Path(client.control("GET", "world")["drop"])
    assert sorted(path.name for path in drop.iterdir()) == ["2026-01-01", "2026-01-02"]
    assert client.control("POST", "clock", {"now": "2026-01-05T08:30:00Z"})["delivered"] == [
        "2026-01-03",
        "2026-01-04",
    ]
    assert client.control("POST", "clock", {"now": "2026-01-02T08:30:00Z"}) == {
        "now": "2026-01-05T08:30:00Z",
        "delivered": [],
    }


def test_names_are_those_of_the_moment_of_asking(serve: Callable[[str], Client]) -> None:
    client = serve("2026-02-05T08:30:00Z")
    before = json.loads(client.meta("1001", "campaign", "2026-02-01", "2026-02-01")[2])["data"][0][
        "campaign_name"
    ]
    client.control("POST", "clock", {"now": "2026-02-12T08:30:00Z"})
    after = json.loads(client.meta("1001", "campaign", "2026-02-01", "2026-02-01")[2])["data"][0][
        "campaign_name"
    ]
    assert (before, after) == ("US | Prospecting Broad", "US | Prospecting Broad v2")


def test_hours_younger_than_two_hours_are_not_complete(serve: Callable[[str], Client]) -> None:
    client = serve("2026-02-10T12:30:00Z")
    stamps = [event["server_upload_time"] for event in client.events("20260210T00", "20260210T23")]
    assert max(stamps) < "2026-02-10 10:30:00.000000"
    assert client.export("20260210T12", "20260210T12")[0] == 404
    client.control("POST", "clock", {"now": "2026-02-10T15:30:00Z"})
    assert len(client.events("20260210T00", "20260210T23")) > len(stamps)


def test_meta_pages_by_cursor_and_refuses_too_much_at_once(client: Client) -> None:
    status, headers, body = client.meta("1001", "ad", "2026-03-01", "2026-03-05", limit="7")
    first = json.loads(body)
    assert (
        status == 200
        and len(first["data"]) == 7
        and first["paging"]["next"].startswith(client.base)
    )
    assert "x-fb-ads-insights-throttle" in headers and all(
        isinstance(v, str | list) for v in first["data"][0].values()
    )
    status, _, body = client.meta("1001", "ad", "2026-01-01", "2026-03-31")
    assert status == 400 and (
        json.loads(body)["error"]["code"],
        json.loads(body)["error"]["error_subcode"],
    ) == (100, 1487534)


def test_meta_reports_a_purchase_under_several_names(client: Client) -> None:
    data = json.loads(client.meta("1001", "campaign", "2026-01-01", "2026-01-20")[2])["data"]
    bought = next(
        row for row in data if any(a["action_type"] == "purchase" for a in row.get("actions", []))
    )
    values = {a["action_type"]: a["value"] for a in bought["actions"]}
    assert (
        values["purchase"]
        == values["omni_purchase"]
        == values["offsite_conversion.fb_pixel_purchase"]
    )
    assert any("action_values" not in row for row in data)


@pytest.mark.parametrize(
    ("path", "headers", "status", "code"),
    [
        ("/graph/v26.0/act_1001", {}, 400, 104),
        ("/graph/v26.0/act_1001", {"Authorization": "Bearer wrong"}, 400, 190),
        ("/graph/v22.0/act_1001", {"Authorization": "Bearer sandbox-meta-token"}, 400, 2635),
        ("/graph/v26.0/act_9", {"Authorization": "Bearer sandbox-meta-token"}, 400, 100),
        ("/tiktok/open_api/v1.3/advertiser/info/", {}, 200, 40104),
        ("/tiktok/open_api/v1.3/advertiser/info/", {"Access-Token": "Bearer sandbox-tiktok-token"},
         200, 40105),
    ],
)  # fmt: skip
def test_bad_access_is_refused_in_the_platforms_words(
    client: Client, path: str, headers: dict[str, str], status: int, code: int
) -> None:
    got, _, body = client.call("GET", path, headers)
    document = json.loads(body)
    assert (got, document.get("error", document)["code"]) == (status, code)


def test_google_refuses_old_versions_unknown_fields_and_foreign_tokens(client: Client) -> None:
    assert client.google("2000000001", "SELECT campaign.id FROM campaign", version="v22")[0] == 404
    status, _, body = client.google("2000000001", "SELECT campaign.nonsense FROM campaign")
    failure = json.loads(body)[0]["error"]["details"][0]["errors"][0]
    assert status == 400 and failure["errorCode"] == {"queryError": "UNRECOGNIZED_FIELD"}
    client._token = "ya29.foreign"
    assert client.google("2000000001", "SELECT campaign.id FROM campaign")[0] == 401


def test_a_google_token_dies_with_the_virtual_hour(serve: Callable[[str], Client]) -> None:
    client = serve(NIGHTS[0])
    assert client.google("2000000001", "SELECT customer.id FROM customer")[0] == 200
    client.control("POST", "clock", {"now": "2026-01-20T10:00:00Z"})
    assert client.google("2000000001", "SELECT customer.id FROM customer")[0] == 401
    client.token()
    assert client.google("2000000001", "SELECT customer.id FROM customer")[0] == 200


def test_tiktok_hides_deleted_ads_and_refuses_long_spans_large_pages_and_odd_metrics(
    client: Client,
) -> None:
    account = ACCOUNTS[TIKTOK][0]
    everything = client.tiktok_report(account, "ad", "2026-02-01", "2026-02-20")["data"][
        "page_info"
    ]["total_number"]
    default = client.tiktok_report(account, "ad", "2026-02-01", "2026-02-20", filtering="[]")[
        "data"
    ]["page_info"]
    assert default["total_number"] < everything
    for wrong in (
        {"start_date": "2026-01-01", "end_date": "2026-03-31"},
        {"page_size": "1001"},
        {"metrics": '["voucher_spend"]'},
    ):
        assert (
            client.tiktok_report(account, "ad", "2026-02-01", "2026-02-20", **wrong)["code"]
            == 40002
        )
