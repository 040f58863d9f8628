{{ config(
    materialized='incremental',
    pre_hook=["{% if is_incremental() %}{{ people_delete_partitions(people_changed_partitions(
        ref('int_events_staged'), this,
        'count(*)', people_checksum(['seq']), 'count(*)', people_checksum(['seq'])
    )) }}{% endif %}"],
) }}

with typed as (

    select
        staged.*,
        {{ people_host('staged.referrer') }} as referrer_host,
        lower(staged.utm_source) as source_tag,
        lower(staged.utm_medium) as medium_tag,
        case
            when staged.gclid is not null then 'gclid'
            when staged.fbclid is not null then 'fbclid'
            when staged.ttclid is not null then 'ttclid'
        end as click_id_type,
        event_map.touchpoint_key,
        coalesce(event_map.carries_channel, false) as carries_channel
    from {{ ref('int_events_staged') }} as staged
    left join {{ ref('event_map') }} as event_map
        on staged.event_type = event_map.event_type and event_map.source_kind = 'amplitude'
    {% if is_incremental() %}
        where
            staged.day in ({{ people_changed_days(people_changed_partitions(
                ref('int_events_staged'), this,
                'count(*)', people_checksum(['seq']), 'count(*)', people_checksum(['seq'])
            )) }})
            and {{ people_is_missing_partition('staged') }}
    {% endif %}

),

staged as (

    select
        *,
        case
            when carries_channel
                then
                    coalesce(click_id_type, '')
                    || chr(31) || coalesce(source_tag, '')
                    || chr(31) || coalesce(medium_tag, '')
                    || chr(31) || coalesce(referrer_host, '')
        end as origin_key
    from typed

),

-- Rules are tried on the few distinct combinations, not on every event.
origins as (

    select distinct
        origin_key,
        click_id_type,
        source_tag,
        medium_tag,
        referrer_host
    from staged
    where origin_key is not null

),

ranked_rules as (

    select
        origins.origin_key,
        rules.channel_id,
        rules.touchpoint_key,
        row_number() over (
            partition by origins.origin_key
            order by rules.rule_order
        ) as rule_rank
    from origins
    inner join {{ ref('channel_rules') }} as rules
        on
            ({{ people_rule_matches('origins.click_id_type', 'rules.click_id_type') }})
            and ({{ people_rule_matches('origins.source_tag', 'rules.utm_source') }})
            and ({{ people_rule_matches('origins.medium_tag', 'rules.utm_medium') }})
            and (
                {{ people_rule_matches('origins.referrer_host', 'rules.referrer_host') }}
                or origins.referrer_host like '%.' || rules.referrer_host
            )

),

origin_channels as (

    select
        ranked_rules.origin_key,
        channels.channel_id,
        channels.platform,
        channels.is_paid,
        ranked_rules.touchpoint_key
    from ranked_rules
    inner join {{ ref('channels') }} as channels
        on ranked_rules.channel_id = channels.channel_id
    where ranked_rules.rule_rank = 1

)

select
    staged.source,
    staged.account_id,
    staged.day,
    staged.load_id,
    staged.seq,
    staged.event_id,
    staged.event_at,
    {{ business_date('staged.event_at') }} as event_date,
    staged.event_type,
    staged.touchpoint_key,
    staged.carries_channel,
    staged.device_id,
    staged.user_id,
    {{ people_node_id('device', "'app'", 'staged.device_id') }} as device_node_id,
    {{ people_node_id('user_id', "'app'", 'staged.user_id') }} as user_node_id,
    case when staged.session_id >= 0 then staged.session_id end as session_no,
    lower(staged.email_hash) as email_hash,
    lower(staged.phone_hash) as phone_hash,
    staged.has_consent,
    staged.order_id,
    origin_channels.channel_id,
    origin_channels.platform,
    origin_channels.touchpoint_key as arrival_touchpoint_key,
    case when origin_channels.is_paid then staged.utm_campaign end as campaign_id,
    case when origin_channels.is_paid then staged.utm_content end as ad_id,
    coalesce(staged.gclid, staged.fbclid, staged.ttclid) as click_id
from staged
left join origin_channels
    on staged.origin_key = origin_channels.origin_key
