{#-
    The one shape of a base model: every record of a stream, typed, judged, none lost.

    relation    the raw records
    structure   fields to read of the JSON document, for `json_record`
    columns     mapping of column to SQL expression over the struct `r`; a column whose name ends in
                `_text` is for the rules only and is not kept
    rules       list of [reason, condition over the columns]; a record that breaks one stays,
                with its reason and its verbatim text
    unreadable  the reason of a record that is no JSON object
    key         columns that identify a record within its load; a second one with the same key stays
                too, as 'duplicate key in load', and the first in the order of arrival counts
-#}
{% macro base_model(
    relation, structure, columns, rules, key, unreadable='record is not a JSON object'
) -%}
    {%- set kept = [] -%}
    {%- for column in columns if not column.endswith('_text') -%}
        {%- do kept.append(column) -%}
    {%- endfor -%}
    {%- set identity = ['source', 'account_id', 'day', 'load_id'] + key -%}
    with records as (
        select
            {{ lake_columns() }},
            {{ json_record('record', structure) }} as r
        from {{ relation }}
    ),

    typed as (
        select
            {{ lake_columns() }},
            r is null as is_not_json
            {%- for column, expression in columns.items() %},
            {{ expression }} as {{ column }}
            {%- endfor %}
        from records
    ),

    judged as (
        select
            *,
            {{ reject_reason([[unreadable, 'is_not_json']] + rules) }}
                as own_reason
        from typed
    ),

    compared as (
        select
            *,
            row_number() over (
                partition by {{ identity | join(', ') }}, own_reason is null
                order by seq
            ) as copy_number
        from judged
    ),

    decided as (
        select
            *,
            case
                when own_reason is not null then own_reason
                when copy_number > 1 then 'duplicate key in load'
            end as reject_reason
        from compared
    )

    select
        source,
        account_id,
        day,
        load_id,
        fetched_at,
        seq,
        reject_reason,
        case when reject_reason is not null then record end as record,
        {{ kept | join(',\n        ') }}
    from decided
{%- endmacro %}
