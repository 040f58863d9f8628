{{ config(materialized='incremental') }}

{{ google_ads_report('campaign') }}
