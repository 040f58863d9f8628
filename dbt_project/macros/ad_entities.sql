{#-
    Snapshots of an entity of the hierarchy account > campaign > ad group > ad. `columns` must give
    the ids of the entity, its own first, and of its parents; one without them is refused. The own
    id identifies the entity unless `key` says more.
-#}
{% macro ad_entity(relation, structure, columns, key=none) -%}
    {%- set rules = [] -%}
    {%- for column in columns if column.endswith('_id') -%}
        {%- do rules.append(['missing ' ~ column, 'coalesce(' ~ column ~ ", '') = ''"]) -%}
    {%- endfor -%}
    {{ base_model(relation, structure, columns, rules, key or [columns.keys() | first]) }}
{%- endmacro %}


{#- Good snapshots of a base relation; `columns` are those of the entity. -#}
{% macro canonical_entity(platform, stream, columns) -%}
    select
        source,
        account_id,
        day,
        {{ columns | join(',\n        ') }},
        load_id,
        fetched_at as loaded_at
    from {{ ref('base_' ~ platform ~ '__' ~ stream) }}
    where reject_reason is null
{%- endmacro %}
