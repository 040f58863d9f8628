{{ config(materialized='table') }}

-- An order belongs to the person of its strongest identifier that is not refused.

with refused as (

    select node_id
    from {{ ref('int_identity_refused') }}

),

owners as (

    select
        orders.order_key,
        coalesce(
            case when customer_refused.node_id is null then orders.customer_node_id end,
            case when user_refused.node_id is null then orders.user_node_id end,
            case
                when email_refused.node_id is null
                    then coalesce(email_turn.heir_node_id, orders.email_node_id)
            end,
            case
                when phone_refused.node_id is null
                    then coalesce(phone_turn.heir_node_id, orders.phone_node_id)
            end,
            orders.order_node_id
        ) as owner_node_id
    from {{ ref('int_orders') }} as orders
    left join refused as customer_refused on orders.customer_node_id = customer_refused.node_id
    left join refused as user_refused on orders.user_node_id = user_refused.node_id
    left join refused as email_refused on orders.email_node_id = email_refused.node_id
    left join refused as phone_refused on orders.phone_node_id = phone_refused.node_id
    {%- for identifier in ['email', 'phone'] %}
    left join {{ ref('int_identity_handovers') }} as {{ identifier }}_turn
        on
            orders.{{ identifier }}_node_id = {{ identifier }}_turn.node_id
            and orders.ordered_at >= {{ identifier }}_turn.handed_over_at
            and orders.ordered_at
            < coalesce({{ identifier }}_turn.valid_to, timestamp '9999-12-31')
    {%- endfor %}

)

select
    owners.order_key,
    owners.owner_node_id,
    persons.person_id
from owners
inner join {{ ref('int_identity_persons') }} as persons
    on owners.owner_node_id = persons.node_id
