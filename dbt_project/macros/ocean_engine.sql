{#-
    Every metric is a text, money in yuan. Conversions come on two clocks: the canonical column
    takes those by billing time (the day of the click, as other platforms count), the one beside it
    those by event time. Names are not in the report; the snapshots know them.
-#}
{% macro ocean_engine_report(relation, level) -%}
    {%- set structure = {
        'dimensions': {
            'stat_time_day': 'VARCHAR',
            'cdp_project_id': 'VARCHAR',
            'cdp_promotion_id': 'VARCHAR',
            'material_id': 'VARCHAR',
        },
        'metrics': {
            'stat_cost': 'VARCHAR',
            'show_cnt': 'VARCHAR',
            'click_cnt': 'VARCHAR',
            'attribution_convert_cnt': 'VARCHAR',
            'convert_cnt': 'VARCHAR',
            'total_play': 'VARCHAR',
        },
    } -%}
    {%- set is_ad = level == 'ad' -%}
    {%- set absent = 'cast(null as varchar)' -%}
    {{ ad_report(
        relation,
        structure,
        {
            'date_text': 'r.dimensions.stat_time_day',
            'campaign_id': 'r.dimensions.cdp_project_id',
            'campaign_name': absent,
            'ad_group_id': 'r.dimensions.cdp_promotion_id' if is_ad else absent,
            'ad_group_name': absent,
            'ad_id': 'r.dimensions.material_id' if is_ad else absent,
            'ad_name': absent,
            'report_currency': absent,
            'impressions_text': 'r.metrics.show_cnt',
            'clicks_text': 'r.metrics.click_cnt',
            'spend_text': 'r.metrics.stat_cost',
            'spend_native': try_money('r.metrics.stat_cost'),
            'click_conversions_text': 'r.metrics.attribution_convert_cnt',
            'view_conversions_text': absent,
            'conversion_value_text': absent,
            'video_plays_text': 'r.metrics.total_play',
            'platform_event_conversions': try_money('r.metrics.convert_cnt'),
        },
        level,
    ) }}
{%- endmacro %}
