{#-
    Money is decimal from the first cast to the last sum. Types: amounts DECIMAL(18,6), rates
    DECIMAL(18,8).
-#}
{% macro money(expression) -%}
    cast({{ expression }} as decimal(18, 6))
{%- endmacro %}


{#- Money of a text in major units; null when absent, empty or not a number. -#}
{% macro try_money(text) -%}
    try_cast({{ text }} as decimal(18, 6))
{%- endmacro %}


{#- Money of a text in millionths (micros) of the major unit, exact: the decimal point moves. -#}
{% macro try_micros(text) -%}
    cast(try_cast({{ text }} as decimal(24, 0)) * cast(0.000001 as decimal(7, 6)) as decimal(18, 6))
{%- endmacro %}


{#-
    Exact quotient of two decimals, rounded half away from zero to `scale` digits (at most 8);
    null when a side is null or the divisor 0. DuckDB divides decimals as doubles, so the digits
    are worked out in integers there; both sides are read with 8 decimals and may reach 1e17.
-#}
{% macro decimal_divide(numerator, denominator, scale=6) -%}
    {{ adapter.dispatch('decimal_divide')(numerator, denominator, scale) }}
{%- endmacro %}

{% macro default__decimal_divide(numerator, denominator, scale) -%}
    {%- set units = ' as decimal(26, 8))) * 100000000 as hugeint)' -%}
    {%- set above = 'cast(abs(cast(' ~ numerator ~ units -%}
    {%- set below = 'cast(abs(cast(' ~ denominator ~ units -%}
    cast(
        cast(
            case when ({{ numerator }} < 0) <> ({{ denominator }} < 0) then -1 else 1 end
            * (({{ '2' ~ '0' * scale }} * {{ above }} + {{ below }}) // nullif(2 * {{ below }}, 0))
            as decimal(38, 0)
        ) * cast(0.{{ '0' * (scale - 1) }}1 as decimal({{ scale + 1 }}, {{ scale }}))
        as decimal(18, {{ scale }})
    )
{%- endmacro %}

{% macro spark__decimal_divide(numerator, denominator, scale) -%}
    cast({{ numerator }} / nullif({{ denominator }}, 0) as decimal(18, {{ scale }}))
{%- endmacro %}


{#- Ratio of two sums for display, DECIMAL(18,6); null where the denominator is null or 0. -#}
{% macro ratio(numerator, denominator) -%}
    {{ decimal_divide(numerator, denominator, 6) }}
{%- endmacro %}


{#-
    Join of the day's rate of a currency. `currency` and `date_day` are SQL expressions of the left
    side; the joined rows are known as `alias`. Read them with fx_rate(), fx_date() and
    to_base_currency(), never directly: the base currency needs no published rate.
-#}
{% macro fx_join(currency, date_day, alias='fx') -%}
    left join {{ ref('int_fx_rates_daily') }} as {{ alias }}
        on {{ currency }} = {{ alias }}.currency and {{ date_day }} = {{ alias }}.date_day
{%- endmacro %}

{#- Units of base currency per unit of `currency`: 1 for the base itself, null when unknown. -#}
{% macro fx_rate(currency, alias='fx') -%}
    case
        when {{ currency }} = '{{ var("base_currency") }}' then cast(1 as decimal(18, 8))
        else {{ alias }}.fx_rate
    end
{%- endmacro %}

{#- Day on which the rate in use was published; the day itself for the base currency. -#}
{% macro fx_date(currency, date_day, alias='fx') -%}
    case
        when {{ currency }} = '{{ var("base_currency") }}' then {{ date_day }}
        else {{ alias }}.fx_date
    end
{%- endmacro %}

{#- Amount in base currency, rounded to 6 digits; null while the rate is unknown. -#}
{% macro to_base_currency(amount, rate) -%}
    {#- DuckDB keeps the product of two 18-digit decimals at 18 digits: 10,000 would overflow. -#}
    cast(round(cast({{ amount }} as decimal(28, 6)) * {{ rate }}, 6) as decimal(18, 6))
{%- endmacro %}
