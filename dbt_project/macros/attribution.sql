{#- Columns of int_attribution_weights that hold a model's credit so far and its credit. -#}
{% macro attribution_models() -%}
    {{ return([
        'first', 'last', 'last_non_direct', 'first_paid', 'last_paid', 'linear', 'time_decay',
        'position', 'w_shaped', 'markov', 'shapley'
    ]) }}
{%- endmacro %}


{#- A parameter of a model in seed `attribution_models`, as a scalar subquery. -#}
{% macro attribution_parameter(model, parameter) -%}
    (
        select attribution_models.{{ parameter }}
        from {{ ref('attribution_models') }} as attribution_models
        where attribution_models.model = '{{ model }}'
    )
{%- endmacro %}


{#- One row per whole number from `first` to `last`, for a select list. -#}
{% macro attribution_numbers(first, last) -%}
    {{ adapter.dispatch('attribution_numbers')(first, last) }}
{%- endmacro %}

{% macro default__attribution_numbers(first, last) -%}
    unnest(generate_series({{ first }}, {{ last }}))
{%- endmacro %}

{% macro spark__attribution_numbers(first, last) -%}
    explode(sequence({{ first }}, {{ last }}))
{%- endmacro %}


{#- Microseconds from one naive UTC timestamp to another, a whole number. -#}
{% macro attribution_micros(start_at, end_at) -%}
    {{ adapter.dispatch('attribution_micros')(start_at, end_at) }}
{%- endmacro %}

{% macro default__attribution_micros(start_at, end_at) -%}
    (epoch_us({{ end_at }}) - epoch_us({{ start_at }}))
{%- endmacro %}

{% macro spark__attribution_micros(start_at, end_at) -%}
    (unix_micros({{ end_at }}) - unix_micros({{ start_at }}))
{%- endmacro %}


{#- Whole part of the quotient of two whole numbers, towards zero. -#}
{% macro attribution_quotient(numerator, denominator) -%}
    {{ adapter.dispatch('attribution_quotient')(numerator, denominator) }}
{%- endmacro %}

{% macro default__attribution_quotient(numerator, denominator) -%}
    (({{ numerator }}) // ({{ denominator }}))
{%- endmacro %}

{% macro spark__attribution_quotient(numerator, denominator) -%}
    (({{ numerator }}) div ({{ denominator }}))
{%- endmacro %}


{#-
    `billionths` of a whole number of units, 0 for none and the number itself for 1,000,000,000; in 64
    bits for any number and any part.
-#}
{% macro attribution_share(units, billionths) -%}
    (
        {{ attribution_quotient(units, 'cast(1000000000 as bigint)') }} * {{ billionths }}
        + {{ attribution_quotient(
            '((' ~ units ~ ') % cast(1000000000 as bigint)) * ' ~ billionths,
            'cast(1000000000 as bigint)'
        ) }}
    )
{%- endmacro %}


{#- The number whose only bit is that of a channel; a set of channels is the `or` of theirs. -#}
{% macro attribution_bit(channel_no) -%}
    {{ adapter.dispatch('attribution_bit')(channel_no) }}
{%- endmacro %}

{% macro default__attribution_bit(channel_no) -%}
    (cast(1 as bigint) << cast({{ channel_no }} as integer))
{%- endmacro %}

{% macro spark__attribution_bit(channel_no) -%}
    shiftleft(cast(1 as bigint), cast({{ channel_no }} as int))
{%- endmacro %}


{#- A whole number of the smallest units as a decimal with `scale` digits, exact. -#}
{% macro attribution_decimal(units, scale) -%}
    cast(
        cast({{ units }} as decimal(18, 0))
        * cast(0.{{ '0' * (scale - 1) }}1 as decimal({{ scale + 1 }}, {{ scale }}))
        as decimal(18, {{ scale }})
    )
{%- endmacro %}
