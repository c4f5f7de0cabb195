"""The rate of a day, else the last one before."""

from datetime import date
from decimal import Decimal

import pytest

from cauce.database import Database, Role

RATES = """
INSERT INTO fx_rates (base, quote, date, source, rate) VALUES
  ('USD', 'MXN', '2025-10-02', 'banxico', 18.3937), ('USD', 'MXN', '2025-10-06', 'banxico', 18.36),
  ('EUR', 'USD', '2025-10-02', 'ecb', 1.25), ('EUR', 'MXN', '2025-10-02', 'ecb', 21.5),
  ('EUR', 'USD', '2025-10-03', 'ecb', 1.25), ('EUR', 'MXN', '2025-10-03', 'ecb', 22),
  ('EUR', 'JPY', '2025-10-03', 'ecb', 170), ('EUR', 'USD', '2025-10-07', 'ecb', 1.3)
"""


@pytest.mark.parametrize(
    ("base", "quote", "day", "expected"),
    [
        ("USD", "MXN", "2025-10-01", None),
        ("USD", "MXN", "2025-10-02", ("18.3937", "2025-10-02", "banxico")),
        # The third has the ECB's only: over the euro, 22 ÷ 1.25. So have the days after it, until Banxico's of the sixth.
        ("USD", "MXN", "2025-10-03", ("17.6", "2025-10-03", "ecb")),
        ("USD", "MXN", "2025-10-05", ("17.6", "2025-10-03", "ecb")),
        ("USD", "MXN", "2025-10-06", ("18.36", "2025-10-06", "banxico")),
        # Of the seventh the ECB has one of the two currencies: that is no rate.
        ("USD", "MXN", "2026-01-01", ("18.36", "2025-10-06", "banxico")),
        ("MXN", "USD", "2025-10-02", ("0.054366440683", "2025-10-02", "banxico")),
        ("JPY", "EUR", "2025-10-03", ("0.005882352941", "2025-10-03", "ecb")),
        ("MXN", "JPY", "2025-10-04", ("7.727272727273", "2025-10-03", "ecb")),
        ("MXN", "MXN", "2025-10-04", ("1", "2025-10-04", "same")),
        ("USD", "KRW", "2025-10-04", None),
    ],
)  # fmt: skip
def test_the_rate_of_a_day_else_the_last_one_before(
    shared_db: Database, base: str, quote: str, day: str, expected: tuple[str, str, str] | None
) -> None:
    with shared_db.connect(Role.OWNER) as conn:
        conn.execute(RATES)
        found = conn.execute("SELECT rate, rate_date, source FROM fx_rate(%s, %s, %s)", (base, quote, day)).fetchone()
        conn.rollback()
    assert found == (expected and (Decimal(expected[0]), date.fromisoformat(expected[1]), expected[2]))


@pytest.mark.parametrize("role", [Role.USER, Role.ADMIN, Role.ANALYST, Role.TRANSFORM])
def test_whoever_shows_amounts_may_ask(shared_db: Database, role: Role) -> None:
    with shared_db.transaction(role) as conn:
        assert conn.execute("SELECT rate FROM fx_rate('MXN', 'MXN', '2025-10-01')").fetchone() == (Decimal(1),)
