-- The boundary between touchpoints 15 and 16, per campaign, per channel and in all. A campaign that
-- spent and brought nobody is a row too.

with persons as (

    select *
    from {{ ref('int_journey_handoffs') }}

),

outcomes as (

    select
        date_day,
        horizon_days,
        coalesce(channel_id, '(all)') as channel_id,
        coalesce(campaign_id, '(all)') as campaign_id,
        count(*) as brought,
        count(crossed_at) as crossed,
        count(registered_at) as registered,
        count(case when outcome = 'lost' then 1 end) as lost,
        count(case when outcome = 'pending' then 1 end) as pending,
        median({{ people_epoch('crossed_at') }} - {{ people_epoch('brought_at') }})
            as seconds_to_cross
    from persons
    group by date_day, horizon_days, rollup(channel_id, campaign_id)

),

losses as (

    select
        date_day,
        horizon_days,
        coalesce(channel_id, '(all)') as channel_id,
        coalesce(campaign_id, '(all)') as campaign_id,
        last_touchpoint_no,
        count(*) as lost
    from persons
    where outcome = 'lost'
    group by date_day, horizon_days, last_touchpoint_no, rollup(channel_id, campaign_id)

),

worst_losses as (

    select
        losses.*,
        touchpoints.touchpoint_key,
        row_number() over (
            partition by
                losses.date_day, losses.horizon_days, losses.channel_id, losses.campaign_id
            order by losses.lost desc, losses.last_touchpoint_no asc
        ) as loss_rank
    from losses
    inner join {{ ref('touchpoints') }} as touchpoints
        on losses.last_touchpoint_no = touchpoints.touchpoint_no

),

spend as (

    select
        spent.date_day,
        horizons.horizon_days,
        coalesce(spent.channel_id, '(all)') as channel_id,
        coalesce(spent.campaign_id, '(all)') as campaign_id,
        sum(spent.clicks) as clicks,
        sum(spent.spend) as spend
    from {{ ref('fct_ad_spend') }} as spent
    cross join {{ ref('handoff_horizons') }} as horizons
    group by
        spent.date_day,
        horizons.horizon_days,
        rollup(spent.channel_id, spent.campaign_id)

),

joined as (

    select
        coalesce(outcomes.date_day, spend.date_day) as date_day,
        coalesce(outcomes.horizon_days, spend.horizon_days) as horizon_days,
        coalesce(outcomes.channel_id, spend.channel_id) as channel_id,
        coalesce(outcomes.campaign_id, spend.campaign_id) as campaign_id,
        coalesce(spend.clicks, 0) as clicks,
        coalesce(spend.spend, 0) as spend,
        {%- for count in ['brought', 'crossed', 'registered', 'lost', 'pending'] %}
        coalesce(outcomes.{{ count }}, 0) as {{ count }},
        {%- endfor %}
        outcomes.seconds_to_cross
    from outcomes
    full outer join spend
        on
            outcomes.date_day = spend.date_day
            and outcomes.horizon_days = spend.horizon_days
            and outcomes.channel_id = spend.channel_id
            and outcomes.campaign_id = spend.campaign_id

),

aged as (

    select
        joined.*,
        {{ people_days_between('joined.date_day', 'observed.through_date') }}
        >= joined.horizon_days as is_mature
    from joined
    cross join {{ ref('int_journey_observed') }} as observed

),

norms as (

    {{ trailing_norm(
        'aged', ['horizon_days', 'channel_id', 'campaign_id'], 'crossed', 'brought', 'is_mature'
    ) }}

),

rated as (

    select
        aged.*,
        worst_losses.touchpoint_key as lost_after_touchpoint_key,
        worst_losses.lost as lost_after_persons,
        case
            when aged.is_mature then {{ people_rate('aged.crossed', 'aged.brought') }}
        end as cross_rate,
        {{ people_rate('norms.crossed', 'norms.brought') }} as cross_norm
    from aged
    left join norms
        on
            aged.date_day = norms.date_day
            and aged.horizon_days = norms.horizon_days
            and aged.channel_id = norms.channel_id
            and aged.campaign_id = norms.campaign_id
    left join worst_losses
        on
            aged.date_day = worst_losses.date_day
            and aged.horizon_days = worst_losses.horizon_days
            and aged.channel_id = worst_losses.channel_id
            and aged.campaign_id = worst_losses.campaign_id
            and worst_losses.loss_rank = 1

),

judged as (

    select
        *,
        {{ drop_against_norm('cross_rate', 'cross_norm') }} as cross_drop,
        -- So far under the norm that chance does not explain it: the distance, squared, against the
        -- variance of a share among so many people.
        coalesce(
            brought >= {{ threshold('handoff_persons_min') }}
            and cross_rate <= cross_norm * (1 - {{ threshold('handoff_drop') }})
            and (cross_norm - cross_rate) * (cross_norm - cross_rate) * brought
            > {{ threshold('handoff_z') }} * {{ threshold('handoff_z') }}
            * cross_norm * (1 - cross_norm),
            false
        ) as is_broken
    from rated

)

select
    date_day,
    cast(horizon_days as bigint) as horizon_days,
    channel_id,
    campaign_id,
    cast(clicks as bigint) as clicks,
    {{ money('spend') }} as spend,
    cast(brought as bigint) as brought,
    cast(crossed as bigint) as crossed,
    cast(registered as bigint) as registered,
    cast(lost as bigint) as lost,
    cast(pending as bigint) as pending,
    cast(seconds_to_cross / 3600 as decimal(18, 4)) as median_hours_to_cross,
    cross_rate,
    cross_norm,
    cross_drop,
    lost_after_touchpoint_key,
    cast(lost_after_persons as bigint) as lost_after_persons,
    is_mature,
    is_broken,
    case
        when is_broken
            then
                cast(crossed as {{ dbt.type_string() }}) || ' of '
                || cast(brought as {{ dbt.type_string() }}) || ' crossed within '
                || cast(horizon_days as {{ dbt.type_string() }}) || ' days ('
                || cast(cast(cross_rate * 100 as decimal(5, 1)) as {{ dbt.type_string() }})
                || ' %), usual is '
                || cast(cast(cross_norm * 100 as decimal(5, 1)) as {{ dbt.type_string() }})
                || ' %; most of the others, '
                || cast(lost_after_persons as {{ dbt.type_string() }}) || ', were last seen at '
                || lost_after_touchpoint_key
    end as evidence
from judged
