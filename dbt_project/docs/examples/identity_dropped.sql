-- Why were identifiers not believed?
-- chart: bar x=reason y=identifiers by=identifier_type
select
    reason,
    identifier_type,
    count(*) as identifiers
from identity_dropped
group by all
order by identifiers desc, reason;
