{#- Value of a business threshold, as a scalar subquery. -#}
{% macro threshold(name) -%}
    (
        select thresholds.threshold_value
        from {{ ref('thresholds') }} as thresholds
        where thresholds.threshold_name = '{{ name }}'
    )
{%- endmacro %}


{#- Days of a named window for a subject given as text, as a scalar subquery; `*` by default. -#}
{% macro window_days(name, subject='*') -%}
    (
        select windows.days
        from {{ ref('windows') }} as windows
        where windows.window_name = '{{ name }}' and windows.subject = '{{ subject }}'
    )
{%- endmacro %}


{#-
    The day through which every enabled account of these kinds is complete, as a query of one row;
    the release's own day where there is none. `kinds` is what stands in brackets behind `in`.
-#}
{% macro observed_through(kinds) -%}
    select least({{ as_of() }}, coalesce(min(data_through_date), {{ as_of() }})) as through_date
    from {{ ref('meta_sources') }}
    where is_enabled and kind in ({{ kinds }})
{%- endmacro %}
