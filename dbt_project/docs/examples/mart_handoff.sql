-- Of the people marketing brought, how many reach operations within a week?
-- chart: line x=date_day y=cross_rate
select
    date_day,
    cross_rate
from mart_handoff
where channel_id = '(all)' and horizon_days = 7 and is_mature
order by date_day;
