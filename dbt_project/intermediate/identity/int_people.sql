with users as (

    select * from {{ ref('stg_users') }}

),

timezones as (

    select * from {{ ref('stg_user_timezones') }}

),

latest_zones as (

    select distinct on (user_id)
        user_id,
        timezone
    from timezones
    where valid_from <= {{ as_of() }}
    order by user_id asc, valid_from desc

),

located as (

    select
        users.user_id,
        coalesce(latest_zones.timezone, users.timezone) as timezone,
        {{ as_of() }} at time zone coalesce(latest_zones.timezone, users.timezone) as local_time
    from users
    left join latest_zones on users.user_id = latest_zones.user_id

),

measured as (

    select
        user_id,
        timezone,
        extract(epoch from {{ as_of() }} - local_time::date::timestamp at time zone timezone)::double precision
        / extract(
            epoch from (local_time::date + 1)::timestamp at time zone timezone
            - local_time::date::timestamp at time zone timezone
        )::double precision as day_elapsed,
        local_time::date as local_date
    from located

)

select * from measured
