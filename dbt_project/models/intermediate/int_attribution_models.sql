{{ config(materialized='table') }}

-- Models with the same windows see the same touches; `window_set` names the first of them, so that
-- the touches of a conversion are numbered once per set and not once per model.

with windows as (

    select
        model,
        string_agg(
            channel_id || '/' || touchpoint_key || '/'
            || cast(window_hours as {{ dbt.type_string() }}),
            ',' order by channel_id, touchpoint_key
        ) as all_windows
    from {{ ref('int_attribution_windows') }}
    group by model

)

select
    models.*,
    first_value(models.model) over (
        partition by windows.all_windows
        order by models.sort_order
    ) as window_set
from {{ ref('attribution_models') }} as models
inner join windows
    on models.model = windows.model
