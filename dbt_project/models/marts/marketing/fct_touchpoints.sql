{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='touch_id',
    pre_hook=["{% if is_incremental() %}{{ people_delete_partitions(people_changed_partitions(
        ref('int_touches_owned'), this,
        'count(*)', people_checksum(['touch_id']), 'count(*)', people_checksum(['touch_id'])
    )) }}{% endif %}"],
) }}

-- depends_on: {{ ref('int_identity_event_owners') }}
-- depends_on: {{ ref('int_touch_sessions') }}
-- A night writes the touches of the upload days that changed and those whose person or session
-- changed. Touches of orders and of activity have no partition among the events, so they are
-- written anew each night.

with owned as (

    select *
    from {{ ref('int_touches_owned') }}

),

{% if is_incremental() %}
stale as (

    select applied.event_id
    from {{ this }} as applied
    inner join {{ ref('int_identity_persons') }} as persons
        on applied.owner_node_id = persons.node_id
    where applied.person_id != persons.person_id and applied.event_id is not null

    union

    select applied.event_id
    from {{ this }} as applied
    inner join {{ ref('int_identity_event_owners') }} as owners
        on applied.event_id = owners.event_id
    where
        not applied.is_owner_inferred
        or applied.owner_node_id is distinct from owners.owner_node_id

    union

    select applied.event_id
    from {{ this }} as applied
    where
        applied.is_owner_inferred
        and applied.event_id not in (
            select owners.event_id from {{ ref('int_identity_event_owners') }} as owners
        )

    union

    select applied.event_id
    from {{ this }} as applied
    inner join {{ ref('int_touch_sessions') }} as sessions
        on applied.event_id = sessions.event_id
    where applied.session_id is distinct from sessions.session_id

    union

    -- A third part says that the campaign had changed; a late arrival may undo that.
    select applied.event_id
    from {{ this }} as applied
    where
        applied.session_id like '%.%.%'
        and applied.event_id not in (
            select sessions.event_id from {{ ref('int_touch_sessions') }} as sessions
        )

),
{% endif %}

app_touches as (

    select
        touch_id,
        event_id,
        owner_node_id,
        event_at as touched_at,
        event_date as touch_date,
        touchpoint_key,
        channel_id,
        platform,
        campaign_id,
        ad_id,
        click_id,
        session_id,
        source,
        account_id,
        day,
        load_id,
        is_owner_inferred
    from owned
    {% if is_incremental() %}
        where
            {{ people_is_missing_partition('owned') }}
            or event_id in (select stale.event_id from stale)
    {% endif %}

),

order_touches as (

    select
        'order/' || conversions.conversion_id as touch_id,
        cast(null as {{ dbt.type_string() }}) as event_id,
        conversions.owner_node_id,
        conversions.conversion_at as touched_at,
        conversions.conversion_date as touch_date,
        conversions.conversion_kind as touchpoint_key,
        cast(null as {{ dbt.type_string() }}) as channel_id,
        cast(null as {{ dbt.type_string() }}) as platform,
        cast(null as {{ dbt.type_string() }}) as campaign_id,
        cast(null as {{ dbt.type_string() }}) as ad_id,
        cast(null as {{ dbt.type_string() }}) as click_id,
        cast(null as {{ dbt.type_string() }}) as session_id,
        conversions.source,
        conversions.shop_id as account_id,
        conversions.day,
        conversions.load_id,
        false as is_owner_inferred
    from {{ ref('int_conversions') }} as conversions

),

activity_touches as (

    select
        touch_id,
        cast(null as {{ dbt.type_string() }}) as event_id,
        owner_node_id,
        touched_at,
        touch_date,
        touchpoint_key,
        cast(null as {{ dbt.type_string() }}) as channel_id,
        cast(null as {{ dbt.type_string() }}) as platform,
        cast(null as {{ dbt.type_string() }}) as campaign_id,
        cast(null as {{ dbt.type_string() }}) as ad_id,
        cast(null as {{ dbt.type_string() }}) as click_id,
        cast(null as {{ dbt.type_string() }}) as session_id,
        'activity' as source,
        '(none)' as account_id,
        touch_date as day,
        '(none)' as load_id,
        false as is_owner_inferred
    from {{ ref('int_touches_activity') }}

),

touches as (

    select * from app_touches
    union all
    select * from order_touches
    union all
    select * from activity_touches

)

select
    touches.touch_id,
    persons.person_id,
    touches.touched_at,
    touches.touch_date,
    cast(touchpoints.touchpoint_no as bigint) as touchpoint_no,
    touchpoints.touchpoint_key,
    touchpoints.owner,
    touches.channel_id,
    touches.platform,
    touches.campaign_id,
    touches.ad_id,
    touches.click_id,
    touches.session_id,
    touches.event_id,
    coalesce(channels.is_paid, false) as is_paid,
    touches.source,
    touches.account_id,
    touches.day,
    touches.load_id,
    touches.owner_node_id,
    touches.is_owner_inferred
from touches
inner join {{ ref('int_identity_persons') }} as persons
    on touches.owner_node_id = persons.node_id
inner join {{ ref('touchpoints') }} as touchpoints
    on touches.touchpoint_key = touchpoints.touchpoint_key
left join {{ ref('channels') }} as channels
    on touches.channel_id = channels.channel_id
