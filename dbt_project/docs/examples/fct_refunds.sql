-- Why do people send things back?
-- chart: bar x=reason y=amount
select
    reason,
    sum(amount) as amount
from fct_refunds
group by all
order by amount desc;
