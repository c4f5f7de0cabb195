"""A person's rows of health, in an order in which they can be written."""

STATEMENTS: dict[str, str] = {
    "health_profiles": "INSERT INTO health_profiles (user_id, id) VALUES (%(person)s, %(id)s)",
    "medications": (
        "INSERT INTO medications (user_id, id, health_profile_id, name, start_date, external_id)"
        " VALUES (%(person)s, %(id)s, %(id)s, 'x', current_date, 'x')"
    ),
    "medication_schedules": (
        "INSERT INTO medication_schedules (user_id, id, medication_id, times_per_day, start_date)"
        " VALUES (%(person)s, %(id)s, %(id)s, 1, current_date)"
    ),
    "medication_logs": (
        "INSERT INTO medication_logs (user_id, id, medication_id, scheduled_time, status, local_date)"
        " VALUES (%(person)s, %(id)s, %(id)s, now(), 'tomado', current_date)"
    ),
    "health_measurements": (
        "INSERT INTO health_measurements (user_id, id, health_profile_id, type, value, local_date, external_id)"
        """ VALUES (%(person)s, %(id)s, %(id)s, 'weight', '{"kg": 70}', current_date, 'x')"""
    ),
    "medical_conditions": (
        "INSERT INTO medical_conditions (user_id, id, health_profile_id, name, type, severity)"
        " VALUES (%(person)s, %(id)s, %(id)s, 'x', 'aguda', 'leve')"
    ),
    "allergies": (
        "INSERT INTO allergies (user_id, id, health_profile_id, allergen, type, severity)"
        " VALUES (%(person)s, %(id)s, %(id)s, 'x', 'alimento', 'leve')"
    ),
    "medical_appointments": (
        "INSERT INTO medical_appointments (user_id, id, health_profile_id, type, scheduled_date)"
        " VALUES (%(person)s, %(id)s, %(id)s, 'x', now())"
    ),
    "medication_fills": (
        "INSERT INTO medication_fills (user_id, id, medication_id, filled_on, days_supply, external_id)"
        " VALUES (%(person)s, %(id)s, %(id)s, current_date, 30, 'x')"
    ),
}
