"""The rules of health."""

from tests.migrations.rules import Rule, change, twice

WRONG_VALUES = {
    kind: [f'{{"{unit}": {low}}}', f'{{"{unit}": {high}}}', f'{{"{unit}": {right}, "mood": 1}}']
    for kind, unit, low, right, high in (
        ("weight", "kg", 0.1, 70, 701),
        ("height", "cm", 14, 170, 281),
        ("bmi", "kg_m2", 4, 22, 201),
        ("glucose", "mg_dl", 4, 90, 2501),
        ("heart_rate", "bpm", 9, 60, 351),
        ("hba1c", "percent", 1, 5, 26),
        ("temperature", "celsius", 19, 37, 47),
        ("oxygen_saturation", "percent", 19, 98, 101),
        ("respiratory_rate", "per_minute", 1, 15, 151),
    )
}
"""By the type of a measurement: too low, too high, and with a field that nobody knows."""
WRONG_VALUES["glucose"].append('{"mg_dl": 90, "fasting": "yes"}')
WRONG_VALUES["blood_pressure"] = [
    f'{{"systolic": {systolic}, "diastolic": {diastolic}}}'
    for systolic, diastolic in ((29, 20), (351, 80), (120, 9), (300, 251), (80, 80), (120, '80, "mood": 1'))
]


def _measured(kind: str, value: str) -> dict[str, str]:
    return {"type": f"'{kind}'", "value": f"'{value}'"}


RULES: dict[str, Rule] = {
    "uq_health_profiles_user_id": Rule(
        "UPDATE health_profiles SET sex = 'x' WHERE user_id = %(person)s",
        "INSERT INTO health_profiles (user_id) VALUES (%(person)s)",
    ),
    "ck_health_profiles_height": change("health_profiles", {"height": "15"}, {"height": "1.75"}, {"height": "281"}),
    "ck_health_profiles_weight": change("health_profiles", {"weight": "0.2"}, {"weight": "0.1"}, {"weight": "700.01"}),
    "ck_health_profiles_blood_type": change("health_profiles", {"blood_type": "'AB-'"}, {"blood_type": "'C+'"}),
    "uq_medications_user_id_external_id": twice(
        "medications",
        ('{"external_id": "p"}', '{"external_id": "q"}'),
        ('{"external_id": "p"}', '{"external_id": "p"}'),
    ),
    "ck_medications_dates": change(
        "medications",
        {"start_date": "'2026-01-02'", "end_date": "'2026-01-02'"},
        {"start_date": "'2026-01-02'", "end_date": "'2026-01-01'"},
    ),
    "ck_medications_interactions": change("medications", {"interactions": "'[]'"}, {"interactions": "'{}'"}),
    "ck_medications_reminder_times": change(
        "medications",
        {"reminder_times": """'["08:00", "23:59"]'"""},
        {"reminder_times": """'["08:00", "24:00"]'"""},
        {"reminder_times": "'{}'"},
    ),
    "uq_medication_schedules_user_id_medication_id_start_date": twice(
        "medication_schedules",
        ('{"start_date": "2020-01-01"}', '{"start_date": "2020-01-02"}'),
        ('{"start_date": "2020-01-01"}', '{"start_date": "2020-01-01"}'),
    ),
    "ck_medication_schedules_times_per_day": change(
        "medication_schedules", {"times_per_day": "48"}, {"times_per_day": "0"}, {"times_per_day": "49"}
    ),
    "ck_medication_schedules_days_of_week": change(
        "medication_schedules", {"days_of_week": "'{1,7}'"}, {"days_of_week": "'{0}'"}
    ),
    "ck_medication_schedules_some_days": change(
        "medication_schedules",
        {"days_of_week": "'{1}'"},
        {"days_of_week": "'{}'"},
        {"days_of_week": "'{1,2,3,4,5,6,7,1}'"},
    ),
    "ck_medication_schedules_rhythm": change(
        "medication_schedules", {"times_per_day": "NULL", "as_needed": "true"}, {"times_per_day": "NULL"}
    ),
    "ck_medication_schedules_dates": change(
        "medication_schedules", {"end_date": "start_date"}, {"end_date": "start_date - 1"}
    ),
    "uq_medication_logs_user_id_medication_id_scheduled_time": twice(
        "medication_logs",
        (
            '{"scheduled_time": "2026-01-01T08:00Z", "local_date": "2026-01-01"}',
            '{"scheduled_time": "2026-01-01T20:00Z", "local_date": "2026-01-01"}',
        ),
        (
            '{"scheduled_time": "2026-01-01T08:00Z", "local_date": "2026-01-01"}',
            '{"scheduled_time": "2026-01-01T09:00+01:00", "local_date": "2026-01-01"}',
        ),
    ),
    "ck_medication_logs_status": change("medication_logs", {"status": "'retrasado'"}, {"status": "'taken'"}),
    "ck_medication_logs_missed_is_not_taken": change(
        "medication_logs", {"status": "'omitido'"}, {"status": "'omitido'", "taken_time": "scheduled_time"}
    ),
    "ck_medication_logs_taken_time": change(
        "medication_logs",
        {"taken_time": "scheduled_time + interval '168 hours'"},
        {"taken_time": "scheduled_time - interval '25 hours'"},
        {"taken_time": "scheduled_time + interval '169 hours'"},
    ),
    "ck_medication_logs_local_date": change(
        "medication_logs",
        {"local_date": "(scheduled_time AT TIME ZONE 'UTC')::date + 1"},
        {"local_date": "(scheduled_time AT TIME ZONE 'UTC')::date - 2"},
    ),
    "uq_health_measurements_user_id_external_id": twice(
        "health_measurements",
        ('{"external_id": "p"}', '{"external_id": "q"}'),
        ('{"external_id": "p"}', '{"external_id": "p"}'),
    ),
    "ck_health_measurements_type": change(
        "health_measurements",
        {"type": "'blood_pressure'", "value": """'{"systolic": 120, "diastolic": 80}'"""},
        {"type": "'blodpresure'", "value": """'{"systolic": 120, "diastolic": 80}'"""},
    ),
    "ck_health_measurements_value": change(
        "health_measurements",
        {"value": """'{"kg": 75.5}'"""},
        {"value": """'"banana"'"""},
        *(_measured(kind, value) for kind, values in WRONG_VALUES.items() for value in values),
    ),
    "ck_health_measurements_local_date": change(
        "health_measurements",
        {"local_date": "(measured_at AT TIME ZONE 'UTC')::date - 1"},
        {"local_date": "(measured_at AT TIME ZONE 'UTC')::date + 2"},
    ),
    "uq_medical_conditions_user_id_external_id": twice(
        "medical_conditions",
        ('{"external_id": "p"}', '{"external_id": "q"}'),
        ('{"external_id": "p"}', '{"external_id": "p"}'),
    ),
    "ck_medical_conditions_type": change("medical_conditions", {"type": "'crónica'"}, {"type": "'rara'"}),
    "ck_medical_conditions_severity": change(
        "medical_conditions", {"severity": "'severa'"}, {"severity": "'terrible'"}
    ),
    "ck_medical_conditions_status": change("medical_conditions", {"status": "'remisión'"}, {"status": "'perdida'"}),
    "ck_medical_conditions_diagnosed_date": change(
        "medical_conditions", {"diagnosed_date": "current_date"}, {"diagnosed_date": "current_date + 3"}
    ),
    "ck_medical_conditions_dates": change(
        "medical_conditions",
        {"status": "'curada'", "diagnosed_date": "'2026-01-02'", "resolved_date": "'2026-01-02'"},
        {"status": "'curada'", "diagnosed_date": "'2026-01-02'", "resolved_date": "'2026-01-01'"},
    ),
    "ck_medical_conditions_active_is_not_resolved": change(
        "medical_conditions",
        {"status": "'remisión'", "resolved_date": "'2026-01-02'"},
        {"resolved_date": "'2026-01-02'"},
    ),
    "uq_allergies_user_id_external_id": twice(
        "allergies", ('{"external_id": "p"}', '{"external_id": "q"}'), ('{"external_id": "p"}', '{"external_id": "p"}')
    ),
    "ck_allergies_type": change("allergies", {"type": "'medicamento'"}, {"type": "'polvo'"}),
    "ck_allergies_severity": change("allergies", {"severity": "'anafiláctica'"}, {"severity": "'mortal'"}),
    "ck_allergies_diagnosed_date": change(
        "allergies", {"diagnosed_date": "current_date"}, {"diagnosed_date": "current_date + 3"}
    ),
    "uq_medical_appointments_user_id_external_id": twice(
        "medical_appointments",
        ('{"external_id": "p"}', '{"external_id": "q"}'),
        ('{"external_id": "p"}', '{"external_id": "p"}'),
    ),
    "ck_medical_appointments_status": change(
        "medical_appointments", {"status": "'cancelada'"}, {"status": "'aplazada'"}
    ),
    "ck_medical_appointments_duration": change(
        "medical_appointments", {"duration": "1440"}, {"duration": "0"}, {"duration": "1441"}
    ),
    "ck_medical_appointments_results_of_what_was": change(
        "medical_appointments", {"status": "'completada'", "results": "'x'"}, {"results": "'x'"}
    ),
    "ck_medical_appointments_reminder_time": change(
        "medical_appointments",
        {"reminder_time": "scheduled_date"},
        {"reminder_time": "scheduled_date + interval '1 second'"},
    ),
    "ck_medical_appointments_reminder_sent": change(
        "medical_appointments", {"reminder_sent": "true", "reminder_time": "scheduled_date"}, {"reminder_sent": "true"}
    ),
    "uq_medication_fills_user_id_external_id": twice(
        "medication_fills",
        ('{"external_id": "p"}', '{"external_id": "q"}'),
        ('{"external_id": "p"}', '{"external_id": "p"}'),
    ),
    "ck_medication_fills_filled_on": change(
        "medication_fills", {"filled_on": "current_date"}, {"filled_on": "current_date + 3"}
    ),
    "ck_medication_fills_days_supply": change(
        "medication_fills", {"days_supply": "366"}, {"days_supply": "0"}, {"days_supply": "367"}
    ),
    "ck_medication_fills_quantity": change("medication_fills", {"quantity": "0.5"}, {"quantity": "0"}),
}
