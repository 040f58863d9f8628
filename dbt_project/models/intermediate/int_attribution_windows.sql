{{ config(materialized='table') }}

-- The most special row of the seed holds: one that names the model before one that names the
-- channel, that before one that names the touchpoint.

with matches as (

    select
        models.model,
        channels.channel_id,
        touchpoints.touchpoint_key,
        windows.window_hours,
        row_number() over (
            partition by models.model, channels.channel_id, touchpoints.touchpoint_key
            order by
                windows.model = '*',
                windows.channel_id = '*',
                windows.touchpoint_key = '*'
        ) as place
    from {{ ref('attribution_models') }} as models
    cross join {{ ref('channels') }} as channels
    cross join {{ ref('touchpoints') }} as touchpoints
    inner join {{ ref('attribution_windows') }} as windows
        on
            windows.model in ('*', models.model)
            and windows.channel_id in ('*', channels.channel_id)
            and windows.touchpoint_key in ('*', touchpoints.touchpoint_key)

)

select
    model,
    channel_id,
    touchpoint_key,
    window_hours
from matches
where place = 1
