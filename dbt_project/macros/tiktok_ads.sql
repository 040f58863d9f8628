{#- A metric of TikTok as text; "-" says that the metric does not apply. -#}
{% macro tiktok_ads_metric(name) -%}
    nullif(r.metrics.{{ name }}, '-')
{%- endmacro %}

{#-
    Every metric is a text in major units. `conversion` is clicks and views together; where the
    split (cta, vta) is not given, all of it counts as clicks.
-#}
{% macro tiktok_ads_report(relation, level) -%}
    {%- set structure = {
        'dimensions': {'stat_time_day': 'VARCHAR', 'campaign_id': 'VARCHAR', 'ad_id': 'VARCHAR'},
        'metrics': {
            'campaign_id': 'VARCHAR',
            'campaign_name': 'VARCHAR',
            'adgroup_id': 'VARCHAR',
            'adgroup_name': 'VARCHAR',
            'ad_name': 'VARCHAR',
            'currency': 'VARCHAR',
            'impressions': 'VARCHAR',
            'clicks': 'VARCHAR',
            'spend': 'VARCHAR',
            'conversion': 'VARCHAR',
            'cta_conversion': 'VARCHAR',
            'vta_conversion': 'VARCHAR',
            'total_purchase_value': 'VARCHAR',
            'video_play_actions': 'VARCHAR',
        },
    } -%}
    {%- set is_ad = level == 'ad' -%}
    {%- set conversion = tiktok_ads_metric('conversion') -%}
    {%- set view = tiktok_ads_metric('vta_conversion') -%}
    {{ ad_report(
        relation,
        structure,
        {
            'date_text': 'r.dimensions.stat_time_day',
            'campaign_id': 'coalesce(r.dimensions.campaign_id, r.metrics.campaign_id)',
            'campaign_name': tiktok_ads_metric('campaign_name'),
            'ad_group_id': 'r.metrics.adgroup_id' if is_ad else 'cast(null as varchar)',
            'ad_group_name':
                tiktok_ads_metric('adgroup_name') if is_ad else 'cast(null as varchar)',
            'ad_id': 'r.dimensions.ad_id' if is_ad else 'cast(null as varchar)',
            'ad_name': tiktok_ads_metric('ad_name') if is_ad else 'cast(null as varchar)',
            'report_currency': tiktok_ads_metric('currency'),
            'impressions_text': tiktok_ads_metric('impressions'),
            'clicks_text': tiktok_ads_metric('clicks'),
            'spend_text': tiktok_ads_metric('spend'),
            'spend_native': try_money(tiktok_ads_metric('spend')),
            'click_conversions_text':
                'coalesce(' ~ tiktok_ads_metric('cta_conversion') ~ ', ' ~ conversion ~ ')',
            'view_conversions_text':
                'case when ' ~ tiktok_ads_metric('cta_conversion') ~ ' is not null then '
                ~ view ~ ' end',
            'conversion_value_text': tiktok_ads_metric('total_purchase_value'),
            'video_plays_text': tiktok_ads_metric('video_play_actions'),
        },
        level,
    ) }}
{%- endmacro %}
