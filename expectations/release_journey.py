"""Release claims about the journey: its map is whole, and nobody on it goes uncounted."""

from __future__ import annotations

from expectations.registry import Suite, claim


def suites() -> list[Suite]:
    """Suites on fct_journey, mart_handoff and fct_utm_audit."""
    return [_journey(), _handoff(), _audit()]


def _journey() -> Suite:
    return Suite(
        "release_journey",
        "select * from marts.fct_journey",
        (
            claim(
                "touchpoint_on_the_map", "critical", "fct_journey", "growth",
                "A day and channel has the 28 touchpoints of the map, each once, and no other.",
                "Seed touchpoints and what makes them have parted: see event_map, channel_rules "
                "and report_map.",
                """
                select date_day, channel_id, count(*) as touchpoints,
                    count(distinct touchpoint_no) as different_ones,
                    min(touchpoint_no) as lowest, max(touchpoint_no) as highest
                from {batch}
                group by date_day, channel_id
                having count(*) <> 28 or count(distinct touchpoint_no) <> 28
                    or min(touchpoint_no) <> 1 or max(touchpoint_no) <> 28
                order by date_day desc, channel_id
                """,
            ),
            claim(
                "passed_on_within_persons", "critical", "fct_journey", "growth",
                "Nobody goes on from a touchpoint without reaching it; totals have no persons.",
                "The step is joined to more than its own touches: see int_journey_steps.",
                """
                select date_day, channel_id, touchpoint_no, known_as, touches, persons, passed_on
                from {batch}
                where passed_on > persons or passed_on < 0 or persons > touches
                    or (known_as = 'totals' and (persons is not null or passed_on is not null))
                order by date_day desc, channel_id, touchpoint_no
                """,
            ),
            claim(
                "journey_clicks_equal_spend", "critical", "fct_journey, fct_ad_spend", "marketing",
                "Clicks and impressions of a day are the same on the journey as in the reports.",
                "A measure is missing in seed report_map or counted under two touchpoints.",
                """
                select coalesce(walked.date_day, reported.date_day) as date_day,
                    walked.impressions as journey_impressions, reported.impressions,
                    walked.clicks as journey_clicks, reported.clicks
                from (
                    select date_day, sum(touches) filter (where touchpoint_no = 1) as impressions,
                        sum(touches) filter (where touchpoint_no = 3) as clicks
                    from {batch} group by date_day
                ) as walked
                full join (
                    select date_day, sum(impressions) as impressions, sum(clicks) as clicks
                    from marts.fct_ad_spend group by date_day
                ) as reported on walked.date_day = reported.date_day
                where coalesce(walked.impressions, 0) <> coalesce(reported.impressions, 0)
                    or coalesce(walked.clicks, 0) <> coalesce(reported.clicks, 0)
                order by 1 desc
                """,
            ),
        ),
    )  # fmt: skip


def _handoff() -> Suite:
    return Suite(
        "release_handoff",
        "select * from marts.mart_handoff",
        (
            claim(
                "handoff_persons_conserved", "critical", "mart_handoff", "growth",
                "Whom marketing brought has crossed, is lost, or still has time: nobody twice, "
                "nobody left out, nobody pending once the horizon is over.",
                "An outcome is missing in int_journey_handoffs, or a join multiplies persons.",
                """
                select date_day, horizon_days, channel_id, campaign_id, brought, crossed, lost,
                    pending, is_mature
                from {batch}
                where crossed + lost + pending <> brought or crossed < 0 or lost < 0
                    or pending < 0 or (is_mature and pending > 0) or (not is_mature and lost > 0)
                order by date_day desc, horizon_days, channel_id, campaign_id
                """,
            ),
            claim(
                "handoff_levels_agree", "critical", "mart_handoff", "growth",
                "Persons and spend of a day are the same by campaign, by channel and in all.",
                "A level of mart_handoff counts other people than the one below it.",
                """
                select date_day, horizon_days, in_all, by_channel, by_campaign, spend_in_all,
                    spend_by_campaign
                from (
                    select date_day, horizon_days,
                        sum(brought) filter (where channel_id = '(all)') as in_all,
                        sum(brought) filter (
                            where channel_id <> '(all)' and campaign_id = '(all)'
                        ) as by_channel,
                        sum(brought) filter (where campaign_id <> '(all)') as by_campaign,
                        sum(spend) filter (where channel_id = '(all)') as spend_in_all,
                        sum(spend) filter (where campaign_id <> '(all)') as spend_by_campaign
                    from {batch} group by date_day, horizon_days
                )
                where in_all is distinct from by_channel or in_all is distinct from by_campaign
                    or spend_in_all is distinct from spend_by_campaign
                order by date_day desc, horizon_days
                """,
            ),
        ),
    )  # fmt: skip


def _audit() -> Suite:
    return Suite(
        "release_utm_audit",
        "select * from marts.fct_utm_audit",
        (
            claim(
                "audit_spend_conserved", "critical", "fct_utm_audit, fct_ad_spend", "marketing",
                "Clean spend and spend at risk are all spend of the window, and the row of all is "
                "their sum.",
                "A campaign with spend is missing in the audit or stands in it twice.",
                """
                select audited.spend as audited_spend, audited.at_risk, total.spend as total_spend,
                    total.at_risk as total_at_risk, paid.spend as paid_spend
                from (
                    select coalesce(sum(spend), 0) as spend,
                        coalesce(sum(spend_at_risk), 0) as at_risk,
                        count(*) filter (where spend_at_risk not between 0 and spend) as beyond
                    from {batch} where campaign_id <> '(all)'
                ) as audited,
                (
                    select coalesce(sum(spend), 0) as spend,
                        coalesce(sum(spend_at_risk), 0) as at_risk
                    from {batch} where campaign_id = '(all)'
                ) as total,
                (
                    select coalesce(sum(spend), 0) as spend from marts.fct_ad_spend
                    where date_day >= (select min(from_date) from {batch})
                ) as paid
                where audited.spend <> paid.spend or audited.spend <> total.spend
                    or audited.at_risk <> total.at_risk or audited.beyond > 0
                """,
            ),
        ),
    )  # fmt: skip
