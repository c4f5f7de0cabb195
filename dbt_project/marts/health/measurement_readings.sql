with measurements as (

    select * from {{ ref('stg_health_measurements') }}

),

keyed as (

    select
        measurements.*,
        units.main_key,
        units.secondary_key,
        units.unit
    from measurements
    inner join (
        values
        ('weight', 'kg', null, 'kg'),
        ('height', 'cm', null, 'cm'),
        ('bmi', 'kg_m2', null, 'kg/m²'),
        ('blood_pressure', 'systolic', 'diastolic', 'mmHg'),
        ('glucose', 'mg_dl', null, 'mg/dL'),
        ('heart_rate', 'bpm', null, 'bpm'),
        ('hba1c', 'percent', null, '%'),
        ('temperature', 'celsius', null, '°C'),
        ('oxygen_saturation', 'percent', null, '%'),
        ('respiratory_rate', 'per_minute', null, '/min')
    ) as units (type, main_key, secondary_key, unit) using (type)

),

unpacked as (

    select
        user_id,
        measurement_id,
        type,
        measured_at,
        local_date,
        (value ->> main_key)::numeric(38, 6) as value,
        (value ->> secondary_key)::numeric(38, 6) as value_secondary,
        unit
    from keyed

)

select * from unpacked
