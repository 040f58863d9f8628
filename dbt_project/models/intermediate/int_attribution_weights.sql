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
        {%- for place in ['first', 'lead', 'last', 'middle'] %}
        {{ attribution_parameter('position', place ~ '_weight') }} as position_{{ place }}_weight,
        {{ attribution_parameter('w_shaped', place ~ '_weight') }} as w_shaped_{{ place }}_weight,
        {%- endfor %}
        {{ attribution_parameter('time_decay', 'half_life_hours') }} as half_life_hours

),

shaped as (

    -- Touches that are none of the named ones share the middle.
    select
        paths.*,
        parameters.*,
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
        end as {{ model }}_middle_touches,
        {%- endfor %}
        coalesce(removal.removal_effect / repeats.channel_touches, 0) as markov,
        coalesce(shapley.share / repeats.channel_touches, 0) as shapley
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

weighted as (

    select
        window_set,
        conversion_no,
        touch_no,
        touch_id,
        touch_date,
        channel_id,
        platform,
        campaign_id,
        case when touch_no = 1 then 1 else 0 end as first,
        case when touch_no = touches then 1 else 0 end as last,
        case when touch_no = coalesce(last_non_direct_no, touches) then 1 else 0 end
            as last_non_direct,
        case when touch_no = first_paid_no then 1 else 0 end as first_paid,
        case when touch_no = last_paid_no then 1 else 0 end as last_paid,
        1 as linear,
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
                else {{ model }}_middle_weight / {{ model }}_middle_touches
            end
        ) / 100 as {{ model }},
        {%- endfor %}
        markov,
        shapley
    from shaped

)

select
    {%- for model in attribution_models() %}
    cast(floor({{ model }} * cast(1000000000000 as double)) as bigint) as {{ model }},
    {%- endfor %}
    window_set,
    conversion_no,
    touch_no,
    touch_id,
    touch_date,
    channel_id,
    platform,
    campaign_id
from weighted
