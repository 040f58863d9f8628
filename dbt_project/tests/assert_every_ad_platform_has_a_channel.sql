-- A platform whose spend belongs to no channel would look like free customers. A row here is a
-- platform of `ad_platforms` that the seed `channels` lacks; its spend shows as (unattributed).
{{ config(severity='warn') }}

with platforms as (
    {%- for platform in var('ad_platforms') %}
    select '{{ platform }}' as platform
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
)

select platforms.platform
from platforms
left join {{ ref('channels') }} as channels on platforms.platform = channels.platform
where channels.channel_id is null
