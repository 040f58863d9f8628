"""TikTok Business API v1.3: advertisers, hierarchy and the integrated report, synchronously.

    GET {base}/open_api/v1.3/advertiser/info/             -> accounts
    GET {base}/open_api/v1.3/{campaign,adgroup,ad}/get/   -> campaigns, ad_groups, ads
    GET {base}/open_api/v1.3/report/integrated/get/       -> campaign_daily, ad_daily

HTTP is 200 for errors too: ``code`` decides before ``data`` is looked at. Arrays and objects are
JSON text in the query. A metric that does not apply is ``"-"``. Deleted objects, and their spend,
are hidden unless the filter says STATUS_ALL. Days are days of the advertiser's zone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import ClassVar

from desilo.sources.base import Page, Source, Stream, dig, dumps, spans
from desilo.sources.envelopes import Records, halved, numbered_pages, opened, records_of
from desilo.sources.pii import hash_paths
from desilo.transport import (
    AuthError,
    BadRequestError,
    HeaderAuth,
    Reply,
    ThrottledError,
    TooBigError,
    TransientError,
    VersionSunsetError,
)

API_VERSION = "v1.3"
BASE_URL = "https://business-api.tiktok.com"
PAGE_ROWS = 1000  # the largest the API takes
LONGEST_DAILY_REPORT_DAYS = 30

RATE_LIMIT_CODE = 40100
# No header says how long. A breach of the per-second limit is over in the next second, one of the
# per-minute limit suspends for five minutes: the first wait tries the one, later waits the other.
FIRST_THROTTLE_S = 2.0
THROTTLE_S = 300.0
AUTH_CODES = frozenset({40001, 40101, 40102, 40103, 40104, 40105})
TRANSIENT_CODES = frozenset({40200, 40201, 40202, 40700, 50000, 50002})
# One code, many reasons: these two are told apart by their words only.
BAD_PARAMETER_CODE = 40002
_TOO_BIG_WORDS = ("too large", "time span")
_SUNSET_WORDS = ("version is no longer supported",)

_MEASURES = (
    "spend", "impressions", "clicks", "conversion", "cta_conversion", "vta_conversion",
    "real_time_conversion", "result", "complete_payment", "total_complete_payment_rate",
    "value_per_complete_payment", "total_purchase_value", "video_play_actions",
)  # fmt: skip
# stream -> (data level, id dimension, status field, metrics)
_REPORTS: Mapping[str, tuple[str, str, str, tuple[str, ...]]] = {
    "campaign_daily": (
        "AUCTION_CAMPAIGN", "campaign_id", "campaign_status", ("campaign_name", *_MEASURES),
    ),
    "ad_daily": (
        "AUCTION_AD", "ad_id", "ad_status",
        ("campaign_id", "campaign_name", "adgroup_id", "adgroup_name", "ad_name", *_MEASURES),
    ),
}  # fmt: skip
# stream -> (path, value of secondary_status that hides nothing)
_LISTS: Mapping[str, tuple[str, str]] = {
    "campaigns": ("campaign/get/", "CAMPAIGN_STATUS_ALL"),
    "ad_groups": ("adgroup/get/", "ADGROUP_STATUS_ALL"),
    "ads": ("ad/get/", "AD_STATUS_ALL"),
}

# Ids arrive as text; recorded answers that went through other tools carry them as integers.
_ID = "string|integer"
_MEASURE = "string|number"


class TikTokAds(Source):
    """One TikTok advertiser. The access token is the connection's password."""

    kind: ClassVar[str] = "tiktok_ads"
    api_version: ClassVar[str] = API_VERSION
    default_base_url: ClassVar[str] = BASE_URL
    max_span_days: ClassVar[int] = LONGEST_DAILY_REPORT_DAYS
    streams: ClassVar[tuple[Stream, ...]] = (
        Stream(
            "accounts", ("advertiser_id",),
            {
                "advertiser_id": _ID, "currency": "string",
                "timezone": "string", "display_timezone": "string",
            },
            "One record per advertiser as of the day it was read.", is_snapshot=True,
            pii={"email": "email", "telephone_number": "phone", "cellphone_number": "phone"},
        ),
        Stream(
            "campaigns", ("campaign_id",), {"campaign_id": _ID, "campaign_name": "string"},
            "One record per campaign, named as of the day it was read.", is_snapshot=True,
        ),
        Stream(
            "ad_groups", ("adgroup_id",),
            {"adgroup_id": _ID, "campaign_id": _ID, "adgroup_name": "string"},
            "One record per ad group, named as of the day it was read.", is_snapshot=True,
        ),
        Stream(
            "ads", ("ad_id",),
            {"ad_id": _ID, "adgroup_id": _ID, "campaign_id": _ID, "ad_name": "string"},
            "One record per ad, named as of the day it was read.", is_snapshot=True,
        ),
        Stream(
            "campaign_daily", ("dimensions.campaign_id",),
            {"dimensions.campaign_id": _ID, "dimensions.stat_time_day": "string",
             "metrics.spend": _MEASURE, "metrics.impressions": _MEASURE},
            "One record per campaign and day of the advertiser's zone with delivery.",
            money={"metrics.spend": "major"},
        ),
        Stream(
            "ad_daily", ("dimensions.ad_id",),
            {"dimensions.ad_id": _ID, "dimensions.stat_time_day": "string",
             "metrics.campaign_id": _ID, "metrics.adgroup_id": _ID,
             "metrics.spend": _MEASURE, "metrics.impressions": _MEASURE},
            "One record per ad and day of the advertiser's zone with delivery.",
            money={"metrics.spend": "major"},
        ),
    )  # fmt: skip

    _throttled_in_a_row = 0

    def fetch(self, stream: Stream, account_id: str, since: date, until: date) -> Iterator[Page]:
        """See :meth:`Source.fetch`. Options: ``extra_metrics`` (both report levels know them)."""
        if stream.name == "accounts":
            yield self._account(stream, account_id, until)
        elif stream.is_snapshot:
            path, everything = _LISTS[stream.name]
            params = {
                "advertiser_id": account_id,
                "filtering": dumps({"secondary_status": everything}),
            }
            yield from self._pages(path, params, until, until)
        else:

            def daily(first: date, last: date) -> Iterator[Page]:
                params = self._report(stream, account_id, first, last)
                return self._pages("report/integrated/get/", params, first, last)

            for first, last in spans(since, until, self.max_span_days):
                yield from halved(daily, first, last)

    def _account(self, stream: Stream, account_id: str, day: date) -> Page:
        reply = self._get("advertiser/info/", {"advertiser_ids": dumps([account_id])})
        found = [
            advertiser
            for advertiser in _records(reply)
            if str(advertiser.get("advertiser_id")) == account_id
        ]
        if not found:
            raise AuthError(f"{reply.line}: the token sees no advertiser {account_id}")
        hash_paths(found[0], stream.pii)
        return Page([(day.isoformat(), dumps(found[0]))], (day,), API_VERSION, reply.line)

    def _report(self, stream: Stream, account_id: str, since: date, until: date) -> dict[str, str]:
        level, id_dimension, status_field, metrics = _REPORTS[stream.name]
        return {
            "advertiser_id": account_id,
            "report_type": "BASIC",
            "data_level": level,
            "dimensions": dumps([id_dimension, "stat_time_day"]),
            "metrics": dumps([*metrics, *self.options.get("extra_metrics", ())]),
            "start_date": since.isoformat(),
            "end_date": until.isoformat(),
            "filtering": dumps(
                [
                    {
                        "field_name": status_field,
                        "filter_type": "IN",
                        "filter_value": dumps(["STATUS_ALL"]),
                    }
                ]
            ),
        }

    def _pages(
        self, path: str, params: Mapping[str, str], since: date, until: date
    ) -> Iterator[Page]:
        return numbered_pages(
            lambda paging: self._get(path, {**params, **paging}),
            _records,
            since,
            until,
            page_rows=PAGE_ROWS,
            api_version=API_VERSION,
        )

    def _get(self, path: str, params: Mapping[str, str]) -> Reply:
        reply = self.http.call(
            "GET",
            f"{self.base_url}/open_api/{API_VERSION}/{path}",
            params=params,
            auth=HeaderAuth({"Access-Token": self.connection.password}),
            judge=self._judge,
        )
        self._throttled_in_a_row = 0
        return reply

    def _judge(self, reply: Reply) -> None:
        code, message, text = opened(reply)
        if code == 0:
            return
        if code == RATE_LIMIT_CODE:
            self._throttled_in_a_row += 1
            is_first = self._throttled_in_a_row == 1
            raise ThrottledError(text, FIRST_THROTTLE_S if is_first else THROTTLE_S)
        if code in AUTH_CODES:
            raise AuthError(text)
        if code in TRANSIENT_CODES or code >= 50000:
            raise TransientError(text)
        if code == BAD_PARAMETER_CODE and any(words in message for words in _TOO_BIG_WORDS):
            raise TooBigError(text)
        if code == BAD_PARAMETER_CODE and any(words in message for words in _SUNSET_WORDS):
            raise VersionSunsetError(f"{text} (we speak {API_VERSION})")
        raise BadRequestError(text)


def _records(reply: Reply) -> Records:
    data = reply.json.get("data")
    records = data if isinstance(data, list) else dig(reply.json, "data.list")
    return records_of(records, reply, "data")
