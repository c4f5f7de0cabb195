with renamed as (

    -- Who closed a month is nobody's business here.
    select
        month,
        closed_at
    from {{ source('usage', 'closed_months') }}

)

select * from renamed
