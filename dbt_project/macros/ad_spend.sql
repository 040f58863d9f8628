{#-
    Pre-hook of fct_ad_spend: removes the account-days that a newer load changed and those whose
    account, rate, channel or provisional state is no longer what the rows say (a rate published
    late, a day that left its restatement window). The model then fills every account-day that has
    no rows, so it also heals what an interrupted night left out.
-#}
{% macro ad_spend_cleanup() -%}
    {%- if is_incremental() -%}
        delete from {{ this }} as applied
        where
            exists (
                select 1
                from {{ source('raw', 'changed_partitions') }} as changed
                where
                    changed.kind = applied.platform
                    and changed.stream in ('ad_daily', 'campaign_daily')
                    and changed.account_id = applied.account_id
                    and changed.day = applied.date_day
            )
            or not exists (
                select 1
                from {{ ref('int_ads_account_days') }} as account_days
                where
                    account_days.platform = applied.platform
                    and account_days.account_id = applied.account_id
                    and account_days.date_day = applied.date_day
                    and account_days.currency is not distinct from applied.currency
                    and account_days.fx_rate is not distinct from applied.fx_rate
                    and account_days.fx_date is not distinct from applied.fx_date
                    and account_days.account_timezone is not distinct from applied.account_timezone
                    and account_days.channel_id = applied.channel_id
                    and account_days.is_provisional = applied.is_provisional
            )
    {%- endif -%}
{%- endmacro %}


{#-
    Loads of report rows that the build database has not taken in, as a subquery. Only loads
    with content of their own: a re-read that says the same changes nothing. Two loads of the
    same instant are one, the later counts.
-#}
{% macro unapplied_report_loads() -%}
    select
        ordered.platform,
        ordered.source,
        ordered.stream,
        ordered.account_id,
        ordered.date_day,
        ordered.load_id,
        ordered.loaded_at,
        ordered.previous_load_id,
        row_number() over (
            partition by ordered.source, ordered.stream, ordered.account_id, ordered.date_day
            order by ordered.loaded_at
        ) as load_number
    from (
        select
            latest.*,
            lag(latest.load_id) over (
                partition by latest.source, latest.stream, latest.account_id, latest.date_day
                order by latest.loaded_at
            ) as previous_load_id
        from (
            select
                loads.kind as platform,
                loads.source,
                loads.stream,
                loads.account_id,
                loads.day as date_day,
                loads.load_id,
                loads.path,
                date_trunc('second', loads.fetched_at) as loaded_at,
                row_number() over (
                    partition by
                        loads.source, loads.stream, loads.account_id, loads.day,
                        date_trunc('second', loads.fetched_at)
                    order by loads.load_id desc
                ) as place
            from {{ source('raw', 'loads') }} as loads
            where
                loads.status = 'complete'
                and loads.load_id = loads.content_id
                and loads.stream in ('ad_daily', 'campaign_daily')
                and {{ is_ad_platform('loads.kind') }}
                and loads.day <= {{ as_of() }}
        ) as latest
        where latest.place = 1
    ) as ordered
    where ordered.path not in (
        select applied_loads.path from {{ source('raw', 'applied_loads') }} as applied_loads
    )
{%- endmacro %}


{#-
    Pre-hook of int_ads_versions: takes back what an earlier, unfinished run made of the loads that
    are about to be compared.
-#}
{% macro ad_versions_cleanup() -%}
    {%- if is_incremental() -%}
        delete from {{ this }} as applied
        using (
            select
                unapplied.source,
                unapplied.stream,
                unapplied.account_id,
                unapplied.date_day,
                min(unapplied.loaded_at) as first_loaded_at
            from ({{ unapplied_report_loads() }}) as unapplied
            group by unapplied.source, unapplied.stream, unapplied.account_id, unapplied.date_day
        ) as changed
        where
            applied.source = changed.source
            and applied.stream = changed.stream
            and applied.account_id = changed.account_id
            and applied.date_day = changed.date_day
            and applied.loaded_at >= changed.first_loaded_at
    {%- endif -%}
{%- endmacro %}


{#- Pre-hook of fct_spend_restatement: the account-days it is about to work out again. -#}
{% macro spend_restatement_cleanup() -%}
    {%- if is_incremental() -%}
        delete from {{ this }} as applied
        using ({{ changed_account_days() }}) as changed
        where
            applied.platform = changed.platform
            and applied.account_id = changed.account_id
            and applied.date_day = changed.date_day
    {%- endif -%}
{%- endmacro %}

{% macro changed_account_days() -%}
    select distinct
        changed_partitions.kind as platform,
        changed_partitions.account_id,
        changed_partitions.day as date_day
    from {{ source('raw', 'changed_partitions') }} as changed_partitions
    where changed_partitions.stream in ('ad_daily', 'campaign_daily')
{%- endmacro %}
