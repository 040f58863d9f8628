{{ config(materialized='incremental') }}

{#-
    A day holds all its currencies in one object whose keys are the currencies, so the rates stay
    together here and become rows in the staging model. A rate that is no positive number is no
    rate: money of that currency and day stays without base amount, which the gate stops.
-#}
{{ base_model(
    source('raw', 'ecb_rates__rates'),
    {'date': 'VARCHAR', 'rates': 'JSON'},
    {'date_day': 'try_cast(r.date as date)', 'rates': 'cast(r.rates as varchar)'},
    [
        ['missing date', 'date_day is null'],
        ['date differs from the day of its load', 'date_day <> day'],
        ['missing rates', 'rates is null'],
    ],
    ['date_day'],
) }}
