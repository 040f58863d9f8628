-- How many channels does each department own?
-- chart: bar x=owner y=channels by=kind
select
    owner,
    case when is_paid then 'paid' else 'not paid' end as kind,
    count(*) as channels
from dim_channel
group by all
order by owner, kind;
