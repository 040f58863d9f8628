{%- set z = threshold('interval_z') %}

with cohorts as (

    select *
    from {{ ref('int_conversions_cohorts') }}

),

observed as (

    {{ observed_through("'order_files'") }}

),

sizes as (

    select
        cohort_month,
        channel_id,
        row_kind,
        model,
        count(*) as members,
        sum(weight) as customers,
        sum(weight_square) as weight_square
    from cohorts
    group by cohort_month, channel_id, row_kind, model

),

grid as (

    select
        sizes.*,
        horizons.age_days,
        observed.through_date as observed_through_date
    from sizes
    cross join {{ ref('ltv_horizons') }} as horizons
    cross join observed

),

joiners as (

    select
        cohort_month,
        channel_id,
        model,
        first_order_date,
        sum(weight) as customers
    from cohorts
    group by cohort_month, channel_id, model, first_order_date

),

watched as (

    select
        grid.cohort_month,
        grid.channel_id,
        grid.model,
        grid.age_days,
        sum(
            case
                when grid.age_days <= {{ people_days_between(
                    'joiners.first_order_date', 'grid.observed_through_date'
                ) }}
                    then joiners.customers
                else 0
            end
        ) as observed_customers
    from grid
    inner join joiners
        on
            grid.cohort_month = joiners.cohort_month
            and grid.channel_id = joiners.channel_id
            and grid.model = joiners.model
    group by grid.cohort_month, grid.channel_id, grid.model, grid.age_days

),

steps as (

    select
        cohorts.cohort_month,
        cohorts.channel_id,
        cohorts.model,
        value_steps.age_days,
        sum(cast(value_steps.revenue as decimal(24, 6)) * cohorts.weight) as revenue,
        sum(cast(value_steps.margin as decimal(24, 6)) * cohorts.weight) as margin,
        sum(cast(value_steps.margin as decimal(24, 6)) * cohorts.weight_square) as squared_margin,
        sum(value_steps.margin_square * cohorts.weight_square) as squared_margin_square
    from cohorts
    inner join {{ ref('int_conversions_value_steps') }} as value_steps
        on cohorts.person_id = value_steps.person_id
    group by cohorts.cohort_month, cohorts.channel_id, cohorts.model, value_steps.age_days

),

cumulated as (

    select
        grid.cohort_month,
        grid.channel_id,
        grid.row_kind,
        grid.model,
        grid.age_days,
        grid.observed_through_date,
        grid.members,
        {{ money('grid.customers') }} as customers,
        {{ money('watched.observed_customers') }} as observed_customers,
        grid.weight_square,
        {%- for column in ['revenue', 'margin', 'squared_margin', 'squared_margin_square'] %}
        sum(coalesce(steps.{{ column }}, 0)) over (
            partition by grid.cohort_month, grid.channel_id, grid.model
            order by grid.age_days
            rows between unbounded preceding and current row
        ) as {{ column }},
        {%- endfor %}
        watched.observed_customers = grid.customers as is_mature,
        grid.customers < {{ threshold('min_cohort_customers') }} as is_small
    from grid
    inner join watched
        on
            grid.cohort_month = watched.cohort_month
            and grid.channel_id = watched.channel_id
            and grid.model = watched.model
            and grid.age_days = watched.age_days
    left join steps
        on
            grid.cohort_month = steps.cohort_month
            and grid.channel_id = steps.channel_id
            and grid.model = steps.model
            and grid.age_days = steps.age_days

),

outlays as (

    select
        cast(date_trunc('month', date_day) as date) as cohort_month,
        channel_id,
        spend as media_spend,
        cast(null as decimal(18, 6)) as other_costs
    from {{ ref('fct_ad_spend') }}

    union all

    select
        cast(date_trunc('month', date_day) as date) as cohort_month,
        channel_id,
        cast(null as decimal(18, 6)) as media_spend,
        amount as other_costs
    from {{ ref('fct_marketing_costs') }}
    where is_in_cac

),

spent as (

    select
        outlays.cohort_month,
        outlays.channel_id,
        channels.is_paid,
        sum(outlays.media_spend) as media_spend,
        sum(outlays.other_costs) as other_costs
    from outlays
    left join {{ ref('channels') }} as channels
        on outlays.channel_id = channels.channel_id
    group by outlays.cohort_month, outlays.channel_id, channels.is_paid

),

-- Costs of no channel belong to '(all)' only: sharing them out would be somebody's opinion.
costs as (

    select
        cohort_month,
        channel_id,
        media_spend,
        other_costs
    from spent
    where channel_id is not null

    union all

    select
        cohort_month,
        case when is_paid then '(paid)' else '(organic)' end as channel_id,
        sum(media_spend) as media_spend,
        sum(other_costs) as other_costs
    from spent
    where channel_id is not null
    group by cohort_month, is_paid

    union all

    select
        cohort_month,
        '(all)' as channel_id,
        sum(media_spend) as media_spend,
        sum(other_costs) as other_costs
    from spent
    group by cohort_month

),

costed as (

    select
        cumulated.*,
        own.media_spend,
        own.other_costs,
        total.other_costs is not null as has_costs,
        total.media_spend as blended_spend,
        everybody.customers as all_customers,
        case when cumulated.row_kind = 'all' then paid.media_spend else own.media_spend end
            as paid_spend,
        case when cumulated.row_kind = 'all' then paid_sizes.customers else cumulated.customers end
            as paid_customers,
        case
            when cumulated.row_kind = 'all' then paid_sizes.weight_square
            else cumulated.weight_square
        end as paid_weight_square,
        case
            when total.other_costs is not null
                then coalesce(own.media_spend + own.other_costs, own.media_spend, own.other_costs)
        end as fully_loaded_cost,
        -- The media that this row's value has to earn back.
        nullif(own.media_spend, 0) as cost_to_recover
    from cumulated
    left join costs as own
        on
            cumulated.cohort_month = own.cohort_month
            and cumulated.channel_id = own.channel_id
    left join costs as total
        on cumulated.cohort_month = total.cohort_month and total.channel_id = '(all)'
    left join costs as paid
        on cumulated.cohort_month = paid.cohort_month and paid.channel_id = '(paid)'
    left join sizes as everybody
        on
            cumulated.cohort_month = everybody.cohort_month
            and cumulated.model = everybody.model
            and everybody.row_kind = 'all'
    left join sizes as paid_sizes
        on
            cumulated.cohort_month = paid_sizes.cohort_month
            and cumulated.model = paid_sizes.model
            and paid_sizes.channel_id = '(paid)'

),

measured as (

    select
        *,
        case when is_mature then {{ people_ratio('revenue', 'customers') }} end as ltv_revenue,
        case when is_mature then {{ people_ratio('margin', 'customers') }} end as ltv_margin,
        {{ people_ratio('blended_spend', 'all_customers') }} as cac_blended,
        {{ people_ratio('paid_spend', 'paid_customers') }} as cac_paid,
        {{ people_ratio('fully_loaded_cost', 'customers') }} as cac_fully_loaded,
        -- Bounds are estimates: doubles are exact enough for them. Shared credit makes fewer
        -- independent customers than it counts: the square of the sum over the sum of squares.
        cast(blended_spend as double) / cast(all_customers as double) as blended,
        cast(paid_spend as double) / cast(paid_customers as double) as paid,
        cast(fully_loaded_cost as double) / cast(customers as double) as loaded,
        cast(all_customers as double) as all_count,
        cast(paid_customers as double) * cast(paid_customers as double)
        / cast(paid_weight_square as double) as paid_count,
        cast(customers as double) * cast(customers as double)
        / cast(weight_square as double) as own_count,
        min(case when is_mature and margin >= cost_to_recover then age_days end) over (
            partition by cohort_month, channel_id, model
        ) as payback_age_days
    from costed

),

spread as (

    select
        *,
        case when row_kind = 'all' then cac_blended else cac_paid end as cac_compared,
        case
            when is_mature and members > 1
                then
                    cast(members as double) / (members - 1)
                    * greatest(
                        cast(squared_margin_square as double)
                        - 2 * cast(ltv_margin as double) * cast(squared_margin as double)
                        + cast(ltv_margin as double) * cast(ltv_margin as double)
                        * cast(weight_square as double),
                        0
                    )
                    / (cast(customers as double) * cast(customers as double))
        end as ltv_variance
    from measured

),

judged as (

    select
        *,
        cast({{ z }} as double) as z,
        case when not is_small then {{ people_ratio('ltv_margin', 'cac_compared') }} end
            as ltv_cac_ratio,
        case when not is_small then {{ people_ratio('ltv_margin', 'cac_fully_loaded') }} end
            as ltv_cac_ratio_fully_loaded,
        case
            when ltv_margin > 0
                then
                    sqrt(
                        ltv_variance / (cast(ltv_margin as double) * cast(ltv_margin as double))
                        + 1 / own_count
                    )
        end as ratio_log_error
    from spread

)

select
    cohort_month,
    channel_id,
    row_kind,
    model,
    cast(age_days as bigint) as age_days,
    customers,
    cast(members as bigint) as members,
    observed_customers,
    {{ people_ratio('observed_customers', 'customers') }} as observed_share,
    is_mature,
    is_small,
    {{ money('revenue') }} as cumulative_revenue,
    {{ money('margin') }} as cumulative_margin,
    ltv_revenue,
    ltv_margin,
    {{ estimate('ltv_margin - z * sqrt(ltv_variance)') }} as ltv_margin_low,
    {{ estimate('ltv_margin + z * sqrt(ltv_variance)') }} as ltv_margin_high,
    {{ money('media_spend') }} as media_spend,
    {{ money('other_costs') }} as other_costs,
    has_costs,
    {{ money('blended_spend') }} as blended_spend,
    {{ money('all_customers') }} as all_customers,
    cac_blended,
    {{ estimate('blended / (' ~ poisson_factor_high('all_count', 'z') ~ ')') }}
        as cac_blended_low,
    {{ estimate('blended / (' ~ poisson_factor_low('all_count', 'z') ~ ')') }}
        as cac_blended_high,
    {{ money('paid_spend') }} as paid_spend,
    {{ money('paid_customers') }} as paid_customers,
    cac_paid,
    {{ estimate('paid / (' ~ poisson_factor_high('paid_count', 'z') ~ ')') }} as cac_paid_low,
    {{ estimate('paid / (' ~ poisson_factor_low('paid_count', 'z') ~ ')') }} as cac_paid_high,
    {{ money('fully_loaded_cost') }} as fully_loaded_cost,
    cac_fully_loaded,
    {{ estimate('loaded / (' ~ poisson_factor_high('own_count', 'z') ~ ')') }}
        as cac_fully_loaded_low,
    {{ estimate('loaded / (' ~ poisson_factor_low('own_count', 'z') ~ ')') }}
        as cac_fully_loaded_high,
    ltv_cac_ratio,
    {{ estimate('ltv_cac_ratio * exp(-z * ratio_log_error)') }} as ltv_cac_ratio_low,
    {{ estimate('ltv_cac_ratio * exp(z * ratio_log_error)') }} as ltv_cac_ratio_high,
    ltv_cac_ratio_fully_loaded,
    cast(payback_age_days as bigint) as payback_age_days,
    case
        when cost_to_recover is null then 'no spend'
        when payback_age_days is not null then 'paid back'
        else 'not yet'
    end as payback_status,
    observed_through_date
from judged
