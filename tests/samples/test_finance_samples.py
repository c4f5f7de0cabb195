"""The shared OFX samples, each accounted for record by record; own expectations, counted by hand in the files."""

from decimal import Decimal

import pytest

from tests.ingest.finance.reading import read

EXPECTED = {
    "BAD_decimal_error.ofx": (1, 0, [(34, "TRNAMT", "invalid_amount")]),
    "anzcc.ofx": (1, 1, []),
    "bank_medium.ofx": (1, 3, []),
    "checking.ofx": (1, 3, []),
    "investment_medium.ofx": (1, 3, []),
    "multiple_accounts.ofx": (2, 0, []),
}


def test_no_sample_is_forgotten(samples):
    assert {path.name for path in (samples / "finance" / "ofx").iterdir()} == set(EXPECTED)


@pytest.mark.parametrize("file", EXPECTED)
def test_every_record_of_a_sample_is_accounted_for(samples, file):
    accounts, transactions, rules = EXPECTED[file]
    reading = read(samples / "finance" / "ofx" / file)
    assert (reading.frames["account"].height, reading.frames["transaction"].height) == (accounts, transactions)
    assert (reading.rules(), reading.ignored) == (rules, {})
    assert reading.read == accounts + transactions + len(rules)


def test_what_the_samples_say(samples):
    folder = samples / "finance" / "ofx"
    money = {file: read(folder / file).frames["transaction"]["amount"].sum() for file in EXPECTED}
    assert money["bank_medium.ofx"] == Decimal("-345.27")
    assert money["checking.ofx"] == Decimal("-59.50")
    assert money["investment_medium.ofx"] == Decimal("-3.95")
    medium = read(folder / "investment_medium.ofx").frames["transaction"]
    assert set(medium.select("currency", "fx_rate").rows()) == {("USD", Decimal("1.06"))}
    balances = read(folder / "multiple_accounts.ofx").frames["account"]
    assert balances.select("mask", "type", "balance").rows() == [
        ("9100", "checking", Decimal(111)),
        ("9200", "savings", Decimal(222)),
    ]
