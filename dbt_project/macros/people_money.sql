{#-
    DuckDB multiplies decimals of at most 18 digits in 18 digits and stops at the first amount that
    needs more (10,000 at 6 + 8 places). These give the shared money macros room for any amount.
-#}
{% macro people_in_base(amount, rate) -%}
    {{ to_base_currency('cast(' ~ amount ~ ' as decimal(28, 6))', rate) }}
{%- endmacro %}

{#- Ratio of two amounts or counts, DECIMAL(18,6); null where the divisor is null or 0. -#}
{% macro people_ratio(numerator, denominator) -%}
    {{ ratio(
        'cast(' ~ numerator ~ ' as decimal(30, 6))', 'cast(' ~ denominator ~ ' as decimal(30, 6))'
    ) }}
{%- endmacro %}

{#- Share of two counts, DECIMAL(18,8); null where the whole is 0. -#}
{% macro people_rate(part, whole) -%}
    {{ decimal_divide(
        'cast(' ~ part ~ ' as decimal(28, 0))', 'cast(' ~ whole ~ ' as decimal(28, 0))', 8
    ) }}
{%- endmacro %}
