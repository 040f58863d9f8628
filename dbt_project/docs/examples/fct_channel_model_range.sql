-- How far do the models disagree on what a new customer of a channel costs?
-- chart: bar x=channel_and_bound y=cac by=bound
select
    channel_id || ' · ' || bound as channel_and_bound,
    bound,
    cac
from fct_channel_model_range
cross join lateral (values ('least', cac_min), ('most', cac_max)) as bounds (bound, cac)
where month = (select max(month) from fct_channel_model_range) and cac is not null
order by channel_and_bound;
