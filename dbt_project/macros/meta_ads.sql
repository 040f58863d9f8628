{#-
    A purchase is reported several times over under several action types: the first of this list
    that a row carries counts, the others are the same purchases again. `omni_purchase` is all
    surfaces together; the rest serve accounts that do not send it.
-#}
{% macro meta_ads_purchase_types() -%}
    {{ return([
        'omni_purchase', 'purchase', 'offsite_conversion.fb_pixel_purchase', 'onsite_web_purchase'
    ]) }}
{%- endmacro %}

{#- The entry of an action list that holds the purchases; null when there is none. -#}
{% macro meta_ads_purchase(actions) -%}
    coalesce(
        {%- for action_type in meta_ads_purchase_types() %}
        list_filter(
            {{ actions }}, lambda action: action.action_type = '{{ action_type }}'
        )[1]{{ ',' if not loop.last }}
        {%- endfor %}
    )
{%- endmacro %}

{#- Three-second plays; absent where no video ran. -#}
{% macro meta_ads_video_plays(actions) -%}
    list_filter({{ actions }}, lambda action: action.action_type = 'video_view')[1].value
{%- endmacro %}

{#-
    Click conversions are those within 7 days of a click, view conversions those within 1 day of a
    view. A window without conversions is absent; an entry without any window key was made with the
    account's default setting and counts as clicks.
-#}
{% macro meta_ads_report(relation, level) -%}
    {%- set windows = {
        'action_type': 'VARCHAR', 'value': 'VARCHAR', '7d_click': 'VARCHAR', '1d_view': 'VARCHAR'
    } -%}
    {%- set structure = {
        'date_start': 'VARCHAR',
        'account_currency': 'VARCHAR',
        'campaign_id': 'VARCHAR',
        'campaign_name': 'VARCHAR',
        'adset_id': 'VARCHAR',
        'adset_name': 'VARCHAR',
        'ad_id': 'VARCHAR',
        'ad_name': 'VARCHAR',
        'impressions': 'VARCHAR',
        'clicks': 'VARCHAR',
        'spend': 'VARCHAR',
        'actions': [windows],
        'action_values': [windows],
    } -%}
    {%- set purchase = meta_ads_purchase('r.actions') -%}
    {%- set value = meta_ads_purchase('r.action_values') -%}
    {%- set is_ad = level == 'ad' -%}
    {{ ad_report(
        relation,
        structure,
        {
            'date_text': 'r.date_start',
            'campaign_id': 'r.campaign_id',
            'campaign_name': 'r.campaign_name',
            'ad_group_id': 'r.adset_id' if is_ad else 'cast(null as varchar)',
            'ad_group_name': 'r.adset_name' if is_ad else 'cast(null as varchar)',
            'ad_id': 'r.ad_id' if is_ad else 'cast(null as varchar)',
            'ad_name': 'r.ad_name' if is_ad else 'cast(null as varchar)',
            'report_currency': 'r.account_currency',
            'impressions_text': 'r.impressions',
            'clicks_text': 'r.clicks',
            'spend_text': 'r.spend',
            'spend_native': try_money('r.spend'),
            'click_conversions_text': meta_ads_window(purchase, '7d_click', '1d_view'),
            'view_conversions_text': '(' ~ purchase ~ ')."1d_view"',
            'conversion_value_text': '(' ~ value ~ ').value',
            'video_plays_text': meta_ads_video_plays('r.actions'),
        },
        level,
    ) }}
{%- endmacro %}

{% macro meta_ads_window(entry, window, other) -%}
    coalesce(
        ({{ entry }})."{{ window }}",
        case when ({{ entry }})."{{ other }}" is null then ({{ entry }}).value end
    )
{%- endmacro %}
