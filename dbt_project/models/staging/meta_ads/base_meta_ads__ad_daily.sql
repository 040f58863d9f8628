{{ config(materialized='incremental') }}

{{ meta_ads_report(source('raw', 'meta_ads__ad_daily'), 'ad') }}
