-- The records of a file as they were read.

CREATE TEMP TABLE staged_medication (
    record bigint NOT NULL,
    line bigint,
    external_id varchar(255) NOT NULL,
    name varchar(255) NOT NULL,
    generic_name varchar(255),
    dosage varchar(255),
    frequency varchar(255),
    route varchar(50),
    prescribed_by varchar(255),
    prescribed_date date,
    start_date date,
    end_date date,
    as_needed boolean,
    times_per_day numeric(6, 3),
    days_of_week smallint [],
    notes text
) ON COMMIT DROP;

CREATE TEMP TABLE staged_medication_log (
    record bigint NOT NULL,
    line bigint,
    medication_external_id varchar(255) NOT NULL,
    medication_name varchar(255),
    medication_dosage varchar(255),
    medication_frequency varchar(255),
    medication_route varchar(50),
    scheduled_time timestamptz NOT NULL,
    taken_time timestamptz,
    status varchar(50) NOT NULL,
    as_needed boolean NOT NULL,
    notes text
) ON COMMIT DROP;

CREATE TEMP TABLE staged_measurement (
    record bigint NOT NULL,
    line bigint,
    external_id varchar(255) NOT NULL,
    type varchar(50) NOT NULL,
    value jsonb NOT NULL,
    measured_at timestamptz NOT NULL,
    notes text
) ON COMMIT DROP;
