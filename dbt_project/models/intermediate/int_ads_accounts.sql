with snapshots as (
    {{ union_platforms('accounts', ['account_id', 'day', 'account_name', 'currency', 'timezone']) }}
),

observed as (
    select
        platform,
        account_id,
        day as observed_date,
        account_name,
        currency,
        timezone
    from snapshots
    where day <= {{ as_of() }}
)

{{ history_ranges(
    'observed',
    keys=['platform', 'account_id'],
    attributes=['account_name', 'currency', 'timezone'],
    first_valid_from="date '0001-01-01'",
) }}
