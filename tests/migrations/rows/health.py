"""A person's rows of health, in an order in which they can be written."""

STATEMENTS: dict[str, str] = {
    "health_profiles": "INSERT INTO health_profiles (user_id, id) VALUES (%(person)s, %(id)s)",
    "medications": (
        "INSERT INTO medications (user_id, id, health_profile_id, name, start_date, external_id)"
        " VALUES (%(person)s, %(id)s, %(id)s, 'x', current_date, 'x')"
    ),
    "medication_schedules": (
        "INSERT INTO medication_schedules (user_id, id, medication_id, start_date)"
        " VALUES (%(person)s, %(id)s, %(id)s, current_date)"
    ),
    "medication_logs": (
        "INSERT INTO medication_logs (user_id, id, medication_id, scheduled_time, status, local_date)"
        " VALUES (%(person)s, %(id)s, %(id)s, now(), 'tomado', current_date)"
    ),
    "health_measurements": (
        "INSERT INTO health_measurements (user_id, id, health_profile_id, type, value, local_date, external_id)"
        """ VALUES (%(person)s, %(id)s, %(id)s, 'weight', '{"kg": 70}', current_date, 'x')"""
    ),
}
