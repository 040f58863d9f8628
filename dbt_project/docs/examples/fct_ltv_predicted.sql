-- What margin may a customer of each cohort still bring?
-- chart: line x=horizon_days y=predicted_margin by=cohort
select
    strftime(cohort_month, '%Y-%m') as cohort,
    horizon_days,
    predicted_margin_per_customer as predicted_margin
from fct_ltv_predicted
where channel_id = '(all)' and model = 'last_non_direct'
order by cohort, horizon_days;
