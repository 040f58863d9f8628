{%- set columns = [
    'account_id', 'date_day', 'campaign_id', 'campaign_name', 'ad_group_id', 'ad_group_name',
    'ad_id', 'ad_name', 'report_currency', 'impressions', 'clicks', 'spend_native',
    'platform_click_conversions', 'platform_view_conversions',
    'platform_conversion_value_native', 'video_plays', 'load_id', 'loaded_at',
] -%}

with ad_rows as (
    {{ union_platforms('ad_daily', columns) }}
),

campaign_rows as (
    {{ union_platforms('campaign_daily', columns) }}
)

select
    *,
    'ad' as report_level
from ad_rows
where date_day <= {{ as_of() }}

union all

select
    *,
    'campaign' as report_level
from campaign_rows
where date_day <= {{ as_of() }}
