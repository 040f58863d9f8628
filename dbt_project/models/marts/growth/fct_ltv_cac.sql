with cohorts as (

    select *
    from {{ ref('int_conversions_cohorts') }}

),

observed as (

    select least({{ as_of() }}, coalesce(min(data_through_date), {{ as_of() }})) as through_date
    from {{ ref('meta_sources') }}
    where kind = 'order_files' and is_enabled

),

sizes as (

    select
        cohort_month,
        channel_id,
        model,
        sum(weight) as customers
    from cohorts
    group by cohort_month, channel_id, model

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
        sum(value_steps.margin_square * cohorts.weight) as margin_square
    from cohorts
    inner join {{ ref('int_conversions_value_steps') }} as value_steps
        on cohorts.person_id = value_steps.person_id
    group by cohorts.cohort_month, cohorts.channel_id, cohorts.model, value_steps.age_days

),

cumulated as (

    select
        grid.cohort_month,
        grid.channel_id,
        grid.model,
        grid.age_days,
        grid.observed_through_date,
        {{ money('grid.customers') }} as customers,
        {{ money('watched.observed_customers') }} as observed_customers,
        {%- for column in ['revenue', 'margin', 'margin_square'] %}
        sum(coalesce(steps.{{ column }}, 0)) over (
            partition by grid.cohort_month, grid.channel_id, grid.model
            order by grid.age_days
            rows between unbounded preceding and current row
        ) as {{ column }},
        {%- endfor %}
        watched.observed_customers = grid.customers as is_mature
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

spend as (

    select
        cast(date_trunc('month', ad_spend.date_day) as date) as cohort_month,
        ad_spend.channel_id,
        channels.is_paid,
        sum(ad_spend.spend) as spend
    from {{ ref('fct_ad_spend') }} as ad_spend
    inner join {{ ref('channels') }} as channels
        on ad_spend.channel_id = channels.channel_id
    group by
        cast(date_trunc('month', ad_spend.date_day) as date),
        ad_spend.channel_id,
        channels.is_paid

),

blended as (

    select
        cohort_month,
        sum(spend) as spend,
        sum(case when is_paid then spend end) as paid_spend
    from spend
    group by cohort_month

),

paid_customers as (

    select
        sizes.cohort_month,
        sizes.model,
        sum(sizes.customers) as customers
    from sizes
    inner join {{ ref('channels') }} as channels
        on sizes.channel_id = channels.channel_id
    where channels.is_paid
    group by sizes.cohort_month, sizes.model

),

costed as (

    select
        cumulated.*,
        blended.spend as blended_spend,
        everybody.customers as all_customers,
        case when cumulated.channel_id = '(all)' then blended.paid_spend else spend.spend end
            as paid_spend,
        case
            when cumulated.channel_id = '(all)' then paid_customers.customers
            else cumulated.customers
        end as paid_customers,
        -- The cost that this row's value has to earn back.
        nullif(
            case when cumulated.channel_id = '(all)' then blended.spend else spend.spend end, 0
        ) as cost_to_recover
    from cumulated
    left join blended
        on cumulated.cohort_month = blended.cohort_month
    left join spend
        on
            cumulated.cohort_month = spend.cohort_month
            and cumulated.channel_id = spend.channel_id
    left join sizes as everybody
        on
            cumulated.cohort_month = everybody.cohort_month
            and cumulated.model = everybody.model
            and everybody.channel_id = '(all)'
    left join paid_customers
        on
            cumulated.cohort_month = paid_customers.cohort_month
            and cumulated.model = paid_customers.model

),

measured as (

    select
        *,
        case when is_mature then {{ people_ratio('revenue', 'customers') }} end as ltv_revenue,
        case when is_mature then {{ people_ratio('margin', 'customers') }} end as ltv_margin,
        -- A confidence bound is an estimate: doubles are exact enough for a square root.
        case
            when is_mature and customers > 1
                then
                    {{ threshold('interval_z') }}
                    * sqrt(
                        greatest(
                            cast(margin_square as double)
                            - cast(margin as double) * cast(margin as double)
                            / cast(customers as double),
                            0
                        )
                        / (cast(customers as double) - 1)
                        / cast(customers as double)
                    )
        end as half_width,
        {{ people_ratio('blended_spend', 'all_customers') }} as cac_blended,
        {{ people_ratio('paid_spend', 'paid_customers') }} as cac_paid,
        min(case when is_mature and margin >= cost_to_recover then age_days end) over (
            partition by cohort_month, channel_id, model
        ) as payback_age_days
    from costed

)

select
    cohort_month,
    channel_id,
    model,
    cast(age_days as bigint) as age_days,
    customers,
    observed_customers,
    {{ people_ratio('observed_customers', 'customers') }} as observed_share,
    is_mature,
    {{ money('revenue') }} as cumulative_revenue,
    {{ money('margin') }} as cumulative_margin,
    ltv_revenue,
    ltv_margin,
    cast(ltv_margin - half_width as decimal(18, 6)) as ltv_margin_low,
    cast(ltv_margin + half_width as decimal(18, 6)) as ltv_margin_high,
    cac_blended,
    cac_paid,
    cac_blended as cac_fully_loaded,
    {{ people_ratio(
        'ltv_margin', "case when channel_id = '(all)' then cac_blended else cac_paid end"
    ) }} as ltv_cac_ratio,
    cast(payback_age_days as bigint) as payback_age_days,
    case
        when cost_to_recover is null then 'no spend'
        when payback_age_days is not null then 'paid back'
        else 'not yet'
    end as payback_status,
    observed_through_date
from measured
