-- How many people reached each touchpoint?
-- chart: bar x=touchpoint y=people by=owner
select
    lpad(cast(touchpoint_no as varchar), 2, '0') || ' ' || touchpoint_key as touchpoint,
    owner,
    count(distinct person_id) as people
from fct_touchpoints
group by all
order by touchpoint;
