select
    campaigns.platform,
    campaigns.account_id,
    campaigns.campaign_id,
    campaigns.campaign_name,
    campaigns.campaign_status,
    coalesce(channels.channel_id, '(unattributed)') as channel_id,
    campaigns.valid_from_date,
    campaigns.valid_to_date,
    campaigns.is_current
from {{ ref('int_ads_campaigns') }} as campaigns
left join {{ ref('channels') }} as channels on campaigns.platform = channels.platform
