-- Does a cohort earn back three times what it cost?
-- chart: line x=age_days y=ltv_cac_ratio by=cohort
select
    strftime(cohort_month, '%Y-%m') as cohort,
    age_days,
    ltv_cac_ratio
from fct_ltv_cac
where channel_id = '(all)' and model = 'last_non_direct' and age_days <= 90
order by cohort, age_days;
