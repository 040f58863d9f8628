-- How many first orders does each model give to each channel?
-- chart: grid x=channel_id y=model value=first_orders
select
    model,
    channel_id,
    sum(credit) as first_orders
from fct_attribution
where conversion_kind = 'first_order'
group by all
order by model, channel_id;
