-- Events of people: what a connector wrote about ads under an invented device is left out by seed.

with events as (

    select *
    from {{ ref('stg_amplitude__events') }}

),

exclusions as (

    select *
    from {{ ref('event_exclusions') }}

)

select events.*
from events
where
    coalesce(events.library, '') not in (
        select exclusions.match_value
        from exclusions
        where exclusions.match_column = 'library'
    )
    and events.event_type not in (
        select exclusions.match_value
        from exclusions
        where exclusions.match_column = 'event_type'
    )
