{#- Calendar day of a UTC instant (naive timestamp) in a zone; `zone` is an SQL expression. -#}
{% macro local_date(instant, zone) -%}
    {{ adapter.dispatch('local_date')(instant, zone) }}
{%- endmacro %}

{% macro default__local_date(instant, zone) -%}
    cast(({{ instant }} at time zone 'UTC') at time zone {{ zone }} as date)
{%- endmacro %}

{% macro spark__local_date(instant, zone) -%}
    cast(from_utc_timestamp({{ instant }}, {{ zone }}) as date)
{%- endmacro %}


{#- Calendar day of a UTC instant in the company's zone. -#}
{% macro business_date(instant) -%}
    {{ local_date(instant, "'" ~ var('business_timezone') ~ "'") }}
{%- endmacro %}


{#- Naive UTC timestamp of a text instant with a zone offset; null when it is none. -#}
{% macro utc_instant(text) -%}
    {{ adapter.dispatch('utc_instant')(text) }}
{%- endmacro %}

{% macro default__utc_instant(text) -%}
    cast(try_cast({{ text }} as timestamptz) at time zone 'UTC' as timestamp)
{%- endmacro %}

{% macro spark__utc_instant(text) -%}
    try_to_timestamp({{ text }})
{%- endmacro %}


{#-
    The day the release speaks for, as a date. It is data, not a variable: a variable that changes
    makes dbt parse the whole project again (5 s a night), and a view that holds a day is stale the
    next night. `vars: {as_of: ...}` pins it, for unit tests and for a look at another day.
-#}
{% macro as_of() -%}
    {%- if var('as_of', none) is not none -%}
        cast('{{ var("as_of") }}' as date)
    {%- else -%}
        (select night.day from {{ source('raw', 'night') }} as night)
    {%- endif -%}
{%- endmacro %}


{#- One row per day from `start_date` to `end_date` (SQL expressions), column date_day. -#}
{% macro days_between(start_date, end_date) -%}
    {{ adapter.dispatch('days_between')(start_date, end_date) }}
{%- endmacro %}

{% macro default__days_between(start_date, end_date) -%}
    select cast(day_series.day_at as date) as date_day
    from
        generate_series(
            cast({{ start_date }} as timestamp), cast({{ end_date }} as timestamp), interval 1 day
        ) as day_series (day_at)
{%- endmacro %}

{% macro spark__days_between(start_date, end_date) -%}
    select explode(sequence({{ start_date }}, {{ end_date }}, interval 1 day)) as date_day
{%- endmacro %}
