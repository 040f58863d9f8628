-- Which records were refused, and why?
-- chart: bar x=reason y=records by=source
select
    source,
    source || ': ' || reject_reason as reason,
    count(*) as records
from meta_quarantine
group by all
order by records desc;
