-- The credit of a conversion is one whole per model, however many touches share it.

select
    conversion_id,
    model,
    sum(credit) as credit
from {{ ref('fct_attribution') }}
group by conversion_id, model
having abs(sum(credit) - 1) > 0.000000001
