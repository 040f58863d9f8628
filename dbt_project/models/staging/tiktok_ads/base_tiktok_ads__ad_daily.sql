{{ config(materialized='incremental') }}

{{ tiktok_ads_report(source('raw', 'tiktok_ads__ad_daily'), 'ad') }}
