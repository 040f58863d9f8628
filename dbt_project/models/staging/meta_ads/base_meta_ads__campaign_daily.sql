{{ config(materialized='incremental') }}

{{ meta_ads_report(source('raw', 'meta_ads__campaign_daily'), 'campaign') }}
