-- A user, customer, e-mail or phone belongs to one person; a device too, except in turns that do
-- not overlap.

with turns as (

    select
        *,
        lead(valid_from) over (
            partition by identifier_type, namespace, identifier_value
            order by valid_from
        ) as next_from
    from {{ ref('person_identifiers') }}

)

select
    identifier_type,
    namespace,
    identifier_value
from turns
where
    (next_from is not null and (valid_to is null or valid_to > next_from))
    or (identifier_type != 'device' and next_from is not null)
