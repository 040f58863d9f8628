{{ config(materialized='table') }}

with seen as (

    select
        'device' as identifier_type,
        'app' as namespace,
        device_id as identifier_value,
        device_node_id as node_id,
        source,
        first_at,
        last_at,
        greatest(day, event_date) as known_date
    from {{ ref('int_events_daily') }}
    where device_node_id is not null and event_date <= {{ as_of() }}

    union all

    select
        'user_id' as identifier_type,
        'app' as namespace,
        user_id as identifier_value,
        user_node_id as node_id,
        source,
        first_at,
        last_at,
        greatest(day, event_date) as known_date
    from {{ ref('int_events_daily') }}
    where user_node_id is not null and event_date <= {{ as_of() }}

    {% for identifier in ['email', 'phone'] %}
    union all

    select
        '{{ identifier }}' as identifier_type,
        'sha256' as namespace,
        {{ identifier }}_hash as identifier_value,
        {{ people_node_id(identifier, "'sha256'", identifier ~ '_hash') }} as node_id,
        source,
        first_at,
        last_at,
        greatest(day, event_date) as known_date
    from {{ ref('int_events_daily') }}
    where {{ identifier }}_hash is not null and event_date <= {{ as_of() }}

    union all

    select
        '{{ identifier }}' as identifier_type,
        'sha256' as namespace,
        {{ identifier }}_hash as identifier_value,
        {{ identifier }}_node_id as node_id,
        source,
        ordered_at as first_at,
        ordered_at as last_at,
        greatest(first_day, order_date) as known_date
    from {{ ref('int_orders') }}
    where {{ identifier }}_node_id is not null
    {% endfor %}

    union all

    select
        'user_id' as identifier_type,
        'app' as namespace,
        user_id as identifier_value,
        user_node_id as node_id,
        source,
        ordered_at as first_at,
        ordered_at as last_at,
        greatest(first_day, order_date) as known_date
    from {{ ref('int_orders') }}
    where user_node_id is not null

    union all

    select
        'customer_id' as identifier_type,
        shop_id as namespace,
        customer_id as identifier_value,
        customer_node_id as node_id,
        source,
        ordered_at as first_at,
        ordered_at as last_at,
        greatest(first_day, order_date) as known_date
    from {{ ref('int_orders') }}
    where customer_node_id is not null

)

select
    identifier_type,
    namespace,
    identifier_value,
    node_id,
    min(source) as source,
    count(*) as observations,
    min(first_at) as first_seen_at,
    max(last_at) as last_seen_at,
    min(known_date) as known_date
from seen
group by identifier_type, namespace, identifier_value, node_id
