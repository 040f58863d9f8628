{{ config(materialized='table') }}

with published as (
    select
        date_day,
        currency,
        units_per_euro
    from {{ ref('stg_ecb_rates__rates') }}

    union all

    select distinct
        date_day,
        'EUR' as currency,
        cast(1 as decimal(18, 8)) as units_per_euro
    from {{ ref('stg_ecb_rates__rates') }}
),

quoted_in_base as (
    select
        published.date_day,
        published.currency,
        {{ decimal_divide('base.units_per_euro', 'published.units_per_euro', 8) }} as fx_rate
    from published
    inner join published as base
        on
            published.date_day = base.date_day
            and base.currency = '{{ var("base_currency") }}'
    where published.currency <> '{{ var("base_currency") }}'
),

calendar as (
    {{ days_between('(select min(date_day) from published)', as_of()) }}
),

-- Only days without any publication inherit a rate. A currency that is missing from a published
-- list has no rate from that day on: carrying it would hide that it is gone.
carried as (
    select
        calendar.date_day,
        max(publication.date_day) over (
            order by calendar.date_day rows between unbounded preceding and current row
        ) as fx_date
    from calendar
    left join (select distinct date_day from published) as publication
        on calendar.date_day = publication.date_day
)

select
    quoted_in_base.currency,
    carried.date_day,
    quoted_in_base.fx_rate,
    carried.fx_date
from carried
inner join quoted_in_base on carried.fx_date = quoted_in_base.date_day
