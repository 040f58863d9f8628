-- Good rows and quarantined rows together are all rows of the applied report loads. A row here is a
-- load of which the base model holds another number of records than the lake says.
with held as (
    {%- for platform in var('ad_platforms') %}
    {%- for stream in ['ad_daily', 'campaign_daily'] %}
    select
        source,
        '{{ stream }}' as stream,
        account_id,
        day,
        load_id,
        count(*) as records
    from {{ ref('base_' ~ platform ~ '__' ~ stream) }}
    group by source, account_id, day, load_id
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
)

select
    landed.source,
    landed.stream,
    landed.account_id,
    landed.day,
    landed.load_id,
    landed.rows as landed_records,
    held.records as held_records
from {{ source('raw', 'changed_partitions') }} as landed
left join held
    on
        landed.source = held.source
        and landed.stream = held.stream
        and landed.account_id = held.account_id
        and landed.day = held.day
        and landed.load_id = held.load_id
where
    {{ is_ad_platform('landed.kind') }}
    and landed.stream in ('ad_daily', 'campaign_daily')
    and landed.rows <> coalesce(held.records, 0)
