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
