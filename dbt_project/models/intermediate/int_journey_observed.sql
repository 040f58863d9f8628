-- The day through which everything that makes persons' touches is known.

select
    least({{ as_of() }}, coalesce(min(data_through_date), {{ as_of() }})) as through_date
from {{ ref('meta_sources') }}
where
    is_enabled
    and kind in (select event_map.source_kind from {{ ref('event_map') }} as event_map)
