{{ config(materialized='table') }}

-- Who belongs to which cohort, with which weight: everybody to '(all)', by credit to the channels
-- of the first order, and by the sum of that credit to '(paid)' and '(organic)'. A person's weights
-- of a model sum to 1 over the channels, over the two groups, and on '(all)'. The square is kept
-- because the spread of a weighted mean needs it and that of a group is not the sum of its parts'.

with first_orders as (

    select
        credited.person_id,
        credited.model,
        credited.channel_id,
        channels.is_paid,
        credited.conversion_date as first_order_date,
        sum(credited.credit) as credit
    from {{ ref('int_conversions_credited') }} as credited
    inner join {{ ref('channels') }} as channels
        on credited.channel_id = channels.channel_id
    where credited.conversion_kind = 'first_order'
    group by
        credited.person_id,
        credited.model,
        credited.channel_id,
        channels.is_paid,
        credited.conversion_date

),

groups as (

    select
        person_id,
        model,
        case when is_paid then '(paid)' else '(organic)' end as channel_id,
        first_order_date,
        sum(credit) as credit
    from first_orders
    group by person_id, model, is_paid, first_order_date

),

everything as (

    select
        person_id,
        model,
        channel_id,
        'channel' as row_kind,
        first_order_date,
        credit
    from first_orders

    union all

    select
        person_id,
        model,
        channel_id,
        'group' as row_kind,
        first_order_date,
        credit
    from groups

    union all

    select
        person_id,
        model,
        '(all)' as channel_id,
        'all' as row_kind,
        first_order_date,
        sum(credit) as credit
    from groups
    group by person_id, model, first_order_date

)

select
    person_id,
    model,
    channel_id,
    row_kind,
    first_order_date,
    cast(date_trunc('month', first_order_date) as date) as cohort_month,
    cast(credit as decimal(10, 9)) as weight,
    cast(
        cast(credit as decimal(10, 9)) * cast(credit as decimal(10, 9)) as decimal(10, 9)
    ) as weight_square
from everything
where credit > 0
