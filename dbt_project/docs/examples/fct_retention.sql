-- Who comes back, and when: paid against not paid?
-- chart: line x=day_n y=retention by=people
select
    day_n,
    case when is_paid then 'paid' else 'not paid' end as people,
    sum(retained) / nullif(sum(eligible), 0) as retention
from fct_retention
where is_complete and row_kind = 'group' and day_n between 1 and 30
group by all
order by day_n, people;
