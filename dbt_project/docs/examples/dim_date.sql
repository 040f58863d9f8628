-- How many days of each month lie in the release?
-- chart: bar x=month y=days
select
    month_start_date as month,
    count(*) as days
from dim_date
group by all
order by month;
