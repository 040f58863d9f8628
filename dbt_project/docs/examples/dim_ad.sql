-- Which campaigns carry the most ads today?
-- chart: bar x=campaign y=ads by=platform
select
    ads.platform,
    coalesce(campaigns.campaign_name, ads.campaign_id) as campaign,
    count(*) as ads
from dim_ad as ads
left join dim_campaign as campaigns
    on
        ads.platform = campaigns.platform
        and ads.account_id = campaigns.account_id
        and ads.campaign_id = campaigns.campaign_id
        and campaigns.is_current
where ads.is_current
group by all
order by ads desc, campaign;
