{#- Session of a touch: the visitor and the number of the session on that device. -#}
{% macro touch_session_id(visitor_node_id, session_no) -%}
    {{ people_hex(visitor_node_id) }} || '.' || cast({{ session_no }} as {{ dbt.type_string() }})
{%- endmacro %}
