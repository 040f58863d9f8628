select
    platform,
    account_id,
    campaign_id,
    ad_group_id,
    ad_group_name,
    ad_id,
    ad_name,
    valid_from_date,
    valid_to_date,
    is_current
from {{ ref('int_ads_ads') }}
