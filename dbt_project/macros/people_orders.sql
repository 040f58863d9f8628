{#-
    Naive UTC timestamp of an order file's instant. A text with an offset says its zone; one without
    (2026-03-31, 20260331, a local time) is a moment of the company's zone.
-#}
{% macro people_order_instant(text) -%}
    case
        when {{ people_matches(text, "':[0-9]{2}([.][0-9]+)?[ ]?(Z|[+-][0-9]{2}:?([0-9]{2})?)$'") }}
            then {{ utc_instant(text) }}
        when {{ people_matches(text, "'^[0-9]{8}$'") }}
            then {{ people_local_instant(
                "(substr(" ~ text ~ ", 1, 4) || '-' || substr(" ~ text ~ ", 5, 2) || '-' || substr(" ~ text ~ ", 7, 2))"
            ) }}
        else {{ people_local_instant(text) }}
    end
{%- endmacro %}

{% macro people_local_instant(text) -%}
    {{ adapter.dispatch('people_local_instant')(text) }}
{%- endmacro %}

{% macro default__people_local_instant(text) -%}
    cast(
        (try_cast({{ text }} as timestamp) at time zone '{{ var("business_timezone") }}')
        at time zone 'UTC' as timestamp
    )
{%- endmacro %}

{% macro spark__people_local_instant(text) -%}
    to_utc_timestamp(try_to_timestamp({{ text }}), '{{ var("business_timezone") }}')
{%- endmacro %}


{#-
    Part of `total` (money) that falls on a share part/whole, cut to whole cents, so that a
    remainder is never negative; the division is one of integers, no digit depends on a float.
-#}
{% macro people_cent_share(total, part, whole) -%}
    {{ adapter.dispatch('people_cent_share')(total, part, whole) }}
{%- endmacro %}

{% macro default__people_cent_share(total, part, whole) -%}
    cast(
        cast(
            (
                cast(cast({{ total }} as decimal(28, 6)) * 100 as hugeint)
                * cast(cast({{ part }} as decimal(28, 6)) * 100 as hugeint)
            ) // nullif(cast(cast({{ whole }} as decimal(28, 6)) * 100 as hugeint), 0) as decimal(18, 0)
        ) * cast(0.01 as decimal(3, 2)) as decimal(18, 6)
    )
{%- endmacro %}

{% macro spark__people_cent_share(total, part, whole) -%}
    cast(floor({{ total }} * {{ part }} / nullif({{ whole }}, 0) * 100) / 100 as decimal(18, 6))
{%- endmacro %}
