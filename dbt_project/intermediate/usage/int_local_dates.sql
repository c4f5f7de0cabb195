with people as (

    select * from {{ ref('int_people') }}

)

select
    user_id,
    local_date
from people
