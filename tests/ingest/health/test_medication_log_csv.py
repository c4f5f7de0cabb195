from datetime import UTC, datetime

import pytest

from cauce.errors import SkippableError
from tests.ingest.health.reading import DATA, formats_of, read

HEADER = "medication,dosage,frequency,route,scheduled_time,taken_time,status,as_needed,notes\n"


def at(day, hour, minute=0):
    return datetime(2026, 3, day, hour, minute, tzinfo=UTC)


def test_a_log_as_a_spreadsheet_in_spanish_writes_it():
    reading = read(DATA / "tomas.csv")
    assert (reading.format, reading.read, reading.rejections) == ("medication-log-csv", 6, [])
    assert reading.ignored == {"blank row": 1}
    keys = ("line", "medication_external_id", "scheduled_time", "taken_time", "status", "as_needed", "notes")
    assert [tuple(dose[key] for key in keys) for dose in reading.doses] == [
        (2, "name:metformina", at(2, 14), at(2, 14, 10), "tomado", False, "con desayuno"),
        (3, "name:metformina", at(2, 22), None, "omitido", False, None),
        (4, "name:metformina", at(3, 6), at(3, 7, 30), "retrasado", False, "salió tarde, sin agua"),
        (5, "name:paracetamol", at(3, 3), at(3, 3), "tomado", True, "jaqueca"),
        (6, "name:paracetamol", at(4, 3), at(4, 3), "tomado", True, None),
    ]
    first = reading.doses[0]
    medicine = ("medication_name", "medication_dosage", "medication_frequency", "medication_route")
    assert [first[key] for key in medicine] == ["Metformina", "850 mg", "cada 8 horas", "oral"]


def test_every_rule_that_a_row_breaks_is_told_with_its_line_and_column():
    reading = read(DATA / "bad_doses.csv")
    assert (reading.read, reading.balanced(), len(reading.doses)) == (11, True, 1)
    assert reading.rules() == [
        (3, "medication", "missing_medication"),
        (4, "scheduled_time", "missing_time"),
        (5, "scheduled_time", "invalid_time"),
        (6, "taken_time", "invalid_time"),
        (7, "status", "unknown_status"),
        (8, "status", "contradictory_status"),
        (9, "as_needed", "invalid_flag"),
        (10, None, "wrong_cell_count"),
        (11, None, "malformed_row"),
        (12, "taken_time", "implausible_time"),
    ]
    third = reading.rejections[3]
    assert third.raw == HEADER + "Losartan,50 mg,daily,oral,2026-03-04T08:00:00Z,later,taken,false,no time"
    assert "later" not in third.reason


def test_a_null_character_costs_its_row():
    reading = read(HEADER + "A,,,,2026-03-02T08:00Z,,missed,,\x00\nA,,,,2026-03-02T08:00Z,,missed,,\n")
    assert (reading.rules(), len(reading.doses)) == ([(2, None, "null_character")], 1)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_encodings_separators_and_line_ends(encoding, delimiter, end):
    text = "Medicamento,Hora programada,Estado\nÁcido fólico,2026-03-02 08:00,tomado\nSeñal,2026-03-02 09:00,omitido\n"
    reading = read(text.replace(",", delimiter).replace("\n", end).encode(encoding))
    assert [(dose["medication_name"], dose["line"]) for dose in reading.doses] == [("Ácido fólico", 2), ("Señal", 3)]


@pytest.mark.parametrize(
    ("word", "status"),
    [
        *((word, "tomado") for word in ("tomado", "TOMADA", "taken")),
        *((word, "omitido") for word in ("omitido", "missed", "skipped", "no tomado")),
        *((word, "retrasado") for word in ("retrasado", "late", "Tarde")),
    ],
)
def test_words_of_a_status(word, status):
    reading = read(f"medication,scheduled_time,status\nA,2026-03-02T08:00Z,{word}\n")
    assert [dose["status"] for dose in reading.doses] == [status]


@pytest.mark.parametrize(
    ("written", "timezone", "instant"),
    [
        ("2026-03-02T08:00:00", "America/Mexico_City", "2026-03-02T14:00:00+00:00"),
        ("2026-03-02 08:00", "America/Tijuana", "2026-03-02T16:00:00+00:00"),
        ("2026-03-02T08:00:00.123456789-06:00", "UTC", "2026-03-02T14:00:00.123456+00:00"),
        ("2026-03-02T08:00:00z", "America/Tijuana", "2026-03-02T08:00:00+00:00"),
        ("2026-03-02T08:00:00+0530", "UTC", "2026-03-02T02:30:00+00:00"),
        # the hour that summer time skips, and the one that it repeats
        ("2026-03-08T02:30", "America/Tijuana", "2026-03-08T10:30:00+00:00"),
        ("2026-11-01T01:30", "America/Tijuana", "2026-11-01T08:30:00+00:00"),
        ("2026-02-29T08:00", "UTC", None),
        ("2026-03-02", "UTC", None),
        ("2026-03-02T24:30", "UTC", None),
        ("2026-03-02T08:00+25:00", "UTC", None),
        ("02/03/2026 08:00", "UTC", None),
        ("0026-03-02T08:00", "UTC", None),
    ],
)
def test_times(written, timezone, instant):
    reading = read(f"medication,scheduled_time,status\nA,{written},missed\nB,2026-03-02T00:00Z,missed\n", timezone)
    assert [dose["scheduled_time"].isoformat() for dose in reading.doses][:-1] == ([instant] if instant else [])
    assert reading.rules() == ([] if instant else [(2, "scheduled_time", "invalid_time")])


@pytest.mark.parametrize(
    ("column", "header"), [("status", "medicamento,hora_programada"), ("medication", "scheduled,estado")]
)
def test_a_missing_column_is_named(column, header):
    with pytest.raises(SkippableError, match=rf"no column {column} .*line 1.*add it to the header"):
        read(f"{header}\nA,B\n")


def test_a_column_nobody_knows_is_left_alone():
    reading = read("medication,scheduled_time,status,ánimo\nA,2026-03-02T08:00Z,missed,bien\n")
    assert (len(reading.doses), reading.rejections) == (1, [])


@pytest.mark.parametrize(
    "header",
    [
        "event_id,timestamp,user,agent,model,input_tokens,output_tokens,success",
        "name,category,amount,currency,period,start_date,end_date,alert_threshold",
        "nombre,categoria,monto,moneda,periodo,inicio,fin,alerta",
        "fecha,concepto,cargo,abono,estado",
        '{"medication": 1, "status": 2}',
    ],
)
def test_other_tables_are_not_logs(header):
    assert formats_of(f"{header}\n".encode()) == []


def test_a_long_log_comes_in_chunks_with_its_lines():
    rows = "".join(f"Metformina,2026-01-{1 + n % 28:02}T{n % 24:02}:{n // 24 % 60:02}Z,missed\n" for n in range(60_000))
    reading = read("medication,scheduled_time,status\n" + rows)
    assert (reading.read, reading.doses[-1]["line"], reading.doses[-1]["record"]) == (60_000, 60_001, 60_000)
