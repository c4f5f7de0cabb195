from datetime import date
from decimal import Decimal

import pytest

from cauce.errors import SkippableError
from ingest.finance import FORMATS
from tests.ingest.finance.reading import DATA, read

HEADER = "name,category,amount,currency,period,start_date,end_date,alert_threshold\n"


def test_a_spanish_table_with_semicolons_in_windows_1252():
    reading = read(DATA / "presupuestos.csv")
    assert (reading.format, reading.read, reading.ignored, reading.rejections) == (
        "budget-csv",
        6,
        {"blank row": 1},
        [],
    )
    start = date(2026, 1, 1)
    assert reading.frames["budget"].drop("record", "line").rows() == [
        ("Despensa", "supermercado", Decimal(6500), "MXN", "monthly", start, None, 80),
        (
            "Niños y colegio",
            "ninos_y_colegio",
            Decimal("1234.5"),
            "MXN",
            "quincena",
            date(2026, 1, 16),
            date(2026, 12, 31),
            80,
        ),
        ("Eating out", "restaurantes", Decimal(300), "USD", "weekly", date(2026, 1, 5), None, 100),
        ("Casa", "vivienda", Decimal(9000), "MXN", "yearly", start, None, 80),
        ("Luz", "servicios", Decimal(1200), "MXN", "quarterly", start, None, 50),
    ]
    assert reading.frames["budget"]["line"].to_list() == [2, 3, 4, 6, 7]


def test_one_bad_row_for_every_rule_costs_only_itself():
    reading = read(DATA / "bad_budgets.csv")
    assert reading.rules() == [
        (3, "category", "missing_category"),
        (4, "name", "too_long"),
        (5, "amount", "missing_amount"),
        (6, "amount", "invalid_amount"),
        (7, "amount", "negative_amount"),
        (8, "currency", "unknown_currency"),
        (9, "currency", "unknown_currency"),
        (10, "period", "unknown_period"),
        (11, "start_date", "invalid_date"),
        (12, "end_date", "invalid_date"),
        (13, "end_date", "invalid_period"),
        (14, "alert_threshold", "invalid_threshold"),
        (15, "alert_threshold", "invalid_threshold"),
        (16, None, "wrong_cell_count"),
        (17, None, "malformed_row"),
        (18, None, "null_character"),
    ]
    assert reading.frames["budget"]["line"].to_list() == [2, 19]
    assert reading.read == 18


def test_the_text_of_a_row_reads_again():
    reading = read(DATA / "bad_budgets.csv")
    for rejection in reading.rejections:
        assert [again.rule for again in read(rejection.raw).rejections] == [rejection.rule]
    repaired = read(reading.rejections[3].raw.replace("mil pesos", "1,000.00").replace("1,000.00", '"1,000.00"'))
    assert repaired.frames["budget"]["amount"].to_list() == [Decimal(1000)]


def test_the_category_names_a_budget_without_a_name():
    frame = read("categoria,monto,moneda,periodo,inicio\nGasolina,900,MXN,mensual,2026-01-01\n").frames["budget"]
    assert frame.select("name", "category", "alert_threshold").rows() == [("Gasolina", "gasolina", 80)]


@pytest.mark.parametrize("missing", ["category", "amount", "currency", "start_date"])
def test_a_missing_column_is_named(missing):
    header = ",".join(column for column in HEADER.strip().split(",") if column != missing)
    with pytest.raises(SkippableError, match=f"no column {missing}"):
        read(f"{header}\n")


def test_a_column_that_is_there_twice_is_named():
    with pytest.raises(SkippableError, match="column amount twice"):
        read("category,amount,monto,currency,period,start_date\n")


@pytest.mark.parametrize(
    "header",
    [
        "event_id,timestamp,user,agent,model,input_tokens,output_tokens",
        "medication,dosage,frequency,route,scheduled_time,taken_time,status,as_needed,notes",
        "medicamento;dosis;frecuencia;via;hora_programada;hora_tomada;estado;segun_necesidad;notas",
        "date,description,amount,category",
        "name",
        "",
    ],
)
def test_other_tables_are_not_taken_for_budgets(header):
    assert not any(one.sniff(f"{header}\n1,2,3\n".encode()) for one in FORMATS)
