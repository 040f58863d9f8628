-- The day through which everything that makes persons' touches is known.

{{ observed_through('select event_map.source_kind from ' ~ ref('event_map') ~ ' as event_map') }}
