-- How much did spend move after it was first reported?
-- chart: bar x=platform_and_age y=moved by=platform
select
    platform || ' · after ' || age_days || ' days' as platform_and_age,
    platform,
    sum(abs(spend_native_delta)) as moved
from fct_spend_restatement
where previous_load_id is not null
group by all
having sum(abs(spend_native_delta)) > 0
order by platform_and_age;
