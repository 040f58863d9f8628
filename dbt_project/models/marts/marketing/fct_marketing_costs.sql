-- An entry is spread equally over its days in whole cents; the last day takes what remains, so the
-- days sum to the entry to the last digit. Days after the night are not in the release.

with entries as (

    select
        *,
        sign(amount_native)
        * {{ people_cent_share('abs(amount_native)', '1', 'period_days') }} as daily_native
    from {{ ref('int_cost_entries') }}

),

calendar as (

    {{ days_between('(select min(entries.period_from_date) from entries)', as_of()) }}

),

spread as (

    select
        entries.*,
        calendar.date_day,
        {{ money("case when calendar.date_day = entries.period_to_date "
            ~ "then entries.amount_native - entries.daily_native * (entries.period_days - 1) "
            ~ "else entries.daily_native end") }} as day_native
    from entries
    inner join calendar
        on calendar.date_day between entries.period_from_date and entries.period_to_date

)

select
    spread.account_id,
    spread.cost_id,
    spread.date_day,
    spread.cost_type,
    cost_types.is_in_cac,
    spread.channel_id,
    spread.campaign,
    spread.currency,
    spread.day_native as amount_native,
    {{ fx_rate('spread.currency') }} as fx_rate,
    {{ fx_date('spread.currency', 'spread.date_day') }} as fx_date,
    {{ people_in_base('spread.day_native', fx_rate('spread.currency')) }} as amount,
    spread.amount_native as entry_amount_native,
    spread.period_from_date,
    spread.period_to_date,
    cast(spread.period_days as bigint) as period_days,
    spread.entered_date,
    spread.entered_by,
    spread.note,
    spread.source,
    spread.load_id
from spread
inner join {{ ref('cost_types') }} as cost_types
    on spread.cost_type = cost_types.cost_type
{{ fx_join('spread.currency', 'spread.date_day') }}
