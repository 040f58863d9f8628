-- How far did the people of each channel come?
-- chart: bar x=channel_and_stage y=people by=lifecycle_stage
select
    coalesce(acquisition_channel_id, '(unknown)') || ' · ' || lifecycle_stage as channel_and_stage,
    lifecycle_stage,
    count(*) as people
from dim_person
group by all
order by people desc;
