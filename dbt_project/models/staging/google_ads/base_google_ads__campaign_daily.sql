{{ config(materialized='incremental') }}

{{ google_ads_report(source('raw', 'google_ads__campaign_daily'), 'campaign') }}
