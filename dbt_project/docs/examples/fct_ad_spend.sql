-- What do we spend a week, and on which platform?
-- chart: line x=week y=spend by=platform
select
    platform,
    cast(date_trunc('week', date_day) as date) as week,
    sum(spend) as spend
from fct_ad_spend
group by all
having count(distinct date_day) = 7
order by week, platform;
