{{ config(materialized='table') }}

-- Every distinct step of a path, counted, so that what follows reads a few thousand rows.
-- Unconverted are touches that earned nothing from any conversion of a kind, in stretches as long
-- as a path can be: the longest window, counted back from the end of the release's day. A touch
-- that earned something parts the stretch. Whoever never converted at all is unconverted for every
-- kind alike and is walked once, with the kind left empty.

with converters as (

    select distinct person_id
    from {{ ref('int_attribution_conversions') }}

),

kinds as (

    select distinct conversion_kind
    from {{ ref('int_attribution_conversions') }}

),

reach as (

    select max(window_hours) as window_hours
    from {{ ref('int_attribution_windows') }}

),

earned as (

    select distinct
        conversions.conversion_kind,
        pairs.person_id,
        pairs.arrival_no
    from {{ ref('int_attribution_pairs') }} as pairs
    inner join {{ ref('int_attribution_conversions') }} as conversions
        on pairs.conversion_no = conversions.conversion_no

),

left_over as (

    select
        kinds.conversion_kind,
        arrivals.person_id,
        arrivals.arrival_no,
        arrivals.channel_id,
        arrivals.touched_at,
        arrivals.arrival_no - row_number() over (
            partition by kinds.conversion_kind, arrivals.person_id
            order by arrivals.arrival_no
        ) as run
    from {{ ref('int_attribution_arrivals') }} as arrivals
    cross join kinds
    left join earned
        on
            kinds.conversion_kind = earned.conversion_kind
            and arrivals.person_id = earned.person_id
            and arrivals.arrival_no = earned.arrival_no
    where earned.arrival_no is null

    union all

    select
        cast(null as {{ dbt.type_string() }}) as conversion_kind,
        arrivals.person_id,
        arrivals.arrival_no,
        arrivals.channel_id,
        arrivals.touched_at,
        0 as run
    from {{ ref('int_touch_arrivals') }} as arrivals
    where arrivals.person_id not in (select converters.person_id from converters)

),

placed as (

    -- One number names the path: sorting by it and not by its texts halves the time.
    select
        left_over.conversion_kind,
        left_over.arrival_no,
        channels.channel_no,
        {{ people_quick_hash([
            'left_over.conversion_kind',
            'left_over.person_id',
            'left_over.run',
            attribution_quotient(
                attribution_micros(
                    'left_over.touched_at',
                    dbt.dateadd('day', 1, 'cast(' ~ as_of() ~ ' as timestamp)')
                ),
                'reach.window_hours * cast(3600000000 as bigint)'
            )
        ]) }} as path_hash
    from left_over
    inner join {{ ref('int_attribution_channels') }} as channels
        on left_over.channel_id = channels.channel_id
    cross join reach

),

unconverted as (

    select
        conversion_kind,
        channel_no,
        lag(channel_no) over path as previous_channel_no,
        lead(channel_no) over path is null as is_last,
        bit_or({{ attribution_bit('channel_no') }}) over path as channel_set
    from placed
    window path as (partition by path_hash order by arrival_no)

),

converted as (

    select
        paths.window_set,
        conversions.conversion_kind,
        paths.channel_no,
        lag(paths.channel_no) over path as previous_channel_no,
        paths.touch_no = paths.touches as is_last,
        bit_or({{ attribution_bit('paths.channel_no') }}) over path as channel_set
    from {{ ref('int_attribution_paths') }} as paths
    inner join {{ ref('int_attribution_conversions') }} as conversions
        on paths.conversion_no = conversions.conversion_no
    window path as (partition by paths.window_set, paths.conversion_no order by paths.touch_no)

),

counted as (

    select
        conversion_kind,
        channel_no,
        previous_channel_no,
        is_last,
        case when is_last then channel_set end as channel_set,
        count(*) as steps
    from unconverted
    group by
        conversion_kind,
        channel_no,
        previous_channel_no,
        is_last,
        case when is_last then channel_set end

)

select
    kinds.conversion_kind,
    cast(null as {{ dbt.type_string() }}) as window_set,
    false as is_converted,
    counted.channel_no,
    counted.previous_channel_no,
    counted.is_last,
    counted.channel_set,
    sum(counted.steps) as steps
from counted
inner join kinds
    on counted.conversion_kind is null or counted.conversion_kind = kinds.conversion_kind
group by
    kinds.conversion_kind,
    counted.channel_no,
    counted.previous_channel_no,
    counted.is_last,
    counted.channel_set

union all

select
    conversion_kind,
    window_set,
    true as is_converted,
    channel_no,
    previous_channel_no,
    is_last,
    case when is_last then channel_set end as channel_set,
    count(*) as steps
from converted
group by
    conversion_kind,
    window_set,
    channel_no,
    previous_channel_no,
    is_last,
    case when is_last then channel_set end
