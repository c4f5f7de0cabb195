-- Guards adherence: per person, the doses taken, as-needed ones beside the others, are those that were logged by now.
with counted as (

    select
        user_id,
        sum(taken + as_needed_taken) as doses_taken
    from {{ ref('adherence_daily') }}
    group by user_id

),

recounted as (

    select * from {{ ref('int_health_control') }}

)

select coalesce(counted.user_id, recounted.user_id) as user_id
from counted
full outer join recounted on counted.user_id = recounted.user_id
where coalesce(counted.doses_taken, 0) <> coalesce(recounted.doses_taken, 0)
