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

{%- for kind, stream in streams %}
select
    '{{ kind }}' as kind,
    source,
    '{{ stream }}' as stream,
    account_id,
    day,
    load_id,
    seq,
    reject_reason,
    record
from {{ ref('base_' ~ kind ~ '__' ~ stream) }}
where reject_reason is not null
{%- if not loop.last %}

union all
{% endif %}
{%- endfor %}
