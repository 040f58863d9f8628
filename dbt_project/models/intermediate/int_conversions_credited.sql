{{ config(materialized='table') }}

{%- set models = attribution_models() %}

with credits as (

    {%- for model in models %}
    select
        '{{ model }}' as model,
        weights.conversion_no,
        weights.touch_id,
        weights.touch_date,
        weights.channel_id,
        weights.platform,
        weights.campaign_id,
        weights.{{ model }}_from as credit_from,
        weights.{{ model }}_to as credit_to
    from {{ ref('int_attribution_weights') }} as weights
    inner join {{ ref('int_attribution_models') }} as models
        on models.model = '{{ model }}' and weights.window_set = models.window_set
    where weights.{{ model }}_to > weights.{{ model }}_from
    {%- if not loop.last %}

    union all
    {% endif %}
    {%- endfor %}

),

nobody as (

    -- Without any touch every model leaves the conversion; without a paid one those of paid touches.
    select
        models.model,
        conversions.conversion_no
    from {{ ref('int_attribution_conversions') }} as conversions
    cross join {{ ref('int_attribution_models') }} as models
    left join {{ ref('int_attribution_weights') }} as weights
        on
            conversions.conversion_no = weights.conversion_no
            and models.window_set = weights.window_set
            and weights.touch_no = 1
    where
        weights.conversion_no is null
        or case models.model
            {%- for model in models %}
            when '{{ model }}' then weights.{{ model }}_to is null
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

    -- Money follows the running credit in whole millionths, so it too ends at exactly the order's.
    select
        shares.*,
        conversions.conversion_id,
        conversions.conversion_kind,
        conversions.person_id,
        conversions.order_id,
        conversions.conversion_at,
        conversions.conversion_date,
        {%- for amount in ['revenue', 'contribution_margin'] %}
        {%- set millionths = 'cast(conversions.' ~ amount ~ ' * 1000000 as bigint)' %}
        {{ attribution_share(millionths, 'shares.credit_to') }}
        - {{ attribution_share(millionths, 'shares.credit_from') }} as {{ amount }}_millionths
        {{- ',' if not loop.last }}
        {%- endfor %}
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
    {{ attribution_decimal('revenue_millionths', 6) }} as revenue,
    {{ attribution_decimal('contribution_margin_millionths', 6) }} as contribution_margin
from priced
