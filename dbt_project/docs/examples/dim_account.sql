-- Which ad accounts do we pay, and how long have they run?
-- chart: bar x=account y=days_with_spend by=platform
select
    platform,
    account_name || ' (' || currency || ', ' || timezone || ')' as account,
    data_through_date - first_spend_date + 1 as days_with_spend
from dim_account
order by platform, account;
