-- A campaign or ad has one name on a day. A row here is an entity with two spans over the same day,
-- with a hole between its spans, or without exactly one current row.
with spans as (
    select
        'campaign' as entity,
        platform,
        account_id,
        campaign_id as entity_id,
        valid_from_date,
        valid_to_date,
        is_current
    from {{ ref('dim_campaign') }}

    union all

    select
        'ad' as entity,
        platform,
        account_id,
        ad_group_id || '/' || ad_id as entity_id,
        valid_from_date,
        valid_to_date,
        is_current
    from {{ ref('dim_ad') }}
),

followed as (
    select
        *,
        lead(valid_from_date) over (
            partition by entity, platform, account_id, entity_id order by valid_from_date
        ) as next_valid_from_date
    from spans
)

select *
from followed
where
    valid_from_date > valid_to_date
    or (next_valid_from_date is null) <> is_current
    or next_valid_from_date <> {{ dbt.dateadd('day', 1, 'valid_to_date') }}
