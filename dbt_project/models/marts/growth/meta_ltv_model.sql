with spans as (

    select
        fit_kind,
        max(cutoff_date) as cutoff_date,
        {{ people_ratio('sum(repeat_margin)', 'sum(repeat_revenue)') }} as margin_rate
    from {{ ref('int_ltv_histories') }}
    group by fit_kind

)

select
    fits.fit_kind,
    {{ as_of() }} as fitted_date,
    spans.cutoff_date,
    fits.status,
    fits.status = 'ok' as is_converged,
    fits.customers,
    fits.repeaters,
    fits.valued_repeaters,
    {%- for parameter in ['r', 'alpha', 'a', 'b', 'p', 'q', 'gamma'] %}
    {{ estimate('fits.' ~ parameter) }} as {{ parameter }},
    {%- endfor %}
    {{ estimate('fits.orders_log_likelihood') }} as orders_log_likelihood,
    {{ estimate('fits.value_log_likelihood') }} as value_log_likelihood,
    spans.margin_rate
from {{ ref('int_ltv_fits') }} as fits
left join spans
    on fits.fit_kind = spans.fit_kind
