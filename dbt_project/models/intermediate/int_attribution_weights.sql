{{ config(materialized='table') }}

{%- set scale = 'cast(1000000000000 as double)' %}
{%- set models = attribution_models() %}

-- Every model's weight of every touch as a whole number, so that sums do not depend on their order,
-- and its running total: the credit of a touch is what it adds to the rounded share so far. Rounded
-- shares of a conversion end at exactly 1 and need no correction. Whole numbers below 2^53 are exact
-- in a double, whose division is 20 times faster than that of 128-bit integers.

with paths as (

    select
        paths.*,
        conversions.conversion_kind,
        sum(case when conversions.lead_at >= paths.touched_at then 1 else 0 end)
            over conversion as lead_touch_no,
        max(case when not paths.is_direct then paths.touch_no end) over conversion
            as last_non_direct_no,
        min(case when paths.is_paid then paths.touch_no end) over conversion as first_paid_no,
        max(case when paths.is_paid then paths.touch_no end) over conversion as last_paid_no,
        min(paths.age_micros) over conversion as last_age_micros,
        bit_or({{ attribution_bit('paths.channel_no') }}) over conversion as channel_set
    from {{ ref('int_attribution_paths') }} as paths
    inner join {{ ref('int_attribution_conversions') }} as conversions
        on paths.conversion_no = conversions.conversion_no
    window conversion as (partition by paths.window_set, paths.conversion_no)

),

repeats as (

    select
        window_set,
        conversion_no,
        channel_no,
        count(*) as channel_touches
    from {{ ref('int_attribution_paths') }}
    group by window_set, conversion_no, channel_no

),

parameters as (

    select
        {{ attribution_parameter('time_decay', 'half_life_hours') }} as half_life_hours,
        {%- for model in ['position', 'w_shaped'] %}
        {%- for place in ['first', 'lead', 'last', 'middle'] %}
        {{ attribution_parameter(model, place ~ '_weight') }} as {{ model }}_{{ place }}_weight
        {{- ',' if not (loop.last and model == 'w_shaped') }}
        {%- endfor %}
        {%- endfor %}

),

shaped as (

    select
        paths.*,
        parameters.*,
        removal.removal_effect / repeats.channel_touches as markov_weight,
        shapley.share / repeats.channel_touches as shapley_weight,
        -- Touches that are none of the named ones share the middle.
        {%- for model in ['position', 'w_shaped'] %}
        paths.touches
        - 1
        - case when paths.touches > 1 then 1 else 0 end
        - case
            when
                parameters.{{ model }}_lead_weight > 0
                and paths.lead_touch_no > 1
                and paths.lead_touch_no < paths.touches
                then 1
            else 0
        end as {{ model }}_middle_touches
        {{- ',' if not loop.last }}
        {%- endfor %}
    from paths
    inner join repeats
        on
            paths.window_set = repeats.window_set
            and paths.conversion_no = repeats.conversion_no
            and paths.channel_no = repeats.channel_no
    left join {{ ref('int_attribution_removal') }} as removal
        on
            paths.conversion_kind = removal.conversion_kind
            and paths.channel_id = removal.channel_id
    left join {{ ref('int_attribution_shapley') }} as shapley
        on
            paths.conversion_kind = shapley.conversion_kind
            and paths.channel_set = shapley.channel_set
            and paths.channel_id = shapley.channel_id
    cross join parameters

),

raw as (

    select
        window_set,
        conversion_no,
        touch_no,
        touches,
        touch_id,
        touch_date,
        channel_id,
        platform,
        campaign_id,
        touch_no = 1 as is_first,
        touch_no = touches as is_last,
        touch_no = coalesce(last_non_direct_no, touches) as is_last_non_direct,
        coalesce(touch_no = first_paid_no, false) as is_first_paid,
        coalesce(touch_no = last_paid_no, false) as is_last_paid,
        cast(1 as double) as linear,
        power(
            2, -(age_micros - last_age_micros) / (half_life_hours * cast(3600000000 as double))
        ) as time_decay,
        {%- for model in ['position', 'w_shaped'] %}
        (
            case when touch_no = 1 then {{ model }}_first_weight else 0 end
            + case when touch_no = lead_touch_no then {{ model }}_lead_weight else 0 end
            + case when touch_no = touches then {{ model }}_last_weight else 0 end
            + case
                when
                    touch_no = 1
                    or touch_no = touches
                    or ({{ model }}_lead_weight > 0 and touch_no = lead_touch_no)
                    then 0
                else cast({{ model }}_middle_weight as double) / {{ model }}_middle_touches
            end
        ) / 100 as {{ model }},
        {%- endfor %}
        coalesce(markov_weight, 0) as markov,
        coalesce(shapley_weight, 0) as shapley
    from shaped

),

whole as (

    select
        *,
        {%- for model in models[:5] %}
        cast(case when is_{{ model }} then 1 else 0 end as double) as {{ model }}_units,
        {%- endfor %}
        {%- for model in models[5:] %}
        floor({{ model }} * {{ scale }}) as {{ model }}_units
        {{- ',' if not loop.last }}
        {%- endfor %}
    from raw

),

summed as (

    select
        *,
        {%- for model in models %}
        sum({{ model }}_units) over sofar as {{ model }}_sofar,
        sum({{ model }}_units) over conversion as {{ model }}_all
        {{- ',' if not loop.last }}
        {%- endfor %}
    from whole
    window
        sofar as (
            partition by window_set, conversion_no
            order by touch_no
            rows between unbounded preceding and current row
        ),
        conversion as (
            partition by window_set, conversion_no
            order by touch_no
            rows between unbounded preceding and unbounded following
        )

)

select
    window_set,
    conversion_no,
    touch_no,
    touch_id,
    touch_date,
    channel_id,
    platform,
    campaign_id,
    {%- for model in models %}
    cast(
        round(1000000000 * ({{ model }}_sofar / nullif({{ model }}_all, 0))) as bigint
    ) as {{ model }}_to,
    cast(
        round(1000000000 * (({{ model }}_sofar - {{ model }}_units) / nullif({{ model }}_all, 0)))
        as bigint
    ) as {{ model }}_from
    {{- ',' if not loop.last }}
    {%- endfor %}
from summed
