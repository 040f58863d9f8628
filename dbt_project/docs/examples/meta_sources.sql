-- How many days behind is each account?
-- chart: bar x=account y=lag_days by=status
select
    source || ' ' || account_id as account,
    status,
    coalesce(lag_days, 0) as lag_days
from meta_sources
order by lag_days desc, account;
