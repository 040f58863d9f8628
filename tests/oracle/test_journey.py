"""Sessions, returns, the journey and the handoff, each against plain Python on made-up worlds."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from statistics import median
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.oracle.project import Project, Table

few = settings(max_examples=40, deadline=None)
Row = dict[str, Any]

START = datetime(2026, 3, 20, 8, 0)
AS_OF = date(2026, 3, 31)
PASS_ON_DAYS, TRAILING_DAYS, NORM_DAYS_MIN, SILENCE_DAYS = 2, 5, 2, 3
HORIZONS = (1, 3)
PERSONS_MIN, DROP, Z = 2, Decimal("0.25"), 1
SEEDS = {
    "windows": "window_name,subject,days,note\n"
    f"journey_pass_on,*,{PASS_ON_DAYS},\ntrailing_norm,*,{TRAILING_DAYS},\n"
    f"win_back_silence,*,{SILENCE_DAYS},\nutm_audit,*,28,\n",
    "thresholds": "threshold_name,threshold_value,unit,note\n"
    f"norm_days_min,{NORM_DAYS_MIN},,\nhandoff_persons_min,{PERSONS_MIN},,\n"
    f"handoff_drop,{DROP},,\nhandoff_z,{Z},,\n"
    "utm_clicks_min,50,,\nutm_arrivals_per_click_min,0.1,,\n",
    "handoff_horizons": "horizon_days\n" + "".join(f"{days}\n" for days in HORIZONS),
}
CHANNELS = ("paid_social_meta", "email", "direct")

EVENTS = {
    "source": "varchar", "account_id": "varchar", "day": "date", "load_id": "varchar",
    "event_id": "varchar", "event_at": "timestamp", "event_date": "date",
    "touchpoint_key": "varchar", "carries_channel": "boolean", "device_node_id": "bigint",
    "user_node_id": "bigint", "session_no": "bigint", "channel_id": "varchar",
    "platform": "varchar", "arrival_touchpoint_key": "varchar", "campaign_id": "varchar",
    "ad_id": "varchar", "click_id": "varchar",
}  # fmt: skip
OWNERS = {"event_id": "varchar", "owner_node_id": "bigint"}
PERSONS = {"node_id": "bigint", "person_id": "varchar", "is_shared_device": "boolean"}
OWNER_DAYS = {
    "person_id": "varchar", "event_date": "date", "first_at": "timestamp",
    "registration_at": "timestamp",
}  # fmt: skip
TOUCHES = {
    "touch_id": "varchar", "person_id": "varchar", "touched_at": "timestamp",
    "touch_date": "date", "touchpoint_no": "bigint", "touchpoint_key": "varchar",
    "owner": "varchar", "channel_id": "varchar",
}  # fmt: skip
PROFILES = {
    "person_id": "varchar", "acquisition_channel_id": "varchar",
    "acquisition_campaign_id": "varchar",
}  # fmt: skip
SPEND = {
    "platform": "varchar", "account_id": "varchar", "date_day": "date", "channel_id": "varchar",
    "campaign_id": "varchar", "impressions": "bigint", "clicks": "bigint",
    "video_plays": "bigint",
    "spend": "decimal(18, 6)",
}  # fmt: skip
SOURCES = {"kind": "varchar", "is_enabled": "boolean", "data_through_date": "date"}


def berlin(moment: datetime) -> date:
    return moment.replace(tzinfo=UTC).astimezone(ZoneInfo("Europe/Berlin")).date()


def share(part: int, whole: int, digits: str = "0.00000001") -> Decimal | None:
    if not whole:
        return None
    return (Decimal(part) / Decimal(whole)).quantize(Decimal(digits), ROUND_HALF_UP)


# --- sessions ---------------------------------------------------------------------------------

origins = st.sampled_from(
    [("direct", None), ("email", None), ("paid_social_meta", "c1"), ("paid_social_meta", "c2")]
)


@st.composite
def visits(draw: st.DrawFn) -> list[Row]:
    rows = []
    for number in range(draw(st.integers(1, 12))):
        channel, campaign = draw(st.one_of(st.none(), origins)) or (None, None)
        rows.append(
            {
                "event_id": f"e{draw(st.integers(0, 9))}{number:02}",
                "event_at": START
                + timedelta(minutes=draw(st.sampled_from([0, 1, 29, 30, 31, 59, 60, 61, 90, 200]))),
                "event_date": START.date(),
                "touchpoint_key": "landing_view" if channel else "product_view",
                "carries_channel": channel is not None,
                "channel_id": channel,
                "campaign_id": campaign,
                "device_node_id": draw(st.sampled_from([10, 255])),
                "session_no": draw(st.sampled_from([None, None, 7])),
            }
        )
    return rows


def sessions_of(events: list[Row]) -> dict[str, str]:
    """Session by event: 30 minutes of silence where the app gave none, then by change of source."""
    found: dict[str, str] = {}
    silent_since: dict[int, tuple[datetime, int]] = {}
    source: dict[tuple[int, int], tuple[str, str | None] | None] = {}
    has_arrived: set[tuple[int, int]] = set()
    changed_by: dict[tuple[int, int], str] = {}
    for event in sorted(events, key=lambda e: (e["event_at"], e["event_id"])):
        visitor, at, number = event["device_node_id"], event["event_at"], event["session_no"]
        if number is None:
            last, number = silent_since.get(visitor, (None, 0))
            if last is None or at - last > timedelta(minutes=30):
                number = -int(at.replace(tzinfo=UTC).timestamp() * 1000)
            silent_since[visitor] = (at, number)
        key = (visitor, number)
        if event["carries_channel"]:
            arrived = (event["channel_id"], event["campaign_id"])
            if arrived[0] != "direct":
                if key in has_arrived and source.get(key) != arrived:
                    changed_by[key] = event["event_id"]
                source[key] = arrived
            has_arrived.add(key)
        name = f"{visitor:X}.{number}"
        found[event["event_id"]] = f"{name}.{changed_by[key]}" if key in changed_by else name
    return found


@few
@given(events=visits())
def test_sessions_end_after_silence_and_where_the_campaign_changes(
    project: Project, events: list[Row]
) -> None:
    given_ = {"int_events": Table(EVENTS, events), "int_identity_event_owners": Table(OWNERS)}
    touches = project.run("int_touches_owned", given_)["int_touches_owned"]
    assert {row["touch_id"]: row["session_id"] for row in touches} == sessions_of(events)


def test_an_arrival_is_a_second_touch_without_a_channel_where_its_rule_says_so(
    project: Project,
) -> None:
    landing = {
        "event_id": "e1", "event_at": START, "event_date": START.date(), "device_node_id": 1,
        "touchpoint_key": "landing_view", "carries_channel": True, "session_no": 3,
        "channel_id": "organic_search", "arrival_touchpoint_key": "search",
    }  # fmt: skip
    email = {**landing, "event_id": "e2", "channel_id": "email", "arrival_touchpoint_key": None}
    given_ = {
        "int_events": Table(EVENTS, [landing, email]),
        "int_identity_event_owners": Table(OWNERS),
    }
    touches = project.run("int_touches_owned", given_)["int_touches_owned"]
    assert sorted((t["touch_id"], t["touchpoint_key"], t["channel_id"] or "") for t in touches) == [
        ("e1", "landing_view", "organic_search"),
        ("e1/search", "search", ""),
        ("e2", "landing_view", "email"),
    ]


# --- returns ----------------------------------------------------------------------------------


@few
@given(
    days=st.dictionaries(
        st.sampled_from("ab"),
        st.dictionaries(
            st.integers(0, 11), st.sampled_from([None, None, 30, 22 * 60 + 30, 23 * 60 + 30])
        ),
    )
)
def test_returns_are_the_day_after_registering_and_after_a_long_silence(
    project: Project, days: dict[str, dict[int, int | None]]
) -> None:
    first = datetime(2026, 3, 10)
    rows, expected = [], set()
    for person, active in days.items():
        registered = []
        for day, minute in active.items():
            at = first + timedelta(days=day, minutes=minute or 0)
            rows.append(
                {
                    "person_id": person,
                    "event_date": (first + timedelta(days=day)).date(),
                    "first_at": first + timedelta(days=day, hours=12),
                    "registration_at": at if minute is not None else None,
                }
            )
            if minute is not None:
                registered.append(at)
        for day in active:
            on = (first + timedelta(days=day)).date()
            if registered and on == berlin(min(registered)) + timedelta(days=1):
                expected.add(("day_1_return", person, on))
            before = [other for other in active if other < day]
            if before and day - max(before) - 1 >= SILENCE_DAYS:
                expected.add(("win_back_return", person, on))
    nodes = [{"node_id": 9, "person_id": "a"}, {"node_id": 4, "person_id": "b"}]
    given_ = {
        "int_identity_owner_days": Table(OWNER_DAYS, rows),
        "int_identity_persons": Table(PERSONS, [*nodes, {"node_id": 11, "person_id": "a"}]),
    }
    found = project.run("int_touches_activity", given_, seeds=SEEDS)["int_touches_activity"]
    assert {(t["touchpoint_key"], t["touch_id"].split("/")[1], t["touch_date"]) for t in found} == (
        expected
    )
    assert len({t["touch_id"] for t in found}) == len(found) == len(expected)
    assert {t["owner_node_id"] for t in found} <= {9, 4}


# --- journey and handoff ----------------------------------------------------------------------

KEYS = {7: "search", 9: "landing_view", 13: "lead_form", 16: "registration", 18: "product_view",
        22: "first_order"}  # fmt: skip
FIRST = datetime(2026, 3, 21, 9)


@st.composite
def people(draw: st.DrawFn) -> list[Row]:
    rows: list[Row] = []
    for person in "abcdef"[: draw(st.integers(1, 6))]:
        for number in range(draw(st.integers(0, 7))):
            no = draw(st.sampled_from(sorted(KEYS)))
            at = FIRST + timedelta(
                days=draw(st.integers(0, 10)), hours=draw(st.sampled_from([0, 0, 1, 14]))
            )
            rows.append(
                {
                    "touch_id": f"{person}{number}", "person_id": person, "touched_at": at,
                    "touch_date": berlin(at), "touchpoint_no": no, "touchpoint_key": KEYS[no],
                    "owner": "marketing" if no < 16 else "operations",
                    "channel_id": draw(st.sampled_from(CHANNELS)) if no == 9 else None,
                }
            )  # fmt: skip
    return rows


spends = st.lists(
    st.builds(
        lambda day, campaign, clicks: {
            "date_day": (FIRST + timedelta(days=day)).date(), "channel_id": "paid_social_meta",
            "campaign_id": campaign, "impressions": clicks * 50, "clicks": clicks, "spend": clicks,
            "video_plays": clicks * 9 if campaign == "c1" else None,
        },
        st.integers(0, 10), st.sampled_from(["c1", "c2"]), st.integers(1, 9),
    ),
    max_size=4,
)  # fmt: skip
lags = st.integers(0, 4)


def sources_behind(days: int) -> Table:
    through = AS_OF - timedelta(days=days)
    return Table(
        SOURCES,
        [
            {"kind": "amplitude", "is_enabled": True, "data_through_date": through},
            {"kind": "amplitude", "is_enabled": False, "data_through_date": date(2026, 1, 1)},
            {"kind": "meta_ads", "is_enabled": True, "data_through_date": date(2026, 1, 1)},
        ],
    )


def norm_of(days: Iterable[tuple[date, int, int]], day: date) -> tuple[int, int] | None:
    """Parts and wholes of the days before, none with too few of them."""
    before = [
        (part, whole)
        for other, part, whole in days
        if day - timedelta(days=TRAILING_DAYS) <= other < day and whole
    ]
    if len(before) < NORM_DAYS_MIN:
        return None
    return sum(part for part, _ in before), sum(whole for _, whole in before)


def channel_of(touch: Row, touches: list[Row]) -> str:
    arrivals = [
        other
        for other in touches
        if other["person_id"] == touch["person_id"]
        and other["channel_id"]
        and (other["touched_at"], other["touch_id"])
        <= (
            touch["touched_at"],
            # Of one instant the arrivals come first.
            "~" if not touch["channel_id"] else touch["touch_id"],
        )
    ]
    if not arrivals:
        return "(unattributed)"
    return str(max(arrivals, key=lambda o: (o["touched_at"], o["touch_id"]))["channel_id"])


def journey_of(touches: list[Row], spend: list[Row], through: date) -> dict[Any, Row]:
    cells: dict[tuple[date, str, int], dict[str, list[Row]]] = defaultdict(
        lambda: defaultdict(list)
    )
    for touch in touches:
        key = (touch["touch_date"], channel_of(touch, touches), touch["touchpoint_no"])
        cells[key][touch["person_id"]].append(touch)
    places = {key[:2] for key in cells} | {(row["date_day"], row["channel_id"]) for row in spend}
    rows: dict[Any, Row] = {}
    for day, channel in places:
        for no in range(1, 29):
            row: Row = {"is_complete": (through - day).days >= PASS_ON_DAYS}
            paid = [s for s in spend if (s["date_day"], s["channel_id"]) == (day, channel)]
            if no < 6:
                measure = {1: "impressions", 2: "video_plays", 3: "clicks"}.get(no)
                told = [s[measure] for s in paid if s[measure] is not None] if measure else []
                touched = sum(told) if told else None
                row |= {"touches": touched, "persons": None, "passed_on": None, "hours": None}
            else:
                reached = cells.get((day, channel, no), {})
                waits = []
                for person, own in reached.items():
                    first = min(touch["touched_at"] for touch in own)
                    later = [
                        t["touched_at"] - first
                        for t in touches
                        if t["person_id"] == person
                        and t["touchpoint_no"] > no
                        and first <= t["touched_at"] <= first + timedelta(days=PASS_ON_DAYS)
                    ]
                    if later:
                        waits.append(min(later).total_seconds() / 3600)
                unknown = None if day > through and not reached else 0
                row |= {
                    "touches": sum(map(len, reached.values())) or unknown,
                    "persons": len(reached) or unknown,
                    "passed_on": len(waits) or (0 if reached else unknown),
                    "hours": round(Decimal(median(waits)), 4) if waits else None,
                }
            rows[day, channel, no] = row
    for (day, channel, no), row in rows.items():
        history = [
            (d, r["passed_on"], r["persons"])
            for (d, c, n), r in rows.items()
            if (c, n) == (channel, no) and r["is_complete"] and r["persons"]
        ]
        norm = norm_of(history, day)
        row["norm"] = share(*norm) if norm else None
        row["rate"] = share(row["passed_on"] or 0, row["persons"] or 0)
        if not row["is_complete"]:
            row["rate"] = None
    return rows


@few
@given(touches=people(), spend=spends, lag=lags)
def test_the_journey_counts_whom_every_touchpoint_reached_and_led_further(
    project: Project, touches: list[Row], spend: list[Row], lag: int
) -> None:
    given_ = {
        "fct_touchpoints": Table(TOUCHES, touches),
        "fct_ad_spend": Table(SPEND, spend),
        "meta_sources": sources_behind(lag),
    }
    found = project.run("fct_journey", given_, seeds=SEEDS)["fct_journey"]
    mart = {
        (row["date_day"], row["channel_id"], row["touchpoint_no"]): {
            "is_complete": row["is_complete"], "touches": row["touches"],
            "persons": row["persons"], "passed_on": row["passed_on"],
            "hours": row["median_hours_to_next"], "norm": row["pass_on_norm"],
            "rate": row["pass_on_rate"],
        }
        for row in found
    }  # fmt: skip
    assert len(mart) == len(found)
    assert mart == journey_of(touches, spend, AS_OF - timedelta(days=lag))
    for row in found:
        rate, norm = row["pass_on_rate"], row["pass_on_norm"]
        drop = None if rate is None or not norm else 1 - rate / norm
        assert (row["pass_on_drop"] is None) == (drop is None)
        assert drop is None or abs(row["pass_on_drop"] - drop) <= Decimal("0.000001")


def handoff_of(
    touches: list[Row], spend: list[Row], homes: dict[str, tuple[str, str]], through: date
) -> dict[Any, Row]:
    members: dict[Any, list[Row]] = defaultdict(list)
    for person in {touch["person_id"] for touch in touches}:
        own = [touch for touch in touches if touch["person_id"] == person]
        marketing = [t["touched_at"] for t in own if t["touchpoint_no"] <= 15]
        operations = [t["touched_at"] for t in own if t["touchpoint_no"] >= 16]
        if not marketing or (operations and min(operations) < min(marketing)):
            continue
        brought, crossed = min(marketing), min(operations, default=None)
        channel, campaign = homes[person]
        day = berlin(brought)
        for horizon in HORIZONS:
            end = brought + timedelta(days=horizon)
            seen = [t for t in own if t["touchpoint_no"] <= 15 and t["touched_at"] <= end]
            last = max(seen, key=lambda t: (t["touched_at"], t["touchpoint_no"]))
            has_crossed = crossed is not None and crossed <= end
            registered = [t["touched_at"] for t in own if t["touchpoint_no"] == 16]
            member = {
                "hours": (crossed - brought).total_seconds() / 3600 if has_crossed else None,
                "registered": bool(registered) and min(registered) <= end,
                "last": last["touchpoint_no"],
            }
            for level in (("(all)", "(all)"), (channel, "(all)"), (channel, campaign)):
                members[day, horizon, *level].append(member)
    for row in spend:
        for horizon in HORIZONS:
            for level in (("(all)", "(all)"), (row["channel_id"], "(all)"),
                          (row["channel_id"], row["campaign_id"])):  # fmt: skip
                members[row["date_day"], horizon, *level] += []
    rows: dict[Any, Row] = {}
    for (day, horizon, *level), group in members.items():
        waits = [m["hours"] for m in group if m["hours"] is not None]
        is_mature = (through - day).days >= horizon
        left = len(group) - len(waits)
        lost = Counter(m["last"] for m in group if m["hours"] is None) if is_mature else Counter()
        worst = min(lost, key=lambda no: (-lost[no], no), default=None)
        rows[day, horizon, *level] = {
            "brought": len(group), "crossed": len(waits), "is_mature": is_mature,
            "registered": sum(m["registered"] for m in group),
            "lost": left if is_mature else 0, "pending": 0 if is_mature else left,
            "hours": round(Decimal(median(waits)), 4) if waits else None,
            "lost_after": KEYS[worst] if worst else None,
            "lost_after_persons": lost[worst] if worst else None,
        }  # fmt: skip
    for (day, horizon, *level), row in rows.items():
        history = [
            (d, r["crossed"], r["brought"])
            for (d, h, *other), r in rows.items()
            if (h, other) == (horizon, level) and r["is_mature"] and r["brought"]
        ]
        norm = norm_of(history, day)
        row["norm"] = usual = share(*norm) if norm else None
        row["rate"] = rate = share(row["crossed"], row["brought"]) if row["is_mature"] else None
        row["is_broken"] = bool(
            rate is not None
            and usual is not None
            and row["brought"] >= PERSONS_MIN
            and rate <= usual * (1 - DROP)
            and (usual - rate) ** 2 * row["brought"] > Z * Z * usual * (1 - usual)
        )
    return rows


@few
@given(
    touches=people(),
    spend=spends,
    lag=lags,
    homes=st.lists(
        st.sampled_from(
            [("paid_social_meta", "c1"), ("paid_social_meta", "c3"), ("email", "(none)")]
        ),
        min_size=6,
        max_size=6,
    ),
)
def test_whom_marketing_brought_has_crossed_is_lost_or_still_has_time(
    project: Project,
    touches: list[Row],
    spend: list[Row],
    lag: int,
    homes: list[tuple[str, str]],
) -> None:
    home = dict(zip("abcdef", homes, strict=True))
    profiles = [
        {"person_id": p, "acquisition_channel_id": channel, "acquisition_campaign_id": campaign}
        for p, (channel, campaign) in home.items()
    ]
    given_ = {
        "fct_touchpoints": Table(TOUCHES, touches),
        "int_identity_profiles": Table(PROFILES, profiles),
        "fct_ad_spend": Table(SPEND, spend),
        "meta_sources": sources_behind(lag),
    }
    found = project.run("mart_handoff", given_, seeds=SEEDS)["mart_handoff"]
    mart = {
        (row["date_day"], row["horizon_days"], row["channel_id"], row["campaign_id"]): {
            "brought": row["brought"], "crossed": row["crossed"], "lost": row["lost"],
            "pending": row["pending"], "registered": row["registered"],
            "hours": row["median_hours_to_cross"], "norm": row["cross_norm"],
            "rate": row["cross_rate"], "lost_after": row["lost_after_touchpoint_key"],
            "lost_after_persons": row["lost_after_persons"], "is_mature": row["is_mature"],
            "is_broken": row["is_broken"],
        }
        for row in found
    }  # fmt: skip
    assert len(mart) == len(found)
    assert mart == handoff_of(touches, spend, home, AS_OF - timedelta(days=lag))
    assert all((row["evidence"] is not None) == row["is_broken"] for row in found)
    spent = sum(Decimal(row["spend"]) for row in spend)
    for horizon in HORIZONS:
        of_all = [r for r in found if (r["horizon_days"], r["channel_id"]) == (horizon, "(all)")]
        assert sum(row["spend"] for row in of_all) == spent


def test_a_boundary_that_breaks_is_said_with_its_evidence(project: Project) -> None:
    touches, profiles = [], []
    for day in range(6):
        for number in range(20):
            person, at = f"{day}-{number}", FIRST + timedelta(days=day)
            profiles.append(
                {"person_id": person, "acquisition_channel_id": "email",
                 "acquisition_campaign_id": "(none)"}
            )  # fmt: skip
            nos = [9, 13] + ([16] if number < (2 if day == 5 else 16) else [])
            touches += [
                {
                    "touch_id": f"{person}-{no}", "person_id": person, "touchpoint_no": no,
                    "touched_at": at + timedelta(minutes=no), "touch_date": berlin(at),
                    "touchpoint_key": KEYS[no], "owner": "marketing" if no < 16 else "operations",
                    "channel_id": "email" if no == 9 else None,
                }
                for no in nos
            ]  # fmt: skip
    given_ = {
        "fct_touchpoints": Table(TOUCHES, touches),
        "int_identity_profiles": Table(PROFILES, profiles),
        "fct_ad_spend": Table(SPEND),
        "meta_sources": sources_behind(0),
    }
    found = project.run("mart_handoff", given_, seeds=SEEDS)["mart_handoff"]
    broken = {
        row["evidence"]
        for row in found
        if row["is_broken"] and row["horizon_days"] == 3 and row["channel_id"] == "(all)"
    }
    assert broken == {
        "2 of 20 crossed within 3 days (10.0 %), usual is 80.0 %; most of the others, 18, were "
        "last seen at lead_form"
    }
    assert {row["date_day"] for row in found if row["is_broken"]} == {
        (FIRST + timedelta(days=5)).date()
    }


# --- audit of tags ----------------------------------------------------------------------------

CAMPAIGNS = {
    "platform": "varchar", "account_id": "varchar", "campaign_id": "varchar",
    "campaign_name": "varchar", "is_current": "boolean",
}  # fmt: skip
ARRIVALS = {
    "touch_id": "varchar", "touch_date": "date", "platform": "varchar", "campaign_id": "varchar",
}  # fmt: skip


def test_the_audit_names_what_parts_spend_from_arrivals(project: Project) -> None:
    names = {
        "silent": "Silent", "lossy": "Lossy", "twin_1": "Twins", "twin_2": "TWINS",
        "good": "Good", "paused": "Paused",
    }  # fmt: skip
    spend = [
        {"platform": "meta_ads", "account_id": "1", "date_day": day, "campaign_id": campaign,
         "clicks": clicks, "spend": spent}
        for campaign, day, clicks, spent in (
            ("silent", AS_OF, 400, 40), ("lossy", AS_OF, 400, 30), ("twin_1", AS_OF, 10, 5),
            ("twin_2", AS_OF, 10, 6), ("good", AS_OF - timedelta(days=27), 10, 7),
            ("good", AS_OF - timedelta(days=28), 10, 100), ("paused", date(2026, 1, 5), 10, 50),
        )
    ]  # fmt: skip
    arrived = [("lossy", 39), ("twin_1", 3), ("twin_2", 3), ("good", 4), ("stranger", 2), (None, 1)]
    arrivals = [
        {"touch_id": f"{campaign}{number}", "touch_date": AS_OF, "platform": "meta_ads",
         "campaign_id": campaign}
        for campaign, count in arrived
        for number in range(count)
    ]  # fmt: skip
    arrivals.append({"touch_id": "e", "touch_date": AS_OF, "platform": None, "campaign_id": None})
    arrivals.append(
        {"touch_id": "old", "touch_date": date(2026, 1, 5), "platform": "meta_ads",
         "campaign_id": "long_gone"}
    )  # fmt: skip
    given_ = {
        "fct_ad_spend": Table(SPEND, spend),
        "int_touch_arrivals": Table(ARRIVALS, arrivals),
        "dim_campaign": Table(
            CAMPAIGNS,
            [
                {"platform": "meta_ads", "account_id": "1", "campaign_id": campaign,
                 "campaign_name": name, "is_current": True}
                for campaign, name in names.items()
            ],
        ),
    }  # fmt: skip
    found = project.run("fct_utm_audit", given_, seeds=SEEDS)["fct_utm_audit"]
    assert {
        row["campaign_id"]: (row["issue_kind"], row["spend"], row["spend_at_risk"]) for row in found
    } == {
        "silent": ("not_linked", 40, 40),
        "lossy": ("no_tagged_events", 30, 30),
        "twin_1": ("name_collision", 5, 5),
        "twin_2": ("name_collision", 6, 6),
        "good": ("none", 7, 0),
        "stranger": ("unknown_source", 0, 0),
        "(none)": ("unknown_source", 0, 0),
        "(all)": ("any", 88, 81),
    }
    assert all(
        bool(row["suggested_fix"]) == (row["issue_kind"] not in ("none", "any")) for row in found
    )
