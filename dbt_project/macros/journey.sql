{#- Session of a touch: the visitor and the number of the session on that device. -#}
{% macro touch_session_id(visitor_node_id, session_no) -%}
    {{ people_hex(visitor_node_id) }} || '.' || cast({{ session_no }} as {{ dbt.type_string() }})
{%- endmacro %}


{#- By which part a rate lies under its norm, DECIMAL(18,6); negative above it, null without either. -#}
{% macro drop_against_norm(rate, norm) -%}
    1 - {{ ratio('cast(' ~ rate ~ ' as decimal(18, 8))', 'cast(' ~ norm ~ ' as decimal(18, 8))') }}
{%- endmacro %}


{#-
    The norm of a day: sums of `part` and `whole` over the days of the trailing window before it that
    `is_counted` and had anybody, per `keys`; no row where too few of them are known.
-#}
{% macro trailing_norm(relation, keys, part, whole, is_counted) -%}
    select
        days.date_day,
        {%- for key in keys %}
        days.{{ key }},
        {%- endfor %}
        sum(earlier.{{ part }}) as {{ part }},
        sum(earlier.{{ whole }}) as {{ whole }}
    from {{ relation }} as days
    inner join {{ relation }} as earlier
        on
            {%- for key in keys %}
            days.{{ key }} = earlier.{{ key }} and
            {%- endfor %}
            days.date_day > earlier.date_day
            and {{ people_days_between('earlier.date_day', 'days.date_day') }}
            <= {{ window_days('trailing_norm') }}
    where earlier.{{ is_counted }} and earlier.{{ whole }} > 0
    group by days.date_day{% for key in keys %}, days.{{ key }}{% endfor %}
    having count(*) >= {{ threshold('norm_days_min') }}
{%- endmacro %}
