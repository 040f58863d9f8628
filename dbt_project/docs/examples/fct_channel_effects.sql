-- How much of the chance of a first order is lost without a channel?
-- chart: bar x=channel_id y=removal_effect
select
    channel_id,
    removal_effect
from fct_channel_effects
where conversion_kind = 'first_order'
order by removal_effect desc;
