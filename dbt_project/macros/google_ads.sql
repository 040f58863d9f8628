{#-
    Money is in micros of the account's currency. `conversions` is fractional and counts by the day
    of the click; view-through conversions are apart and never part of it.
-#}
{% macro google_ads_report(relation, level) -%}
    {%- set structure = {
        'segments': {'date': 'VARCHAR'},
        'customer': {'currencyCode': 'VARCHAR'},
        'campaign': {'id': 'VARCHAR', 'name': 'VARCHAR'},
        'adGroup': {'id': 'VARCHAR', 'name': 'VARCHAR'},
        'adGroupAd': {'ad': {'id': 'VARCHAR', 'name': 'VARCHAR'}},
        'metrics': {
            'impressions': 'VARCHAR',
            'clicks': 'VARCHAR',
            'costMicros': 'VARCHAR',
            'conversions': 'VARCHAR',
            'viewThroughConversions': 'VARCHAR',
            'conversionsValue': 'VARCHAR',
        },
    } -%}
    {%- set is_ad = level == 'ad' -%}
    {{ ad_report(
        relation,
        structure,
        {
            'date_text': 'r.segments.date',
            'campaign_id': 'r.campaign.id',
            'campaign_name': 'r.campaign.name',
            'ad_group_id': 'r."adGroup".id' if is_ad else 'cast(null as varchar)',
            'ad_group_name': 'r."adGroup".name' if is_ad else 'cast(null as varchar)',
            'ad_id': 'r."adGroupAd".ad.id' if is_ad else 'cast(null as varchar)',
            'ad_name': 'r."adGroupAd".ad.name' if is_ad else 'cast(null as varchar)',
            'report_currency': 'r.customer."currencyCode"',
            'impressions_text': 'r.metrics.impressions',
            'clicks_text': 'r.metrics.clicks',
            'spend_text': 'r.metrics."costMicros"',
            'spend_native': try_micros('r.metrics."costMicros"'),
            'click_conversions_text': 'r.metrics.conversions',
            'view_conversions_text': 'r.metrics."viewThroughConversions"',
            'conversion_value_text': 'r.metrics."conversionsValue"',
            'video_plays_text': 'cast(null as varchar)',
        },
        level,
    ) }}
{%- endmacro %}
