-- How many people were merged or split in a month, and why?
-- chart: bar x=month_and_kind y=changes by=basis
select
    strftime(change_date, '%Y-%m') || ' · ' || change_kind || ': ' || cause as month_and_kind,
    basis,
    count(*) as changes
from identity_changes
group by all
order by month_and_kind;
