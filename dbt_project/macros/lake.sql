{#-
    Columns every raw record carries; base models pass them on, in this order, before their own.
-#}
{% macro lake_columns() -%}
source, account_id, day, load_id, fetched_at, seq, record
{%- endmacro %}


{#-
    Pre-hook of the incremental staging models: removes the rows of every partition (source,
    account, day) of which a newer load is about to be appended, in the same transaction. Kind
    and stream come from the model's name `base_<kind>__<stream>` unless given. Renders to
    nothing on a view, on a first run and on a full refresh, where there is no row to remove.
-#}
{% macro lake_partition_cleanup(kind=none, stream=none) -%}
    {%- if execute and model.config.materialized == 'incremental' and is_incremental() -%}
        {%- set parts = model.name.removeprefix('base_').split('__') -%}
        delete from {{ this }} as applied
        using {{ source('raw', 'changed_partitions') }} as changed
        where
            changed.kind = '{{ kind or parts[0] }}'
            and changed.stream = '{{ stream or parts[1] }}'
            and applied.source = changed.source
            and applied.account_id = changed.account_id
            and applied.day = changed.day
    {%- endif -%}
{%- endmacro %}


{#-
    First reason that holds for a record, null when it is good. `rules` is a list of
    [reason, SQL condition]; order is priority.
-#}
{% macro reject_reason(rules) -%}
case
        {%- for reason, condition in rules %}
        when {{ condition }} then '{{ reason }}'
        {%- endfor %}
    end
{%- endmacro %}


{#- Every stream that has a base model, as a list of [kind, stream]. -#}
{% macro lake_streams() -%}
    {%- set streams = [] -%}
    {%- for platform in var('ad_platforms') -%}
        {%- for stream in var('ad_streams') -%}
            {%- do streams.append([platform, stream]) -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- for kind, names in var('other_streams').items() -%}
        {%- for stream in names -%}
            {%- do streams.append([kind, stream]) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(streams) }}
{%- endmacro %}


{#- Whether a kind of source is one of the ad platforms. -#}
{% macro is_ad_platform(kind) -%}
    {{ kind }} in (
        {%- for platform in var('ad_platforms') %}
        '{{ platform }}'{{ ',' if not loop.last }}
        {%- endfor %}
    )
{%- endmacro %}


{#-
    Union of one staging stream over all ad platforms, columns by name.
-#}
{% macro union_platforms(stream, columns) -%}
    {%- for platform in var('ad_platforms') %}
    select
        '{{ platform }}' as platform,
        {{ columns | join(',\n        ') }}
    from {{ ref('stg_' ~ platform ~ '__' ~ stream) }}
    {%- if not loop.last %}

    union all
    {% endif %}
    {%- endfor %}
{%- endmacro %}
