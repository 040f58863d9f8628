{%- set touchpoints = range(1, 29) %}

with touched as (

    select
        person_id,
        {%- for number in touchpoints %}
        count(case when touchpoint_no = {{ number }} then 1 end)
            as touchpoint_{{ '%02d' | format(number) }},
        {%- endfor %}
        count(*) as touches,
        max(touch_date) as last_touch_date
    from {{ ref('fct_touchpoints') }}
    group by person_id

),

arrivals as (

    select
        person_id,
        channel_id,
        row_number() over (
            partition by person_id
            order by arrival_no desc
        ) as from_last
    from {{ ref('int_touch_arrivals') }}

),

purchases as (

    select
        person_id,
        max(conversion_date) as last_order_date
    from {{ ref('int_conversions') }}
    where conversion_kind in ('first_order', 'repeat_order')
    group by person_id

),

remaining as (

    select
        person_id,
        horizon_days,
        alive_probability,
        margin
    from {{ ref('int_ltv_predicted_people') }}
    where
        fit_kind = 'final'
        and horizon_days = (
            select max(horizons.horizon_days)
            from {{ ref('prediction_horizons') }} as horizons
        )

),

described as (

    select
        people.person_id,
        people.acquisition_channel_id as first_channel_id,
        arrivals.channel_id as last_channel_id,
        people.orders,
        people.net_revenue,
        people.contribution_margin,
        {{ people_days_between('people.first_order_date', as_of()) }} as days_since_first_order,
        {{ people_days_between('purchases.last_order_date', as_of()) }} as days_since_order,
        {{ people_days_between('touched.last_touch_date', as_of()) }} as days_since_touch,
        remaining.horizon_days as predicted_horizon_days,
        remaining.alive_probability as predicted_alive_probability,
        remaining.margin as predicted_margin,
        {%- for number in touchpoints %}
        coalesce(touched.touchpoint_{{ '%02d' | format(number) }}, 0)
            as touchpoint_{{ '%02d' | format(number) }},
        {%- endfor %}
        coalesce(touched.touches, 0) as touches
    from {{ ref('dim_person') }} as people
    left join touched
        on people.person_id = touched.person_id
    left join arrivals
        on people.person_id = arrivals.person_id and arrivals.from_last = 1
    left join purchases
        on people.person_id = purchases.person_id
    left join remaining
        on people.person_id = remaining.person_id

),

matched as (

    select
        described.person_id,
        min(rules.rule_no) as rule_no
    from described
    inner join {{ ref('segments') }} as rules
        on
            described.orders >= coalesce(rules.min_orders, described.orders)
            and described.orders <= coalesce(rules.max_orders, described.orders)
            and (
                rules.min_days_since_order is null
                or described.days_since_order >= rules.min_days_since_order
            )
            and (
                rules.max_days_since_order is null
                or described.days_since_order <= rules.max_days_since_order
            )
            and (
                rules.max_days_since_first_order is null
                or described.days_since_first_order <= rules.max_days_since_first_order
            )
            and (
                rules.touchpoint_no is null
                or case rules.touchpoint_no
                    {%- for number in touchpoints %}
                    when {{ number }} then described.touchpoint_{{ '%02d' | format(number) }}
                    {%- endfor %}
                end > 0
            )
    group by described.person_id

)

select
    described.person_id,
    rules.segment_key,
    rules.segment_name,
    rules.segment_name_zh,
    described.first_channel_id,
    described.last_channel_id,
    described.orders,
    described.net_revenue,
    described.contribution_margin,
    cast(described.days_since_first_order as bigint) as days_since_first_order,
    cast(described.days_since_order as bigint) as days_since_order,
    cast(described.days_since_touch as bigint) as days_since_touch,
    described.predicted_horizon_days,
    described.predicted_alive_probability,
    described.predicted_margin,
    {%- for number in touchpoints %}
    cast(described.touchpoint_{{ '%02d' | format(number) }} as bigint)
        as touchpoint_{{ '%02d' | format(number) }},
    {%- endfor %}
    cast(described.touches as bigint) as touches
from described
inner join matched
    on described.person_id = matched.person_id
inner join {{ ref('segments') }} as rules
    on matched.rule_no = rules.rule_no
