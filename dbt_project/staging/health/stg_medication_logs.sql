with medications as (

    select * from {{ ref('stg_medications') }}

),

renamed as (

    -- Columns by name: the build may read these and no others, and a star would ask for all.
    select
        source.user_id,
        source.id as log_id,
        source.medication_id,
        source.status,
        source.as_needed,
        source.local_date,
        source.scheduled_time,
        source.taken_time
    from {{ source('health', 'medication_logs') }} as source
    where exists (
        select 1 from medications
        where medications.user_id = source.user_id and medications.medication_id = source.medication_id
    )

)

select * from renamed
