with days as (
    {{ days_between(
        "(select least(cast('" ~ var('start_date') ~ "' as date), min(date_day)) "
        ~ 'from ' ~ ref('int_ads_account_days') ~ ')',
        as_of(),
    ) }}
)

select
    date_day,
    cast({{ dbt.date_trunc('week', 'date_day') }} as date) as iso_week_start_date,
    cast({{ dbt.date_trunc('month', 'date_day') }} as date) as month_start_date,
    cast(extract(quarter from date_day) as integer) as quarter,
    cast(extract(year from date_day) as integer) as year,
    cast(extract(isodow from date_day) as integer) as day_of_week,
    extract(isodow from date_day) >= 6 as is_weekend
from days
