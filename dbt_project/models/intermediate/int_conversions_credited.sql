{{ config(materialized='table') }}

with credits as (

    {%- for model in attribution_models() %}
    select
        '{{ model }}' as model,
        earned.conversion_no,
        earned.touch_id,
        earned.touch_date,
        earned.channel_id,
        earned.platform,
        earned.campaign_id,
        cast(earned.{{ model }}_from as bigint) as credit_from,
        cast(earned.{{ model }}_to as bigint) as credit_to
    from {{ ref('int_attribution_credits') }} as earned
    inner join {{ ref('int_attribution_models') }} as models
        on models.model = '{{ model }}' and earned.window_set = models.window_set
    where earned.{{ model }}_to > earned.{{ model }}_from
    {%- if not loop.last %}

    union all
    {% endif %}
    {%- endfor %}

),

nobody as (

    -- Without any touch no model credits it; without a paid one those of paid touches do not.
    select
        models.model,
        conversions.conversion_no
    from {{ ref('int_attribution_conversions') }} as conversions
    cross join {{ ref('int_attribution_models') }} as models
    left join {{ ref('int_attribution_credits') }} as earned
        on
            conversions.conversion_no = earned.conversion_no
            and models.window_set = earned.window_set
            and earned.touch_no = 1
    where
        earned.conversion_no is null
        or case models.model
            {%- for model in attribution_models() %}
            when '{{ model }}' then earned.{{ model }}_to is null
            {%- endfor %}
        end

),

shares as (

    select * from credits

    union all

    select
        model,
        conversion_no,
        cast(null as {{ dbt.type_string() }}) as touch_id,
        cast(null as date) as touch_date,
        '(unattributed)' as channel_id,
        cast(null as {{ dbt.type_string() }}) as platform,
        cast(null as {{ dbt.type_string() }}) as campaign_id,
        cast(0 as bigint) as credit_from,
        cast(1000000000 as bigint) as credit_to
    from nobody

),

priced as (

    select
        shares.*,
        conversions.conversion_id,
        conversions.conversion_kind,
        conversions.person_id,
        conversions.order_id,
        conversions.conversion_at,
        conversions.conversion_date,
        cast(conversions.revenue * 1000000 as bigint) as revenue_units,
        cast(conversions.contribution_margin * 1000000 as bigint) as margin_units
    from shares
    inner join {{ ref('int_attribution_conversions') }} as conversions
        on shares.conversion_no = conversions.conversion_no

)

select
    conversion_id,
    conversion_kind,
    model,
    touch_id,
    person_id,
    order_id,
    conversion_at,
    conversion_date,
    touch_date,
    channel_id,
    platform,
    campaign_id,
    {{ attribution_decimal('credit_to - credit_from', 9) }} as credit,
    -- Money follows the running credit in whole millionths, so it too ends at exactly the order's.
    {{ attribution_decimal(
        attribution_share('revenue_units', 'credit_to')
        ~ ' - ' ~ attribution_share('revenue_units', 'credit_from'), 6
    ) }} as revenue,
    {{ attribution_decimal(
        attribution_share('margin_units', 'credit_to')
        ~ ' - ' ~ attribution_share('margin_units', 'credit_from'), 6
    ) }} as contribution_margin
from priced
