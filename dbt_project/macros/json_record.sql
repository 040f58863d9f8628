{#-
    One typed read of a JSON document: a struct with the fields of `structure` (a mapping of
    field to type, nested mapping, or [element]). A field that is absent or of another shape is
    null, a document that is not JSON gives a null struct; neither is an error, the caller
    judges them.
-#}
{% macro json_record(column, structure) -%}
    {{ adapter.dispatch('json_record')(column, structure) }}
{%- endmacro %}

{% macro default__json_record(column, structure) -%}
    try(from_json({{ column }}, '{{ tojson(structure) }}'))
{%- endmacro %}

{% macro spark__json_record(column, structure) -%}
    from_json({{ column }}, '{{ spark_structure(structure) }}')
{%- endmacro %}

{% macro spark_structure(node) -%}
    {%- if node is mapping -%}
        struct<
        {%- for field, inner in node.items() -%}
            `{{ field }}`:{{ spark_structure(inner) }}{{ ',' if not loop.last }}
        {%- endfor -%}
        >
    {%- elif node is sequence and node is not string -%}
        array<{{ spark_structure(node[0]) }}>
    {%- else -%}
        {{ 'string' if node | upper == 'VARCHAR' else node | lower }}
    {%- endif -%}
{%- endmacro %}


{#-
    Rows of an object whose keys are currencies and whose values are rates as text: date_day,
    currency, rate_text, load_id, fetched_at. `N/A` marks a day on which a currency has no rate.
-#}
{% macro rate_rows(relation) -%}
    {{ adapter.dispatch('rate_rows')(relation) }}
{%- endmacro %}

{% macro default__rate_rows(relation) -%}
    select
        keyed.date_day,
        keyed.currency,
        nullif(json_extract_string(keyed.rates, '$."' || keyed.currency || '"'), 'N/A')
            as rate_text,
        keyed.load_id,
        keyed.fetched_at
    from (
        select
            *,
            unnest(json_keys(rates)) as currency
        from {{ relation }}
    ) as keyed
{%- endmacro %}

{% macro spark__rate_rows(relation) -%}
    select
        date_day,
        currency,
        nullif(rate_text, 'N/A') as rate_text,
        load_id,
        fetched_at
    from {{ relation }}
    lateral view explode(from_json(rates, 'map<string,string>')) as currency, rate_text
{%- endmacro %}
