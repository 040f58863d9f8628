-- The history of a number ends at the number: the newest restatement of every key is what the spend
-- fact says now, and zero where the key is gone. A row here is a key whose two stories differ.
with newest as (
    select
        *,
        row_number() over (
            partition by platform, account_id, date_day, campaign_id, ad_group_id, ad_id
            order by loaded_at desc, load_id desc
        ) as place
    from {{ ref('fct_spend_restatement') }}
)

select
    newest.platform,
    newest.account_id,
    newest.date_day,
    newest.campaign_id,
    newest.ad_group_id,
    newest.ad_id,
    newest.spend_native_new,
    spend.spend_native
from newest
left join {{ ref('fct_ad_spend') }} as spend
    on
        newest.platform = spend.platform
        and newest.account_id = spend.account_id
        and newest.date_day = spend.date_day
        and newest.campaign_id = spend.campaign_id
        and newest.ad_group_id = spend.ad_group_id
        and newest.ad_id = spend.ad_id
where
    newest.place = 1
    and (
        newest.spend_native_new <> coalesce(spend.spend_native, 0)
        or newest.clicks_new <> coalesce(spend.clicks, 0)
        or newest.impressions_new <> coalesce(spend.impressions, 0)
    )
