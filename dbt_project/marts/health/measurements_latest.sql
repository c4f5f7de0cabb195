with readings as (

    select * from {{ ref('measurement_readings') }}

),

latest as (

    select distinct on (user_id, type) *
    from readings
    where measured_at <= {{ as_of() }}
    order by user_id asc, type asc, measured_at desc, measurement_id desc

)

select * from latest
