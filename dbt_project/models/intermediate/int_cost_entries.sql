-- The newest delivery of an entry counts: a later day, and within a file the later row.

with deliveries as (

    select
        *,
        row_number() over (
            partition by account_id, cost_id
            order by day desc, seq desc, source desc
        ) as delivery_rank
    from {{ ref('stg_cost_files__costs') }}

)

select
    source,
    account_id,
    cost_id,
    day as entered_date,
    load_id,
    cost_type,
    channel_id,
    campaign,
    note,
    entered_by,
    period_from_date,
    period_to_date,
    {{ people_days_between('period_from_date', 'period_to_date') }} + 1 as period_days,
    currency,
    amount_native
from deliveries
where delivery_rank = 1
