with published as (
    select
        date_day,
        rates,
        load_id,
        fetched_at
    from {{ ref('base_ecb_rates__rates') }}
    where reject_reason is null
),

unnested as (
    {{ rate_rows('published') }}
)

select
    date_day,
    currency,
    try_cast(rate_text as decimal(18, 8)) as units_per_euro,
    load_id,
    fetched_at as loaded_at
from unnested
where try_cast(rate_text as decimal(18, 8)) > 0
