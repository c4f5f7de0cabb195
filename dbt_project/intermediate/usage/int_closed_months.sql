with closed_months as (

    select * from {{ ref('stg_closed_months') }}

)

select * from closed_months
