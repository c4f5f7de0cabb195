"""Health: FHIR R4 records, and logs of doses.

Files → frames "medication", "medication_log", "measurement" (columns: `records`) → medications with their schedules,
medication_logs, health_measurements. Reasons of rejections and kinds of ignored records never quote what a record says:
they are stored in clear, and admins read them.
"""

from ingest.formats import Format
from ingest.health.fhir.reader import FhirBundle, FhirNdjson
from ingest.health.medication_log_csv import MedicationLogCsv

FORMATS: tuple[Format, ...] = (FhirBundle(), FhirNdjson(), MedicationLogCsv())
