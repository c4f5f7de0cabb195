"""Numbers, money and dates as people write them."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app_streamlit.formats import MINUS, SPACE, Formats

ES = Formats("es", "America/Mexico_City")
EN = Formats("en", "Europe/Madrid")


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        (Decimal("1234.5"), "MXN", "$1,234.50 MXN"),
        (Decimal("-0.005"), "MXN", f"{MINUS}$0.01 MXN"),
        (Decimal("1234.5"), "JPY", "1,235 JPY"),
        (Decimal("9999999999999999.9949"), "EUR", "€9,999,999,999,999,999.99 EUR"),
        (None, "MXN", "—"),
    ],
)
def test_money_carries_its_currency_and_is_exact(amount, currency, text):
    assert ES.money(amount, currency).replace(SPACE, " ") == text


def test_a_sign_is_shown_where_it_is_asked_for():
    assert ES.money(Decimal(5), "MXN", sign=True).startswith("+$5.00")
    assert ES.money(Decimal(0), "MXN", sign=True).startswith("$0.00")


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (Decimal("12.345"), "$12.35 USD"),
        (Decimal("0.00425"), "$0.0043 USD"),
        (Decimal("0.00001"), "< $0.0001 USD"),
        (Decimal(0), "$0.00 USD"),
        (None, "—"),
    ],
)
def test_small_costs_keep_their_digits_and_unknown_is_not_zero(amount, text):
    assert ES.cost(amount).replace(SPACE, " ") == text


def test_counts_are_shortened_by_language():
    assert [ES.compact(n).replace(SPACE, " ") for n in (950, 9999, 12_345, 4_560_000)] == [
        "950",
        "9,999",
        "12.3 mil",
        "4.56 M",
    ]
    assert [EN.compact(n) for n in (950, 12_345, 4_560_000)] == ["950", "12.3K", "4.56M"]


def test_dates_and_instants_follow_language_and_zone():
    at = datetime(2025, 3, 3, 20, 5, tzinfo=UTC)
    assert (ES.date(date(2025, 3, 3)), EN.date(date(2025, 3, 3))) == ("3 mar 2025", "Mar 3, 2025")
    assert (ES.month(date(2025, 9, 1)), EN.month(date(2025, 9, 1))) == ("septiembre de 2025", "September 2025")
    assert (ES.instant(at), EN.instant(at)) == ("3 mar 2025, 14:05", "Mar 3, 2025, 9:05 PM")
    assert EN.instant(datetime(2025, 3, 2, 23, 30, tzinfo=UTC)) == "Mar 3, 2025, 12:30 AM"


def test_percentages_and_missing_values():
    assert ES.percent(Decimal("0.875")) == "88%"
    assert ES.percent(None) == ES.date(None) == ES.instant(None) == ES.number(None) == "—"


@given(st.decimals(min_value=-(10**15), max_value=10**15, places=4))
def test_what_is_shown_is_within_half_a_cent(amount):
    shown = ES.money(amount, "MXN").replace(MINUS, "-").replace("$", "").replace(",", "").split(SPACE)[0]
    assert abs(Decimal(shown) - amount) <= Decimal("0.005")


def test_prices_sizes_and_instants_of_utc():
    f = Formats("es", "America/Mexico_City")
    assert [f.price(Decimal(text)) for text in ("2", "0.125", "0.0000015", "1234.5")] == [
        "2.00", "0.125", "0.000002", "1,234.50",
    ]  # fmt: skip
    assert [f.size(size) for size in (0, 999, 500_000_000, 1_500_000_000, 100 * 2**20, 2**30)] == [
        "0\u00a0B", "999\u00a0B", "500\u00a0MB", "1.5\u00a0GB", "100\u00a0MiB", "1\u00a0GiB",
    ]  # fmt: skip
    assert f.utc(datetime(2026, 1, 1, tzinfo=UTC)) == "1 ene 2026"
    assert f.utc(datetime(2026, 1, 1, 6, 30, tzinfo=UTC)) == "1 ene 2026, 6:30 UTC"
