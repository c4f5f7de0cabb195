from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.finance.amounts import bank_amount, sheet_amount

EXACT = st.decimals(min_value=Decimal(-(10**14)), max_value=Decimal(10**14), places=4)


@given(EXACT)
def test_every_amount_the_tables_hold_is_read_exactly_as_written(amount):
    assert bank_amount(f"{amount:f}") == amount
    assert bank_amount(f"{amount:f}".replace(".", ",")) == amount
    assert sheet_amount(f"{amount:,.4f}") == amount


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("-12,5", "-12.5"),
        ("+3", "3"),
        (".5", "0.5"),
        ("5.", "5"),
        ("1.234,56", "1234.56"),
        ("-1,234,567.8", "-1234567.8"),
    ],
)
def test_amounts_of_banks(text, amount):
    assert bank_amount(text) == Decimal(amount)


@pytest.mark.parametrize(
    "text", ["", "-", "$120", "1e5", "NaN", "Infinity", "12-", "1 000", "1,23,4.0", "0.00001", "1" * 16, "٣", "--1"]
)
def test_what_is_no_amount_of_a_bank(text):
    assert bank_amount(text) is None


@pytest.mark.parametrize(
    ("text", "amount"),
    [("1,234", "1234"), ("$6,500.00", "6500"), ("$ 12", "12"), ("12,5", "12.5"), ("1.500,00", "1500")],
)
def test_amounts_of_spreadsheets(text, amount):
    assert sheet_amount(text) == Decimal(amount)


@pytest.mark.parametrize("text", ["", "$", "mil", "USD 5", "$$5", "5%"])
def test_what_is_no_amount_of_a_spreadsheet(text):
    assert sheet_amount(text) is None
