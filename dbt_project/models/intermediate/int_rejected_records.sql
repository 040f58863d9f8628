{%- set streams = lake_streams() -%}

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
