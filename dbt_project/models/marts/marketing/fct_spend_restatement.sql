{{ config(materialized='incremental', pre_hook="{{ spend_restatement_cleanup() }}") }}

{%- set measures = ['spend_native', 'clicks', 'impressions', 'platform_conversions'] -%}
{%- set campaign = ['platform', 'account_id', 'date_day', 'campaign_id'] -%}

with versions as (
    select versions.*
    from {{ ref('int_ads_versions') }} as versions
    {%- if is_incremental() %}
    inner join ({{ changed_account_days() }}) as changed
        on
            versions.platform = changed.platform
            and versions.account_id = changed.account_id
            and versions.date_day = changed.date_day
    {%- endif %}
    where versions.date_day <= {{ as_of() }}
),

steps as (
    select
        *
        {%- for measure in measures %},
        coalesce(lag({{ measure }}) over (entity), 0) as {{ measure }}_old
        {%- endfor %}
    from versions
    window entity as (
        partition by stream, platform, account_id, date_day, campaign_id, ad_group_id, ad_id
        order by loaded_at
    )
),

ad_changes as (
    select
        {{ campaign | join(',\n        ') }},
        ad_group_id,
        ad_id,
        load_id,
        loaded_at,
        previous_load_id
        {%- for measure in measures %},
        {{ measure }}_old,
        {{ measure }} as {{ measure }}_new
        {%- endfor %}
    from steps
    where stream = 'ad_daily'
),

-- Per campaign and instant: how far the sum of its ads moved, and what its own total says.
campaign_steps as (
    select
        {{ campaign | join(',\n        ') }},
        loaded_at,
        coalesce(
            max(case when stream = 'campaign_daily' then load_id end), max(load_id)
        ) as load_id,
        coalesce(
            max(case when stream = 'campaign_daily' then previous_load_id end),
            max(previous_load_id)
        ) as previous_load_id,
        max(
            case when stream = 'campaign_daily' then cast(is_present as integer) end
        ) as has_total
        {%- for measure in measures %},
        coalesce(
            sum(case when stream = 'ad_daily' then {{ measure }} - {{ measure }}_old end), 0
        ) as {{ measure }}_moved,
        max(case when stream = 'campaign_daily' then {{ measure }} end) as {{ measure }}_total
        {%- endfor %}
    from steps
    group by {{ campaign | join(', ') }}, loaded_at
),

campaign_states as (
    select
        {{ campaign | join(',\n        ') }},
        loaded_at,
        load_id,
        previous_load_id,
        last_value(has_total ignore nulls) over entity as has_total
        {%- for measure in measures %},
        sum({{ measure }}_moved) over entity as {{ measure }}_allocated,
        last_value({{ measure }}_total ignore nulls) over entity as {{ measure }}_total
        {%- endfor %}
    from campaign_steps
    window entity as (
        partition by {{ campaign | join(', ') }}
        order by loaded_at rows between unbounded preceding and current row
    )
),

remainders as (
    select
        {{ campaign | join(',\n        ') }},
        loaded_at,
        load_id,
        previous_load_id
        {%- for measure in measures %},
        case
            when has_total = 1 then {{ measure }}_total - {{ measure }}_allocated
            else 0
        end as {{ measure }}_new
        {%- endfor %}
    from campaign_states
),

remainder_changes as (
    select
        {{ campaign | join(',\n        ') }},
        '(unallocated)' as ad_group_id,
        '(unallocated)' as ad_id,
        load_id,
        loaded_at,
        previous_load_id
        {%- for measure in measures %},
        coalesce(lag({{ measure }}_new) over (entity), 0) as {{ measure }}_old,
        {{ measure }}_new
        {%- endfor %}
    from remainders
    window entity as (partition by {{ campaign | join(', ') }} order by loaded_at)
),

changes as (
    select * from ad_changes
    union all
    select * from remainder_changes
)

select
    changes.platform,
    changes.account_id,
    changes.date_day,
    changes.campaign_id,
    changes.ad_group_id,
    changes.ad_id,
    changes.load_id,
    changes.loaded_at,
    changes.previous_load_id,
    cast(
        {{ local_date('changes.loaded_at', "coalesce(accounts.timezone, 'UTC')") }}
        - changes.date_day as bigint
    ) as age_days,
    coalesce(account_days.currency, accounts.currency) as currency
    {%- for measure in measures %}
    {%- set data_type = 'bigint' if measure in ['clicks', 'impressions'] else 'decimal(18, 6)' %},
    cast(changes.{{ measure }}_old as {{ data_type }}) as {{ measure }}_old,
    cast(changes.{{ measure }}_new as {{ data_type }}) as {{ measure }}_new,
    cast(changes.{{ measure }}_new - changes.{{ measure }}_old as {{ data_type }})
        as {{ measure }}_delta
    {%- endfor %}
from changes
left join {{ ref('int_ads_accounts') }} as accounts
    on
        changes.platform = accounts.platform
        and changes.account_id = accounts.account_id
        and changes.date_day between accounts.valid_from_date and accounts.valid_to_date
left join {{ ref('int_ads_account_days') }} as account_days
    on
        changes.platform = account_days.platform
        and changes.account_id = account_days.account_id
        and changes.date_day = account_days.date_day
where
    -- The first load of a day restates nothing.
    changes.previous_load_id is not null
    and (
        {%- for measure in measures %}
        {{ 'or ' if not loop.first }}changes.{{ measure }}_old <> changes.{{ measure }}_new
        {%- endfor %}
    )
