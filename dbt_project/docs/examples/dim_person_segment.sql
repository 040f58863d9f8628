-- How many persons are in each segment?
-- chart: bar x=segment y=persons
select
    segment_name as segment,
    count(*) as persons
from dim_person_segment
group by all
order by persons desc;
