{#-
    Report rows of an ad platform in canonical columns. A platform says where its fields are; what
    makes a row bad is the same for all. `columns` gives, as SQL over the struct `r`: date_text,
    campaign_id, campaign_name, ad_group_id, ad_group_name, ad_id, ad_name, report_currency,
    impressions_text, clicks_text, spend_text, spend_native, click_conversions_text,
    view_conversions_text, conversion_value_text, video_plays_text. Platforms leave out what is zero,
    so an absent count is 0; an absent spend is not, it is a broken row. Plays are the exception: not
    every platform counts them, and absent they are unknown.
-#}
{% macro ad_report(relation, structure, columns, level) -%}
    {%- set canonical = {
        'date_day': 'try_cast(left(' ~ columns['date_text'] ~ ', 10) as date)',
        'impressions': 'coalesce(' ~ try_count(columns['impressions_text']) ~ ', 0)',
        'clicks': 'coalesce(' ~ try_count(columns['clicks_text']) ~ ', 0)',
        'platform_click_conversions':
            'coalesce(' ~ try_money(columns['click_conversions_text']) ~ ', 0)',
        'platform_view_conversions':
            'coalesce(' ~ try_money(columns['view_conversions_text']) ~ ', 0)',
        'platform_conversion_value_native':
            'coalesce(' ~ try_money(columns['conversion_value_text']) ~ ', 0)',
        'video_plays': try_count(columns['video_plays_text']),
    } -%}
    {%- set rules = [['missing campaign_id', "coalesce(campaign_id, '') = ''"]] -%}
    {%- if level == 'ad' -%}
        {%- do rules.extend([
            ['missing ad_group_id', "coalesce(ad_group_id, '') = ''"],
            ['missing ad_id', "coalesce(ad_id, '') = ''"],
        ]) -%}
    {%- endif -%}
    {%- do rules.extend([
        ['missing date', 'date_day is null'],
        ['date differs from the day of its load', 'date_day <> day'],
        ['missing spend', 'spend_text is null'],
        ['spend is not a number', 'spend_native is null'],
        ['negative spend', 'spend_native < 0'],
    ]) -%}
    {%- for count in ['impressions', 'clicks'] -%}
        {%- do rules.extend([
            [count ~ ' is not a whole number',
             count ~ '_text is not null and ' ~ try_count(count ~ '_text') ~ ' is null'],
            ['negative ' ~ count, count ~ ' < 0'],
        ]) -%}
    {%- endfor -%}
    {%- for number in ['click_conversions', 'view_conversions', 'conversion_value'] -%}
        {%- do rules.append(
            [number ~ ' is not a number',
             number ~ '_text is not null and ' ~ try_money(number ~ '_text') ~ ' is null']
        ) -%}
    {%- endfor -%}
    {{ base_model(
        relation,
        structure,
        dict(columns, **canonical),
        rules,
        ['campaign_id', 'ad_group_id', 'ad_id'],
    ) }}
{%- endmacro %}


{#-
    Good report rows of a base relation in the columns that every platform's staging gives, and
    `more` columns that only this one has.
-#}
{% macro canonical_report(platform, relation, more=[]) -%}
    select
        source,
        '{{ platform }}' as platform,
        account_id,
        date_day,
        campaign_id,
        campaign_name,
        ad_group_id,
        ad_group_name,
        ad_id,
        ad_name,
        report_currency,
        impressions,
        clicks,
        spend_native,
        platform_click_conversions,
        platform_view_conversions,
        platform_conversion_value_native,
        video_plays,
        {%- for column in more %}
        {{ column }},
        {%- endfor %}
        load_id,
        fetched_at as loaded_at
    from {{ relation }}
    where reject_reason is null
{%- endmacro %}


{#-
    Good report rows of every load not applied yet, superseded ones included; `report` is the
    platform's report macro.
-#}
{% macro canonical_report_history(platform, report) -%}
    {%- for level in ['ad', 'campaign'] %}
    {%- set raw = source('raw', platform ~ '__' ~ level ~ '_daily__history') %}
    select
        '{{ level }}_daily' as stream,
        *
    from (
        {{ canonical_report(platform, '(' ~ report(raw, level) ~ ') as judged_' ~ level) }}
    ) as good_{{ level }}
    {%- if not loop.last %}

    union all
    {% endif %}
    {%- endfor %}
{%- endmacro %}


{#- Whole number of a text; null when absent or not one. -#}
{% macro try_count(text) -%}
    case
        when try_cast({{ text }} as decimal(24, 4)) = floor(try_cast({{ text }} as decimal(24, 4)))
            then try_cast(try_cast({{ text }} as decimal(24, 4)) as bigint)
    end
{%- endmacro %}


{#- Account snapshots: a currency and a zone that exist, or the snapshot is refused. -#}
{% macro ad_account(relation, structure, columns) -%}
    {{ base_model(
        relation,
        structure,
        columns,
        [
            [
                'currency is not an ISO code',
                "not coalesce(regexp_matches(currency, '^[A-Z]{3}$'), false)",
            ],
            ['unknown time zone', 'not coalesce(' ~ is_known_zone('timezone') ~ ', false)'],
        ],
        [],
    ) }}
{%- endmacro %}


{% macro is_known_zone(zone) -%}
    {{ adapter.dispatch('is_known_zone')(zone) }}
{%- endmacro %}

{% macro default__is_known_zone(zone) -%}
    {{ zone }} in (select zones.name from pg_timezone_names() as zones)
{%- endmacro %}

{% macro spark__is_known_zone(zone) -%}
    {{ zone }} rlike '^([A-Za-z]+/[A-Za-z_/+-]+[0-9]*|UTC)$'
{%- endmacro %}
