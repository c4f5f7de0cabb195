import pytest

from ingest.finance.categories import categorise, category_slug
from ingest.finance.currencies import MINOR_UNITS


@pytest.mark.parametrize(
    ("bank_type", "text", "category"),
    [
        ("POS", "MCDONALD'S #112", "restaurantes"),
        ("DEBIT", "UBER *TRIP", "transporte"),
        ("DEBIT", "UBER EATS MX", "restaurantes"),
        ("DEBIT", "Nómina 2a quincena", "nomina"),
        ("CHECK", "RETURNED CHECK FEE", "comisiones"),
        ("ATM", "WALMART CAJERO 12", "efectivo"),
        ("SRVCHG", "SIN TEXTO", "comisiones"),
        ("DEBIT", "CAFETERO DE OAXACA", "sin_categoria"),
        ("DEBIT", "", "sin_categoria"),
    ],
)
def test_a_category_comes_from_the_banks_type_then_from_whole_words(bank_type, text, category):
    assert categorise(bank_type, text) == category


@pytest.mark.parametrize(
    ("text", "slug"),
    [
        ("Groceries", "supermercado"),
        ("Súper mercado", "super_mercado"),
        ("salud", "salud"),
        ("Niños", "ninos"),
        ("¿?", ""),
    ],
)
def test_categories_people_write_become_slugs_and_ours_where_we_know_the_word(text, slug):
    assert category_slug(text) == slug


def test_currencies_have_three_letters_and_known_decimals():
    assert all(len(code) == 3 and code.isalpha() and code.isupper() for code in MINOR_UNITS)
    assert {MINOR_UNITS[code] for code in ("MXN", "USD", "EUR")} == {2}
    assert (MINOR_UNITS["JPY"], MINOR_UNITS["KWD"], MINOR_UNITS["CLF"]) == (0, 3, 4)
