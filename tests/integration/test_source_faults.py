"""Every way a platform can fail, against every source, over real HTTP.

The measure is always the same: what a source gives out although (or until) the platform fails must
equal what it gives out when nothing fails, each day covered once, nothing lost, nothing doubled.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from desilo.sources import REGISTRY, Connection, Source
from desilo.transport import (
    AuthError,
    BadRequestError,
    HttpSession,
    MalformedResponseError,
    SourceError,
    ThrottledError,
    TransientError,
    VersionSunsetError,
)

PROJECT_ROOT = Path(__file__).resolve().parents[2]
CLOCK = datetime(2026, 4, 1, 8, 30, tzinfo=UTC)
SINCE, UNTIL = date(2026, 3, 1), date(2026, 3, 31)

# kind -> (stream, account, first day): long enough for several pages, chunks or requests
CASES: dict[str, tuple[str, str, date]] = {
    "meta_ads": ("ad_daily", "1001", SINCE),
    "google_ads": ("ad_daily", "2000000001", SINCE),
    "tiktok_ads": ("ad_daily", "7000000000000000001", date(2026, 2, 1)),
    "ocean_engine": ("ad_daily", "1800000000000001", date(2026, 2, 1)),
    "amplitude": ("events", "434000", date(2026, 3, 29)),
    "ecb_rates": ("rates", "ecb", SINCE),
}
HTTP_KINDS = sorted(CASES)
JSON_KINDS = ["google_ads", "meta_ads", "ocean_engine", "tiktok_ads"]
ZIP_KINDS = ["amplitude", "ecb_rates"]


@dataclass
class Harvest:
    """What one fetch gave out before it ended."""

    records: Counter[tuple[str, str]] = field(default_factory=Counter)  # of covered days only
    covered: list[date] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)
    error: SourceError | None = None


def make_source(sandbox: Any, kind: str, waits: list[float], **session: Any) -> Source:
    http = HttpSession(kind, sleep=waits.append, clock=lambda: CLOCK, **session)
    options: dict[str, Any] = {}
    if kind == "order_files":
        config = yaml.safe_load((PROJECT_ROOT / "config" / "sources.yml").read_text("utf-8"))
        (entry,) = [each for each in config["sources"] if each["kind"] == kind]
        options = {**entry["options"], "root": str(sandbox.drop)}
    connection = Connection(sandbox.base_urls.get(kind, ""), **sandbox.credentials(kind))
    return REGISTRY[kind](connection, options, http)


def harvest(sandbox: Any, kind: str, stream: str = "", **session: Any) -> Harvest:
    """Fetch as landing does: rows of a day count when the day is covered, and only then."""
    case_stream, account, since = CASES[kind]
    result = Harvest()
    source = make_source(sandbox, kind, result.waits, **session)
    waiting: list[tuple[str, str]] = []
    try:
        for page in source.fetch(source.stream(stream or case_stream), account, since, UNTIL):
            waiting += page.rows
            days = {day.isoformat() for day in page.covers}
            result.records.update(row for row in waiting if row[0] in days)
            waiting = [row for row in waiting if row[0] not in days]
            result.covered += page.covers
    except SourceError as error:
        result.error = error
    else:
        assert waiting == [], "rows of days that were never covered"
    return result


@pytest.fixture(scope="module", autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Tokens that rotate are kept by every source of this file in one place."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DESILO_HOME", str(tmp_path_factory.mktemp("home")))
        yield


@pytest.fixture(scope="module")
def undisturbed(sandbox: Any) -> Callable[[str], Harvest]:
    """What each source gives out when nothing fails."""
    known: dict[str, Harvest] = {}

    def get(kind: str) -> Harvest:
        if kind not in known:
            known[kind] = harvest(sandbox, kind)
        return known[kind]

    return get


def same(found: Harvest, expected: Harvest) -> None:
    assert found.error is None
    assert found.records == expected.records
    assert sorted(found.covered) == sorted(expected.covered)
    assert len(found.covered) == len(set(found.covered))


@pytest.mark.parametrize("kind", HTTP_KINDS)
def test_nothing_fails(kind: str, undisturbed: Callable[[str], Harvest]) -> None:
    found = undisturbed(kind)
    assert found.error is None
    assert found.waits == []
    assert max(found.records.values()) == 1 or kind == "amplitude"
    assert sum(found.records.values()) > 15
    assert (min(found.covered), max(found.covered)) == (CASES[kind][2], UNTIL)


@pytest.mark.parametrize("kind", JSON_KINDS)
def test_hierarchy_is_covered_for_the_last_day(sandbox: Any, kind: str) -> None:
    for stream in ("accounts", "campaigns", "ad_groups", "ads"):
        found = harvest(sandbox, kind, stream)
        assert found.error is None
        assert found.covered == [UNTIL]
        assert {day for day, _ in found.records} == {UNTIL.isoformat()}


HEALING = [
    ("throttle", HTTP_KINDS),
    ("http_500", HTTP_KINDS),
    ("cut_stream", HTTP_KINDS),
    ("wrong_length", HTTP_KINDS),
    ("html_200", HTTP_KINDS),
    ("truncated_zip", ZIP_KINDS),
    ("invalid_json", JSON_KINDS),
    ("too_big", ["amplitude", *JSON_KINDS]),
]


@pytest.mark.parametrize(
    ("fault", "kind"), [(fault, kind) for fault, kinds in HEALING for kind in kinds]
)
def test_a_passing_fault_changes_nothing(
    sandbox: Any, undisturbed: Callable[[str], Harvest], fault: str, kind: str
) -> None:
    expected = undisturbed(kind)
    with sandbox.faults({"match": {"platform": kind, "times": 2}, "kind": fault, "wait_s": 7}):
        found = harvest(sandbox, kind)
        hit = [call for call in sandbox.requests() if call["fault"]]
    assert len(hit) == 2
    same(found, expected)


@pytest.mark.parametrize("kind", [kind for kind in HTTP_KINDS if kind != "ecb_rates"])
@pytest.mark.parametrize("fault", ["cut_stream", "http_500", "html_200"])
def test_a_fault_in_the_middle_changes_nothing(
    sandbox: Any, undisturbed: Callable[[str], Harvest], fault: str, kind: str
) -> None:
    expected = undisturbed(kind)
    # The last data call of a fetch: pages, chunks or days before it have been given out already.
    with sandbox.faults():
        harvest(sandbox, kind)
        last = sum("oauth" not in call["path"] for call in sandbox.requests())
    with sandbox.faults({"match": {"platform": kind, "nth": last}, "kind": fault}):
        found = harvest(sandbox, kind)
        assert sum(call["fault"] is not None for call in sandbox.requests()) == 1
    same(found, expected)


THROTTLE_WAITS = {
    "meta_ads": [60, 60],  # the header counts in whole minutes
    "google_ads": [7, 7],
    "tiktok_ads": [2, 300],  # no hint: the next second first, then the five-minute suspension
    "ocean_engine": [2, 60],  # no hint either, and the limits are not published
    "amplitude": [7, 7],
    "ecb_rates": [7, 7],
}


@pytest.mark.parametrize("kind", HTTP_KINDS)
def test_a_throttle_is_waited_for_as_long_as_the_platform_says(sandbox: Any, kind: str) -> None:
    with sandbox.faults({"match": {"platform": kind, "times": 2}, "kind": "throttle", "wait_s": 7}):
        assert harvest(sandbox, kind).waits == THROTTLE_WAITS[kind]


LASTING: list[tuple[str, list[str], type[SourceError]]] = [
    ("throttle", HTTP_KINDS, ThrottledError),
    ("http_500", HTTP_KINDS, TransientError),
    ("cut_stream", HTTP_KINDS, MalformedResponseError),
    ("wrong_length", HTTP_KINDS, MalformedResponseError),
    ("html_200", HTTP_KINDS, MalformedResponseError),
    ("truncated_zip", ZIP_KINDS, MalformedResponseError),
    ("invalid_json", JSON_KINDS, MalformedResponseError),
    ("token_revoked", [kind for kind in HTTP_KINDS if kind != "ecb_rates"], AuthError),
    ("version_sunset", [kind for kind in HTTP_KINDS if kind != "ecb_rates"], VersionSunsetError),
]
ASKED_AGAIN = (TransientError, ThrottledError)


@pytest.mark.parametrize(
    ("fault", "kind", "expected"),
    [(fault, kind, expected) for fault, kinds, expected in LASTING for kind in kinds],
)
def test_a_lasting_fault_ends_in_its_class_and_covers_nothing(
    sandbox: Any, fault: str, kind: str, expected: type[SourceError]
) -> None:
    with sandbox.faults({"match": {"platform": kind}, "kind": fault, "wait_s": 100}):
        found = harvest(sandbox, kind, max_wait_s=500, attempts=3)
        calls = [call for call in sandbox.requests() if call["fault"]]
    assert type(found.error) is expected
    assert (found.covered, found.records) == ([], Counter())
    if not issubclass(expected, ASKED_AGAIN):
        # One call, or none: Google refuses a withdrawn access at its token endpoint already.
        assert len(calls) == (0 if (fault, kind) == ("token_revoked", "google_ads") else 1)
        assert found.waits == []


@pytest.mark.parametrize("kind", ["amplitude", "meta_ads", "tiktok_ads"])
def test_a_token_that_dies_in_the_middle_keeps_what_was_complete(
    sandbox: Any, undisturbed: Callable[[str], Harvest], kind: str
) -> None:
    expected = undisturbed(kind)
    with sandbox.faults():
        harvest(sandbox, kind)
        last = len(sandbox.requests())
    assert last > 1
    with sandbox.faults({"match": {"platform": kind, "nth": last}, "kind": "token_expired"}):
        found = harvest(sandbox, kind)
    assert type(found.error) is AuthError
    assert found.waits == []
    assert found.covered
    assert set(found.covered) < set(expected.covered)
    kept = {day.isoformat() for day in found.covered}
    assert found.records == Counter(
        {row: count for row, count in expected.records.items() if row[0] in kept}
    )


@pytest.mark.parametrize(
    ("kind", "nth", "path", "logins"),
    [
        ("google_ads", 1, "/google-oauth/token", 2),
        ("ocean_engine", 2, "/oauth2/refresh_token/", 1),
    ],
)
def test_a_token_that_expires_in_the_middle_is_renewed(
    sandbox: Any, undisturbed: Callable[[str], Harvest], kind: str, nth: int, path: str, logins: int
) -> None:
    expected = undisturbed(kind)
    rule = {"match": {"platform": kind, "nth": nth}, "kind": "token_expired"}
    with sandbox.faults(rule):
        found = harvest(sandbox, kind)
        calls = [call for call in sandbox.requests() if call["path"].endswith(path)]
    same(found, expected)
    assert len(calls) == logins


@pytest.mark.parametrize("kind", ["amplitude", *JSON_KINDS])
def test_an_empty_answer_is_covered_and_empty_not_an_error(sandbox: Any, kind: str) -> None:
    with sandbox.faults({"match": {"platform": kind}, "kind": "empty_page"}):
        found = harvest(sandbox, kind)
    assert found.error is None
    assert found.records == Counter()
    assert max(found.covered) == UNTIL


@pytest.mark.parametrize("kind", ["amplitude", *JSON_KINDS])
@pytest.mark.parametrize("fault", ["drift_new_field", "drift_missing_field", "drift_retyped_field"])
def test_a_changed_schema_lands_as_it_came(
    sandbox: Any, undisturbed: Callable[[str], Harvest], kind: str, fault: str
) -> None:
    expected = undisturbed(kind)
    with sandbox.faults({"match": {"platform": kind}, "kind": fault}):
        found = harvest(sandbox, kind)
    assert found.error is None
    assert sorted(found.covered) == sorted(expected.covered)
    count = Counter(day for day, _ in found.records.elements())
    assert count == Counter(day for day, _ in expected.records.elements())
    assert found.records != expected.records


def test_a_metric_the_platform_does_not_know_fails_once(sandbox: Any) -> None:
    source = make_source(sandbox, "tiktok_ads", [])
    source.options = {"extra_metrics": ["no_such_metric"]}
    with sandbox.faults():
        with pytest.raises(BadRequestError, match="no_such_metric"):
            list(source.fetch(source.stream("ad_daily"), CASES["tiktok_ads"][1], SINCE, UNTIL))
        assert len(sandbox.requests()) == 1


@pytest.mark.parametrize("kind", JSON_KINDS)
def test_an_account_of_somebody_else_is_an_auth_error(sandbox: Any, kind: str) -> None:
    source = make_source(sandbox, kind, [])
    with pytest.raises(AuthError):
        list(source.fetch(source.stream("ad_daily"), "999", SINCE, UNTIL))


def test_no_secret_leaves_any_source(sandbox: Any, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG", logger="desilo")
    secrets = (
        "sandbox-meta-token", "sandbox-tiktok-token", "sandbox-secret", "sandbox-refresh",
        "sandbox-ocean",
    )  # fmt: skip
    texts = []
    for kind in HTTP_KINDS:
        with sandbox.faults({"match": {"platform": kind, "nth": 2}, "kind": "token_revoked"}):
            source = make_source(sandbox, kind, [])
            try:
                for page in source.fetch(
                    source.stream(CASES[kind][0]), CASES[kind][1], SINCE, UNTIL
                ):
                    texts.append(page.request)
            except SourceError as error:
                texts.append(str(error))
    shown = "\n".join(texts) + caplog.text
    assert len(texts) > len(HTTP_KINDS)
    assert not [secret for secret in secrets if secret in shown]


def test_order_files_are_read_as_delivered_and_only_their_days(sandbox: Any) -> None:
    source = make_source(sandbox, "order_files", [])
    for stream in ("orders", "order_lines", "refunds", "coupons"):
        pages = list(source.fetch(source.stream(stream), "shop-1", SINCE, date(2026, 4, 2)))
        covered = [day for page in pages for day in page.covers]
        assert (covered[0], covered[-1], len(covered)) == (SINCE, UNTIL, 31)
        assert stream == "refunds" or any(page.rows for page in pages)
        assert not [text for page in pages for _, text in page.rows if "@" in text]


def test_a_column_missing_from_the_orders_is_named(sandbox: Any, tmp_path: Path) -> None:
    day = UNTIL.isoformat()
    shutil.copytree(sandbox.drop / day, tmp_path / day)
    orders = tmp_path / day / "orders.csv"
    orders.write_text(orders.read_text("utf-8").replace("ordered_at", "bought_at", 1), "utf-8")
    source = make_source(sandbox, "order_files", [])
    broken = type(source)(source.connection, {**source.options, "root": str(tmp_path)}, source.http)
    with pytest.raises(BadRequestError, match=r"orders.csv lacks the columns \['ordered_at'\]"):
        list(broken.fetch(broken.stream("orders"), "shop-1", UNTIL, UNTIL))
