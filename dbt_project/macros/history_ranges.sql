{#-
    Slowly changing history of type 2 out of dated observations: one row per entity and span of days
    over which its attributes did not change. `relation` has the keys, `observed_date` and the
    attributes. Spans touch, ends are inclusive, the current one ends on 9999-12-31. What was first
    observed also holds for the time before, from `first_valid_from` (an SQL expression over the
    columns of `relation`) on: an entity exists before it is first looked at.
-#}
{% macro history_ranges(relation, keys, attributes, first_valid_from) -%}
    , compared as (
        select
            *,
            {{ first_valid_from }} as earliest_date,
            row_number() over (entity) as observation_number
            {%- for attribute in attributes %},
            lag({{ attribute }}) over (entity) as previous_{{ attribute }}
            {%- endfor %}
        from {{ relation }}
        window entity as (partition by {{ keys | join(', ') }} order by observed_date)
    ),

    changes as (
        select
            {{ (keys + attributes) | join(',\n            ') }},
            case
                when observation_number = 1 then least(earliest_date, observed_date)
                else observed_date
            end as valid_from_date
        from compared
        where
            observation_number = 1
            {%- for attribute in attributes %}
            or {{ attribute }} is distinct from previous_{{ attribute }}
            {%- endfor %}
    ),

    spans as (
        select
            *,
            lead(valid_from_date) over (
                partition by {{ keys | join(', ') }} order by valid_from_date
            ) as next_valid_from_date
        from changes
    )

    select
        {{ (keys + attributes) | join(',\n        ') }},
        valid_from_date,
        cast(
            coalesce(
                {{ dbt.dateadd('day', -1, 'next_valid_from_date') }}, date '9999-12-31'
            ) as date
        ) as valid_to_date,
        next_valid_from_date is null as is_current
    from spans
{%- endmacro %}
