-- A person exists by an event or an order: nobody's first sight lies after their first order, and
-- nothing of anybody lies after the release day.

select
    person_id,
    first_seen_at,
    first_order_at
from {{ ref('dim_person') }}
where
    first_order_at < first_seen_at
    or last_seen_at < first_seen_at
    or first_seen_date > {{ as_of() }}
    or acquisition_date > {{ as_of() }}
    or (orders > 0) != (first_order_id is not null)
