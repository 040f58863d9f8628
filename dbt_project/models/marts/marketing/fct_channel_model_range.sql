with months as (

    select
        cast(date_trunc('month', performance.date_day) as date) as month,
        performance.channel_id,
        performance.model,
        models.sort_order,
        sum(performance.spend) as spend,
        sum(performance.new_customers) as new_customers,
        sum(performance.revenue) as revenue
    from {{ ref('fct_channel_performance') }} as performance
    inner join {{ ref('attribution_models') }} as models
        on performance.model = models.model
    group by
        cast(date_trunc('month', performance.date_day) as date),
        performance.channel_id,
        performance.model,
        models.sort_order

),

model_ratios as (

    select
        *,
        {{ people_ratio('nullif(spend, 0)', 'new_customers') }} as cac,
        {{ people_ratio('revenue', 'spend') }} as roas
    from months

),

bounds as (

    -- A model that credits the channel with nothing has no row of credit but has the spend's.
    select
        month,
        channel_id,
        max(spend) as spend,
        min(new_customers) as new_customers_min,
        max(new_customers) as new_customers_max,
        min(revenue) as revenue_min,
        max(revenue) as revenue_max,
        min(cac) as cac_min,
        max(cac) as cac_max,
        min(roas) as roas_min,
        max(roas) as roas_max,
        count(*) as models_seen,
        count(case when new_customers > 0 then 1 end) as models_with_new_customers
    from model_ratios
    group by month, channel_id

),

known as (

    select count(*) as models
    from {{ ref('attribution_models') }}

),

named as (

    select
        {%- for ratio in ['cac_min', 'cac_max', 'roas_min', 'roas_max'] %}
        min(
            case when ratios.{{ ratio[:-4] }} = bounds.{{ ratio }} then ratios.sort_order end
        ) as {{ ratio }}_order,
        {%- endfor %}
        bounds.month,
        bounds.channel_id
    from bounds
    inner join model_ratios as ratios
        on bounds.month = ratios.month and bounds.channel_id = ratios.channel_id
    group by bounds.month, bounds.channel_id

)

select
    bounds.month,
    bounds.channel_id,
    cast(known.models as bigint) as models,
    cast(known.models - bounds.models_with_new_customers as bigint)
        as models_without_new_customers,
    {{ money('bounds.spend') }} as spend,
    {{ money(
        'case when bounds.models_seen < known.models then 0 else bounds.new_customers_min end'
    ) }} as new_customers_min,
    {{ money('bounds.new_customers_max') }} as new_customers_max,
    {{ money(
        'case when bounds.models_seen < known.models then 0 else bounds.revenue_min end'
    ) }} as revenue_min,
    {{ money('bounds.revenue_max') }} as revenue_max,
    bounds.cac_min,
    cac_min.model as cac_min_model,
    bounds.cac_max,
    cac_max.model as cac_max_model,
    bounds.roas_min,
    roas_min.model as roas_min_model,
    bounds.roas_max,
    roas_max.model as roas_max_model
from bounds
cross join known
inner join named
    on bounds.month = named.month and bounds.channel_id = named.channel_id
{%- for ratio in ['cac_min', 'cac_max', 'roas_min', 'roas_max'] %}
left join {{ ref('attribution_models') }} as {{ ratio }}
    on named.{{ ratio }}_order = {{ ratio }}.sort_order
{%- endfor %}
