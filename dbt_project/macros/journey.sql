{#- Session of a touch: the visitor and the number of the session on that device. -#}
{% macro touch_session_id(visitor_node_id, session_no) -%}
    {{ people_hex(visitor_node_id) }} || '.' || cast({{ session_no }} as {{ dbt.type_string() }})
{%- endmacro %}


{#- By which part a rate lies under its norm, DECIMAL(18,6); negative above it, null without either. -#}
{% macro drop_against_norm(rate, norm) -%}
    1 - {{ ratio('cast(' ~ rate ~ ' as decimal(18, 8))', 'cast(' ~ norm ~ ' as decimal(18, 8))') }}
{%- endmacro %}
