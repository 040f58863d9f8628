{{ config(materialized='incremental') }}

{{ tiktok_ads_report('ad') }}
