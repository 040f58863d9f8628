{{ config(materialized='incremental') }}

{{ meta_ads_report('ad') }}
