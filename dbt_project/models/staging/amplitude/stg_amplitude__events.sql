select
    ---------- lake
    source,
    account_id,
    day,
    load_id,
    fetched_at,
    seq,
    ---------- ids
    event_id,
    device_id,
    user_id,
    session_id,
    order_id,
    ---------- strings
    event_type,
    library,
    device_platform,
    utm_source,
    utm_medium,
    utm_campaign,
    utm_content,
    gclid,
    fbclid,
    ttclid,
    page_path,
    referrer,
    email_hash,
    phone_hash,
    ---------- booleans
    has_consent,
    ---------- timestamps
    event_at,
    uploaded_at
from {{ ref('base_amplitude__events') }}
where reject_reason is null
