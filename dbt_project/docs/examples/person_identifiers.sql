-- How many identifiers does a person have?
-- chart: bar x=identifiers y=people
with counted as (
    select
        person_id,
        count(distinct identifier_type || identifier_value) as identifiers
    from person_identifiers
    group by person_id
)

select
    least(identifiers, 9) || case when identifiers >= 9 then ' and more' else '' end as identifiers,
    count(*) as people
from counted
group by all
order by identifiers;
