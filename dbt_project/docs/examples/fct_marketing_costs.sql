-- What did marketing cost outside the ad platforms, month by month?
-- chart: bar x=month y=amount by=cost_type
select
    strftime(date_day, '%Y-%m') as month,
    cost_type,
    sum(amount) as amount
from fct_marketing_costs
group by all
order by month, cost_type;
