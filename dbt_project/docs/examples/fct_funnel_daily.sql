-- What share of the people who landed comes to a first order, by channel?
-- chart: bar x=channel_id y=landing_to_first_order
select
    channel_id,
    sum(first_orders) / nullif(sum(landings), 0) as landing_to_first_order
from fct_funnel_daily
group by all
having sum(landings) > 0 and channel_id <> '(unattributed)'
order by landing_to_first_order desc;
