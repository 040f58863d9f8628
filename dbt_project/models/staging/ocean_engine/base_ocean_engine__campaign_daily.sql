{{ config(materialized='incremental') }}

{{ ocean_engine_report(source('raw', 'ocean_engine__campaign_daily'), 'campaign') }}
