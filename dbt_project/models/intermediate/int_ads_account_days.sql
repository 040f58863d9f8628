{{ config(materialized='table') }}

with reported as (
    select
        platform,
        account_id,
        date_day,
        max(report_currency) as report_currency
    from {{ ref('int_ads_reports') }}
    group by platform, account_id, date_day
),

restatement as (
    select
        subject as platform,
        max(days) as provisional_days
    from {{ ref('windows') }}
    where window_name in ('spend_restatement', 'conversion_restatement')
    group by subject
),

described as (
    select
        reported.platform,
        reported.account_id,
        reported.date_day,
        -- The row knows the currency of its money; the account answers where it is silent.
        coalesce(reported.report_currency, accounts.currency) as currency,
        accounts.timezone as account_timezone,
        coalesce(channels.channel_id, '(unattributed)') as channel_id,
        reported.date_day > {{ dbt.dateadd(
            'day',
            '-coalesce(own_window.provisional_days, any_window.provisional_days)',
            as_of(),
        ) }} as is_provisional
    from reported
    left join {{ ref('int_ads_accounts') }} as accounts
        on
            reported.platform = accounts.platform
            and reported.account_id = accounts.account_id
            and reported.date_day between accounts.valid_from_date and accounts.valid_to_date
    left join {{ ref('channels') }} as channels on reported.platform = channels.platform
    left join restatement as own_window on reported.platform = own_window.platform
    left join restatement as any_window on any_window.platform = '*'
)

select
    described.platform,
    described.account_id,
    described.date_day,
    described.currency,
    {{ fx_rate('described.currency') }} as fx_rate,
    {{ fx_date('described.currency', 'described.date_day') }} as fx_date,
    described.account_timezone,
    described.channel_id,
    described.is_provisional
from described
{{ fx_join('described.currency', 'described.date_day') }}
