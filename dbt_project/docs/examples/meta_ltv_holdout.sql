-- Did the prediction come true on the days it had not seen?
-- chart: bar x=cohort y=orders by=what
select
    coalesce(strftime(cohort_month, '%Y-%m'), 'all') as cohort,
    'came' as what,
    actual_orders as orders
from meta_ltv_holdout
union all
select coalesce(strftime(cohort_month, '%Y-%m'), 'all'), 'foretold', predicted_orders
from meta_ltv_holdout
order by cohort, what;
