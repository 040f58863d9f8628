-- What is left of a week's orders after discounts, refunds and goods?
-- chart: line x=week y=amount by=measure
select
    cast(date_trunc('week', order_date) as date) as week,
    unnest(['gross', 'net revenue', 'contribution margin']) as measure,
    unnest([sum(gross), sum(net_revenue), sum(contribution_margin)]) as amount
from fct_orders
where is_valid
group by week
having count(distinct order_date) = 7
order by week;
