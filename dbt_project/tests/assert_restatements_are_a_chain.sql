-- Every restatement starts where the one before ended. A row here is a break in the chain: a load
-- that was skipped or compared with the wrong one.
with steps as (
    select
        platform,
        account_id,
        date_day,
        campaign_id,
        ad_group_id,
        ad_id,
        load_id,
        spend_native_old,
        lag(spend_native_new) over (
            partition by platform, account_id, date_day, campaign_id, ad_group_id, ad_id
            order by loaded_at, load_id
        ) as spend_native_before
    from {{ ref('fct_spend_restatement') }}
)

select *
from steps
where spend_native_before is not null and spend_native_old <> spend_native_before
