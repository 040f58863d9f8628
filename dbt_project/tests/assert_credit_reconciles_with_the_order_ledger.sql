-- Every valid order is credited once per model, and the money of the credits is the money of the
-- ledger, to the cent and by kind of conversion. A conversion that loses its touch must turn up on
-- the channel (unattributed), never vanish.

with ledger as (

    select
        case when is_first then 'first_order' else 'repeat_order' end as conversion_kind,
        count(distinct shop_id || '/' || order_id) as conversions,
        sum(net_revenue) as revenue,
        sum(contribution_margin) as contribution_margin
    from {{ ref('fct_orders') }}
    where is_valid
    group by case when is_first then 'first_order' else 'repeat_order' end

),

credited as (

    select
        conversion_kind,
        model,
        sum(credit) as conversions,
        sum(revenue) as revenue,
        sum(contribution_margin) as contribution_margin
    from {{ ref('fct_attribution') }}
    group by conversion_kind, model

)

select
    ledger.conversion_kind,
    credited.model,
    ledger.revenue as ledger_revenue,
    credited.revenue as credited_revenue
from ledger
full outer join credited
    on ledger.conversion_kind = credited.conversion_kind
where
    ledger.conversions is distinct from credited.conversions
    or abs(coalesce(ledger.revenue, 0) - coalesce(credited.revenue, 0)) >= 0.01
    or abs(coalesce(ledger.contribution_margin, 0) - coalesce(credited.contribution_margin, 0))
    >= 0.01
