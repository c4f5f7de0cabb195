"""Health: every dose that was due is taken or missed, no reading is lost, and population figures hide nobody."""

from datetime import datetime

from expectations.candidate import CANDIDATE
from expectations.suites.rules import Rules, always, at_least, balances, filled, no_rows, one_row_per

RATIO = "adherence_ratio IS NOT DISTINCT FROM (taken::numeric / nullif(scheduled, 0))::numeric(38, 6)"
PRESSURE = "(type = 'blood_pressure') = (value_secondary IS NOT NULL)"


def suite(as_of: datetime) -> dict[str, Rules]:
    """The expectations of each mart of the domain, for a candidate that speaks about this instant."""
    readings = f"{CANDIDATE}.measurement_readings WHERE measured_at <= '{as_of.isoformat()}'"
    later = f"SELECT 1 FROM {{batch}} mart JOIN (SELECT * FROM {readings}) reading USING (user_id, type)"  # noqa: S608
    missing = f"SELECT user_id, type FROM {readings} EXCEPT SELECT user_id, type FROM {{batch}}"  # noqa: S608
    return {
        "adherence_daily": [
            *one_row_per("user_id", "medication_id", "local_date"),
            *filled("medication"),
            *at_least(0, "scheduled", "taken", "late", "missed", "as_needed_taken"),
            *always("a_dose_due_is_taken_or_missed", "scheduled = taken + missed"),
            *always("late_doses_are_taken", "late <= taken"),
            *always("ratio_is_taken_over_scheduled", RATIO),
            *balances(
                "equals_the_doses_taken",
                "int_health_control",
                ["user_id"],
                {"doses_taken": "sum(taken + as_needed_taken)"},
            ),
            *always("not_from_the_future", f"local_date <= '{as_of:%F}'::date + 1"),
        ],
        "measurement_readings": [
            *one_row_per("user_id", "measurement_id"),
            *filled("type", "measured_at", "local_date", "value", "unit"),
            *at_least(0, "value", "value_secondary"),
            *always("pressure_has_two_values", PRESSURE),
            *balances("equals_the_measurements", "int_health_control", ["user_id"], {"readings": "count(*)"}),
        ],
        "measurements_latest": [
            *one_row_per("user_id", "type"),
            *filled("value", "unit"),
            *no_rows("is_the_last_reading", f"{later} WHERE reading.measured_at > mart.measured_at"),
            *no_rows("has_every_type", missing),
        ],
        "adherence_population": [
            *one_row_per("month"),
            *at_least(10, "people"),
            *at_least(1, "scheduled"),
            *always("ratio_is_taken_over_scheduled", RATIO),
        ],
    }
