with counters as (

    select * from {{ ref('stg_monthly_usage') }}

),

people as (

    select * from {{ ref('int_people') }}

),

under_way as (

    select
        counters.user_id,
        counters.month,
        people.local_date,
        counters.limit_messages,
        counters.limit_tokens
    from counters
    inner join people
        on
            counters.user_id = people.user_id
            and counters.month = date_trunc('month', people.local_date::timestamp)::date
    where counters.events > 0

)

select * from under_way
