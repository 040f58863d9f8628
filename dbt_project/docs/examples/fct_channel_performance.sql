-- What did a new customer cost in the last 28 days, by channel and model?
-- chart: bar x=channel_and_model y=cac by=model
select
    channel_id || ' · ' || model as channel_and_model,
    model,
    sum(spend) / nullif(sum(new_customers), 0) as cac
from fct_channel_performance
where
    date_day > (select max(date_day) from fct_channel_performance) - 28
    and model in ('first', 'last_non_direct', 'shapley')
group by all
having sum(spend) > 0
order by channel_and_model;
