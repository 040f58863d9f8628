{#-
    Bounds of the mean of a Poisson count by Byar's approximation (Breslow and Day, 1987, 2.13),
    as a factor of the count: within 1 % of the exact bounds from 5 on. `count` and `z` are SQL
    expressions of doubles; the factor below is null where the bound is not above 0.
-#}
{% macro poisson_factor_low(count, z) -%}
    case
        when 1 - 1 / (9 * {{ count }}) - {{ z }} / (3 * sqrt({{ count }})) > 0
            then power(1 - 1 / (9 * {{ count }}) - {{ z }} / (3 * sqrt({{ count }})), 3)
    end
{%- endmacro %}

{% macro poisson_factor_high(count, z) -%}
    ({{ count }} + 1) / {{ count }}
    * power(1 - 1 / (9 * ({{ count }} + 1)) + {{ z }} / (3 * sqrt({{ count }} + 1)), 3)
{%- endmacro %}

{#- A double as DECIMAL(18,6); null where it is no number or needs more room. -#}
{% macro estimate(expression) -%}
    try_cast({{ expression }} as decimal(18, 6))
{%- endmacro %}
