with doses_due as (

    select * from {{ ref('int_doses_due') }}

),

doses_logged as (

    select * from {{ ref('int_doses_logged') }}

),

medications as (

    select * from {{ ref('stg_medications') }}

),

joined as (

    select
        user_id,
        medication_id,
        local_date,
        greatest(coalesce(doses_logged.logged, 0), coalesce(doses_due.due, 0)) as scheduled,
        coalesce(doses_logged.taken, 0) as taken,
        coalesce(doses_logged.late, 0) as late,
        coalesce(doses_logged.as_needed_taken, 0) as as_needed_taken
    from doses_due
    full outer join doses_logged using (user_id, medication_id, local_date)

),

judged as (

    select
        joined.user_id,
        joined.medication_id,
        medications.medication,
        joined.local_date,
        joined.scheduled,
        joined.taken,
        joined.late,
        joined.scheduled - least(joined.taken, joined.scheduled) as missed,
        joined.as_needed_taken,
        (joined.taken::numeric / nullif(joined.scheduled, 0))::numeric(38, 6) as adherence_ratio
    from joined
    inner join medications on joined.user_id = medications.user_id and joined.medication_id = medications.medication_id
    where joined.scheduled > 0 or joined.as_needed_taken > 0

)

select * from judged
