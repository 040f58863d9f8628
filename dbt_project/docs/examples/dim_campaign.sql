-- How many campaigns does each platform run, and how many have ended?
-- chart: bar x=platform_and_status y=campaigns by=platform
select
    platform,
    platform || ' · ' || campaign_status as platform_and_status,
    count(*) as campaigns
from dim_campaign
where is_current
group by all
order by platform_and_status;
