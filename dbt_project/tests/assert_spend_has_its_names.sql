-- Whoever joins spend to its campaign or ad by the day loses no row. A row here is a key of the
-- fact that the dimensions do not know on its day.
select
    spend.platform,
    spend.account_id,
    spend.date_day,
    spend.campaign_id,
    spend.ad_group_id,
    spend.ad_id
from {{ ref('fct_ad_spend') }} as spend
left join {{ ref('dim_campaign') }} as campaigns
    on
        spend.platform = campaigns.platform
        and spend.account_id = campaigns.account_id
        and spend.campaign_id = campaigns.campaign_id
        and spend.date_day between campaigns.valid_from_date and campaigns.valid_to_date
left join {{ ref('dim_ad') }} as ads
    on
        spend.platform = ads.platform
        and spend.account_id = ads.account_id
        and spend.ad_group_id = ads.ad_group_id
        and spend.ad_id = ads.ad_id
        and spend.date_day between ads.valid_from_date and ads.valid_to_date
where
    campaigns.campaign_id is null
    or (not spend.is_unallocated and ads.ad_id is null)
