with spans as (

    select
        conversion_no,
        max(most_touches) as most_touches,
        sum(touches) as touches
    from {{ ref('int_attribution_spans') }}
    group by conversion_no

)

select
    conversions.conversion_kind,
    count(*) as conversions,
    count(*) - count(spans.conversion_no) as conversions_without_touch,
    count(case when spans.touches > spans.most_touches then 1 end) as conversions_cut,
    count(distinct case when spans.touches > spans.most_touches then conversions.person_id end)
        as persons_cut,
    cast(coalesce(sum(spans.touches), 0) as bigint) as touches,
    cast(
        coalesce(sum(greatest(spans.touches - spans.most_touches, 0)), 0) as bigint
    ) as touches_cut,
    cast(coalesce(max(spans.touches), 0) as bigint) as most_touches
from {{ ref('int_attribution_conversions') }} as conversions
left join spans
    on conversions.conversion_no = spans.conversion_no
group by conversions.conversion_kind
