-- The credit of a conversion is exactly one whole per model, however many touches share it, and so
-- is its money.

select
    credits.conversion_id,
    credits.model,
    sum(credits.credit) as credit
from {{ ref('fct_attribution') }} as credits
inner join {{ ref('int_attribution_conversions') }} as conversions
    on credits.conversion_id = conversions.conversion_id
group by
    credits.conversion_id,
    credits.model,
    conversions.revenue,
    conversions.contribution_margin
having
    sum(credits.credit) != 1
    or sum(credits.revenue) != conversions.revenue
    or sum(credits.contribution_margin) != conversions.contribution_margin
