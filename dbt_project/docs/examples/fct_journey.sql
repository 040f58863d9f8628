-- How many of those who reach a touchpoint go on from it?
-- chart: bar x=touchpoint y=goes_on by=owner
select
    lpad(cast(touchpoint_no as varchar), 2, '0') || ' ' || touchpoint_key as touchpoint,
    owner,
    sum(passed_on) / sum(persons) as goes_on
from fct_journey
where is_complete and known_as = 'persons'
group by all
having sum(persons) > 0
order by touchpoint;
