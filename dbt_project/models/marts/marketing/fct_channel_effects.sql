with sets as (

    select
        steps.conversion_kind,
        steps.channel_set,
        sum(steps.steps) as conversions
    from {{ ref('int_attribution_steps') }} as steps
    inner join {{ ref('int_attribution_models') }} as models
        on models.model = 'shapley' and steps.window_set = models.window_set
    where steps.is_converted and steps.is_last
    group by steps.conversion_kind, steps.channel_set

),

shares as (

    select
        shapley.conversion_kind,
        shapley.channel_id,
        sum(sets.conversions) as conversions,
        sum(sets.conversions * shapley.share) as shapley_conversions,
        sqrt(sum(power(sets.conversions * shapley.standard_error, 2))) as shapley_standard_error,
        sum(case when not shapley.is_exact then sets.conversions else 0 end)
            as sampled_conversions
    from {{ ref('int_attribution_shapley') }} as shapley
    inner join sets
        on
            shapley.conversion_kind = sets.conversion_kind
            and shapley.channel_set = sets.channel_set
    group by shapley.conversion_kind, shapley.channel_id

)

select
    shares.conversion_kind,
    shares.channel_id,
    cast(removal.removal_effect as decimal(18, 9)) as removal_effect,
    cast(shares.conversions as bigint) as conversions,
    {{ money('shares.shapley_conversions') }} as shapley_conversions,
    {{ money('shares.shapley_standard_error') }} as shapley_standard_error,
    cast(shares.sampled_conversions as bigint) as sampled_conversions
from shares
left join {{ ref('int_attribution_removal') }} as removal
    on
        shares.conversion_kind = removal.conversion_kind
        and shares.channel_id = removal.channel_id
