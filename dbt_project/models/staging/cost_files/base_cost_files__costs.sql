{{ config(materialized='incremental') }}

{%- set structure = {
    'cost_id': 'VARCHAR',
    'date': 'VARCHAR',
    'period_from': 'VARCHAR',
    'period_to': 'VARCHAR',
    'cost_type': 'VARCHAR',
    'channel_id': 'VARCHAR',
    'campaign': 'VARCHAR',
    'amount': 'VARCHAR',
    'currency': 'VARCHAR',
    'note': 'VARCHAR',
    'entered_by': 'VARCHAR',
} %}

{%- set text = {} %}
{%- for field in structure %}
{%- do text.update({field: "nullif(trim(r." ~ field ~ "), '')"}) %}
{%- endfor %}

{{ base_model(
    source('raw', 'cost_files__costs'),
    structure,
    {
        'cost_id': text.cost_id,
        'channel_id': text.channel_id,
        'cost_type': 'lower(' ~ text.cost_type ~ ')',
        'campaign': text.campaign,
        'currency': 'upper(' ~ text.currency ~ ')',
        'note': text.note,
        'entered_by': text.entered_by,
        'amount_native': try_money('r.amount'),
        'date_text': text.date,
        'from_text': text.period_from,
        'to_text': text.period_to,
        'period_from_date': 'try_cast(coalesce(' ~ text.date ~ ', ' ~ text.period_from ~ ') as date)',
        'period_to_date': 'try_cast(coalesce(' ~ text.date ~ ', ' ~ text.period_to ~ ') as date)',
    },
    [
        ['missing cost_id', 'cost_id is null'],
        ['both a date and a period',
            'date_text is not null and (from_text is not null or to_text is not null)'],
        ['neither a date nor a whole period',
            'period_from_date is null or period_to_date is null'],
        ['period ends before it begins', 'period_to_date < period_from_date'],
        ['period is longer than 731 days', 'period_to_date - period_from_date > 730'],
        ['missing cost_type', 'cost_type is null'],
        ['unknown cost_type',
            'cost_type not in (select known.cost_type from ' ~ ref('cost_types') ~ ' as known)'],
        ['unknown channel_id',
            'channel_id not in (select known.channel_id from ' ~ ref('channels') ~ ' as known)'],
        ['missing amount', 'amount_native is null'],
        ['missing currency', 'currency is null'],
        ['currency is not a code of three letters',
            "length(currency) <> 3 or " ~ people_matches('currency', "'[^A-Z]'")],
    ],
    key=['cost_id'],
    unreadable='not a JSON document',
) }}
