-- May tonight's prediction be used, and on how many customers does it rest?
-- chart: bar x=fit y=customers by=status
select
    fit_kind as fit,
    status,
    customers
from meta_ltv_model
order by fit;
