{{ config(materialized='view') }}

-- A release copies the rows; written here too they would cost as much as the credit itself.

select
    conversion_id,
    conversion_kind,
    model,
    touch_id,
    person_id,
    order_id,
    conversion_at,
    conversion_date,
    touch_date,
    channel_id,
    platform,
    campaign_id,
    credit,
    revenue,
    contribution_margin
from {{ ref('int_conversions_credited') }}
