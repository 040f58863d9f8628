-- Spend against the arrivals that name it. A campaign that spent and reached nobody is a row, a tag
-- that names none of our campaigns too, and the row (all) is their sum.

{%- set kinds = ['not_linked', 'no_tagged_events', 'name_collision', 'unknown_source'] %}

with spend as (

    select
        platform,
        account_id,
        campaign_id,
        sum(clicks) as clicks,
        sum(spend) as spend
    from {{ ref('fct_ad_spend') }}
    where
        {{ people_days_between('date_day', as_of()) }} < {{ window_days('utm_audit') }}
        and spend != 0
    group by platform, account_id, campaign_id

),

arrivals as (

    select
        arrived.platform,
        coalesce(arrived.campaign_id, '(none)') as campaign_id,
        count(*) as arrivals_ever,
        count(
            case
                when
                    {{ people_days_between('arrived.touch_date', as_of()) }}
                    < {{ window_days('utm_audit') }}
                    then 1
            end
        ) as arrivals
    from {{ ref('int_touch_arrivals') }} as arrived
    where arrived.platform is not null
    group by arrived.platform, coalesce(arrived.campaign_id, '(none)')

),

names as (

    select
        platform,
        account_id,
        campaign_id,
        campaign_name,
        count(*) over (partition by platform, lower(campaign_name)) as namesakes
    from {{ ref('dim_campaign') }}
    where is_current

),

-- A campaign is ours when it has a name or has ever spent.
ours as (

    select
        platform,
        campaign_id
    from {{ ref('dim_campaign') }}
    union
    select
        platform,
        campaign_id
    from {{ ref('fct_ad_spend') }}

),

campaigns as (

    select
        spend.platform,
        spend.account_id,
        spend.campaign_id,
        names.campaign_name,
        spend.clicks,
        spend.spend,
        coalesce(arrivals.arrivals, 0) as arrivals,
        coalesce(arrivals.arrivals_ever, 0) as arrivals_ever,
        coalesce(arrivals.arrivals_ever, 0) = 0 as is_not_linked,
        coalesce(arrivals.arrivals_ever, 0) > 0
        and spend.clicks >= {{ threshold('utm_clicks_min') }}
        and coalesce(arrivals.arrivals, 0)
        < spend.clicks * {{ threshold('utm_arrivals_per_click_min') }} as is_no_tagged_events,
        coalesce(names.namesakes, 1) > 1 as is_name_collision,
        false as is_unknown_source
    from spend
    left join arrivals
        on
            spend.platform = arrivals.platform
            and spend.campaign_id = arrivals.campaign_id
    left join names
        on
            spend.platform = names.platform
            and spend.account_id = names.account_id
            and spend.campaign_id = names.campaign_id

    union all

    select
        arrivals.platform,
        '(none)' as account_id,
        arrivals.campaign_id,
        null as campaign_name,
        0 as clicks,
        0 as spend,
        arrivals.arrivals,
        arrivals.arrivals_ever,
        false as is_not_linked,
        false as is_no_tagged_events,
        false as is_name_collision,
        true as is_unknown_source
    from arrivals
    left join ours
        on
            arrivals.platform = ours.platform
            and arrivals.campaign_id = ours.campaign_id
    where ours.campaign_id is null and arrivals.arrivals > 0

),

-- Of several issues the one of the lowest rank names the row.
judged as (

    select
        campaigns.*,
        issues.issue_kind,
        issues.is_spend_at_risk,
        issues.suggested_fix,
        row_number() over (
            partition by campaigns.platform, campaigns.account_id, campaigns.campaign_id
            order by issues.issue_rank
        ) as issue_place
    from campaigns
    inner join {{ ref('utm_issues') }} as issues
        on
            issues.issue_kind = 'none'
            {%- for kind in kinds %}
            or (issues.issue_kind = '{{ kind }}' and campaigns.is_{{ kind }})
            {%- endfor %}

),

audited as (

    select
        platform,
        account_id,
        campaign_id,
        campaign_name,
        issue_kind,
        concat_ws(
            ', ',
            {%- for kind in kinds %}
            case when is_{{ kind }} then '{{ kind }}' end{{ ',' if not loop.last }}
            {%- endfor %}
        ) as issue_kinds,
        clicks,
        arrivals,
        arrivals_ever,
        spend,
        case when is_spend_at_risk then spend else 0 end as spend_at_risk,
        suggested_fix
    from judged
    where issue_place = 1

),

with_total as (

    select *
    from audited

    union all

    select
        '(all)' as platform,
        '(all)' as account_id,
        '(all)' as campaign_id,
        null as campaign_name,
        case when count(case when issue_kind != 'none' then 1 end) > 0 then 'any' else 'none' end
            as issue_kind,
        '' as issue_kinds,
        coalesce(sum(clicks), 0) as clicks,
        coalesce(sum(arrivals), 0) as arrivals,
        coalesce(sum(arrivals_ever), 0) as arrivals_ever,
        coalesce(sum(spend), 0) as spend,
        coalesce(sum(spend_at_risk), 0) as spend_at_risk,
        null as suggested_fix
    from audited

)

select
    platform,
    account_id,
    campaign_id,
    campaign_name,
    issue_kind,
    issue_kinds,
    cast(clicks as bigint) as clicks,
    cast(arrivals as bigint) as arrivals,
    cast(arrivals_ever as bigint) as arrivals_ever,
    {{ people_rate('arrivals', 'clicks') }} as arrivals_per_click,
    {{ money('spend') }} as spend,
    {{ money('spend_at_risk') }} as spend_at_risk,
    suggested_fix,
    cast({{ dbt.dateadd('day', '1 - ' ~ window_days('utm_audit'), as_of()) }} as date) as from_date,
    {{ as_of() }} as through_date
from with_total
