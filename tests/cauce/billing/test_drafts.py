"""What a month costs: plans by the day in the person's zone, what goes beyond them, tax; drafts made again and again."""

from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cauce.billing.drafts import draft
from cauce.billing.months import read_month
from cauce.database import Database, Role
from cauce.errors import FatalError
from tests.cauce.billing.history import Period, in_books, lines_of, person_in, person_with, use

OCTOBER = date(2025, 10, 1)
CENT = Decimal("0.01")
STATE = "SELECT i::text, l::text FROM invoices i LEFT JOIN invoice_lines l ON l.user_id = i.user_id AND l.invoice_id = i.id ORDER BY 1, 2"


def without_tax(lines: list[tuple[str, str, str]]) -> list[tuple[str, str, str]]:
    return [line for line in lines if line[0] != "tax"]


CASES: dict[str, tuple[list[Period], list[tuple[str, str, str]]]] = {
    "a whole month": ([("PRO", "2025-01-01", None, 499, "month")], [("base", "1", "499.00")]),
    "nothing to pay": ([("FREE", "2025-01-01", None, 0, "month")], []),
    "no price agreed": ([("CUSTOM", "2025-01-01", None, None, "month")], []),
    "not yet": ([("PRO", "2025-11-01", None, 499, "month")], []),
    # 10 days of 31: 22 to 31 October.
    "came within the month": ([("PRO", "2025-10-22", None, 499, "month")], [("proration", "10", "160.97")]),
    "went up": (
        [("BASIC", "2025-01-01", "2025-10-22", 199, "month"), ("PRO", "2025-10-22", None, 499, "month")],
        [("base", "1", "199.00"), ("proration", "10", "96.77")],
    ),
    "went down": (
        [("PRO", "2025-01-01", "2025-10-22", 499, "month"), ("FREE", "2025-10-22", None, 0, "month")],
        [("base", "1", "499.00"), ("proration", "10", "-160.97")],
    ),
    "left": ([("PRO", "2025-01-01", "2025-10-22", 499, "month")], [("base", "1", "499.00"), ("proration", "10", "-160.97")]),
    "left on the first": ([("PRO", "2025-01-01", "2025-10-01", 499, "month")], []),
    # The day of a change is the new plan's, however late; of several in a day the last counts.
    "changed in the evening": (
        [("BASIC", "2025-01-01", "2025-10-01 23:59", 199, "month"), ("PRO", "2025-10-01 23:59", None, 499, "month")],
        [("base", "1", "499.00")],
    ),
    "changed thrice a day": (
        [
            ("BASIC", "2025-01-01", "2025-10-22 08:00", 199, "month"),
            ("ENTERPRISE", "2025-10-22 08:00", "2025-10-22 09:00", 4999, "month"),
            ("PRO", "2025-10-22 09:00", None, 499, "month"),
        ],
        [("base", "1", "199.00"), ("proration", "10", "96.77")],
    ),
    "limits of their own": (
        [("PRO", "2025-01-01", "2025-10-22", 499, "month"), ("PRO", "2025-10-22", None, 499, "month")],
        [("base", "1", "499.00")],
    ),
    # A year is paid when it begins, and not in the months after.
    "a year begins": ([("BASIC", "2024-10-15", None, 1990, "year")], [("base", "1", "1990.00")]),
    "a year goes on": ([("BASIC", "2025-03-15", None, 1990, "year")], []),
    # 100 of 365 days are left on 22 October of a year that ends on 30 January.
    "a year goes up": (
        [("BASIC", "2025-01-30", "2025-10-22", 1990, "year"), ("PRO", "2025-10-22", None, 4990, "year")],
        [("proration", "100", "821.92")],
    ),
    "a year becomes months": (
        [("BASIC", "2025-01-30", "2025-10-22", 1990, "year"), ("PRO", "2025-10-22", None, 4990, "month")],
        [("proration", "100", "-545.21"), ("proration", "10", "1609.68")],
    ),
    "leap day": ([("BASIC", "2024-02-29", None, 1990, "year")], []),
    # Mondays: 6, 13, 20 and 27 October.
    "weeks": ([("BASIC", "2025-09-01", None, 50, "week")], [("base", "1", "50.00")] * 4),
    # The week of the 20th had 4 of 7 days left on Thursday.
    "left within a week": (
        [("BASIC", "2025-09-01", "2025-10-23", 50, "week")],
        [("base", "1", "50.00")] * 3 + [("proration", "4", "-28.57")],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", sorted(CASES))
def test_the_plans_of_a_month(shared_db: Database, case: str) -> None:
    periods, expected = CASES[case]
    person = person_with(shared_db, f"{case.replace(' ', '.')}@example.com", *periods)
    in_books(shared_db, draft, OCTOBER)
    assert without_tax(lines_of(shared_db, person, OCTOBER)) == expected


@pytest.mark.parametrize("status", ["trialing", "paused"])
def test_a_trial_and_a_pause_cost_nothing(shared_db: Database, status: str) -> None:
    person = person_with(
        shared_db, f"{status}@example.com", ("PRO", "2025-01-01", "2025-10-22", 499, "month"), ("PRO", "2025-10-22", None, 499, "month"),
        status=status,
    )  # fmt: skip
    with shared_db.transaction(Role.OWNER) as conn:
        use(conn, person, "2025-10-05T12:00Z", tokens=40_000_000)
    in_books(shared_db, draft, OCTOBER)
    assert without_tax(lines_of(shared_db, person, OCTOBER)) == [
        ("base", "1", "499.00"),
        ("proration", "10", "-160.97"),
    ]


@pytest.mark.parametrize("then", ["custom_limits = '{}'", "subscription_tier = 'BASIC'"])
def test_a_trial_that_ended_was_one(db: Database, then: str) -> None:
    """Limits of one's own keep it a trial; another plan is paid."""
    person = person_with(db, "ana@example.com", ("PRO", "2025-01-01", None, 499, "month"), status="trialing")
    with db.transaction(Role.OWNER) as conn:
        conn.execute("UPDATE users SET subscription_tier = 'PRO'")
        conn.execute("UPDATE subscriptions SET status = 'trialing' WHERE valid_to IS NULL")
        conn.execute(f"UPDATE users SET {then}".encode())
        states = conn.execute("SELECT status, last_status, amount FROM subscriptions ORDER BY valid_from").fetchall()
    new = ("active", None, Decimal(199)) if "BASIC" in then else ("trialing", None, Decimal(499))
    assert states[-2:] == [("ended", "trialing", Decimal(499)), new]
    in_books(db, draft, OCTOBER)
    assert lines_of(db, person, OCTOBER) == []


@pytest.mark.parametrize(
    ("zone", "expected"),
    [("America/Mexico_City", [("base", "1", "499.00")]), ("Europe/Madrid", [("proration", "31", "499.00")])],
)
def test_days_are_those_of_the_persons_zone(
    shared_db: Database, zone: str, expected: list[tuple[str, str, str]]
) -> None:
    """05:00 UTC on 1 November is still October in Mexico City, and November in Madrid."""
    person = person_with(
        shared_db, f"days.{zone}@example.com", ("PRO", "2025-11-01T05:00Z", None, 499, "month"), timezone=zone
    )
    in_books(shared_db, draft, OCTOBER)
    in_books(shared_db, draft, date(2025, 11, 1))
    assert without_tax(lines_of(shared_db, person, OCTOBER)) == (
        [] if zone == "Europe/Madrid" else [("proration", "1", "16.10")]
    )
    assert without_tax(lines_of(shared_db, person, date(2025, 11, 1))) == [("base", "1", "499.00")]


def test_what_goes_beyond_the_plan_of_the_months_end(db: Database) -> None:
    person = person_with(
        db,
        "ana@example.com",
        ("PRO", "2025-01-01", "2025-10-22", 499, "month"),
        ("BASIC", "2025-10-22", None, 199, "month"),
    )
    with db.transaction(Role.OWNER) as conn:
        conn.execute("UPDATE plan_limits SET valid_to = '2025-10-31' WHERE plan_code = 'BASIC'")
        conn.execute(
            "INSERT INTO plan_limits (plan_code, valid_from, included_messages, included_tokens, overage_message_price, overage_token_price)"
            " VALUES ('BASIC', '2025-10-31', 5, 1000, 0.12, 0.000005)"
        )
        use(conn, person, "2025-10-05T12:00Z", events=7, tokens=10_000)
        use(conn, person, "2025-11-01T05:59Z", tokens=1)  # still October in Mexico City
        use(conn, person, "2025-11-01T06:00Z", tokens=500)
    in_books(db, draft, OCTOBER)
    # 8 messages are 3 too many; 70,001 tokens are 69,001 too many: 0.345005.
    assert lines_of(db, person, OCTOBER) == [
        ("base", "1", "499.00"), ("proration", "10", "-96.77"), ("overage", "3", "0.36"), ("overage", "69001", "0.35"),
        ("tax", "402.94", "64.47"),
    ]  # fmt: skip


def test_limits_of_ones_own_are_what_is_included(shared_db: Database) -> None:
    person = person_with(shared_db, "limits.own@example.com", ("PRO", "2025-01-01", None, 499, "month"))
    with shared_db.transaction(Role.OWNER) as conn:
        conn.execute(
            """UPDATE subscriptions SET custom_limits = '{"messages": 1, "tokens": null}' WHERE user_id = %s""",
            (person,),
        )
        use(conn, person, "2025-10-05T12:00Z", events=3, tokens=50_000_000)
    in_books(shared_db, draft, OCTOBER)
    assert without_tax(lines_of(shared_db, person, OCTOBER)) == [("base", "1", "499.00"), ("overage", "2", "0.16")]


@pytest.mark.parametrize(
    ("zone", "tax"), [("America/Tijuana", [("tax", "499", "79.84")]), ("America/Bogota", []), ("Europe/Madrid", [])]
)
def test_iva_is_for_people_in_mexico(shared_db: Database, zone: str, tax: list[tuple[str, str, str]]) -> None:
    person = person_with(shared_db, f"iva.{zone}@example.com", ("PRO", "2025-01-01", None, 499, "month"), timezone=zone)
    in_books(shared_db, draft, OCTOBER)
    assert lines_of(shared_db, person, OCTOBER) == [("base", "1", "499.00"), *tax]


def test_texts_are_in_the_persons_language(db: Database) -> None:
    for language in ("es", "en"):
        person_with(
            db, f"{language}@example.com", ("BASIC", "2025-01-01", "2025-10-22", 199, "month"),
            ("PRO", "2025-10-22", None, 499, "month"), language=language,
        )  # fmt: skip
    in_books(db, draft, OCTOBER)
    with db.transaction(Role.OWNER) as conn:
        texts = conn.execute(
            "SELECT description FROM invoice_lines JOIN users u ON u.id = user_id ORDER BY language DESC, position"
        ).fetchall()
    assert [text for (text,) in texts] == [
        "Plan Básico, octubre de 2025", "Plan Profesional desde el 22 de octubre de 2025: 10 de 31 días", "IVA 16 %",
        "Basic plan, October 2025", "Professional plan, from 22 October 2025 on: 10 of 31 days", "VAT (IVA) 16 %",
    ]  # fmt: skip


def test_a_credit_stays_when_the_draft_is_made_again_and_what_is_too_much_is_carried(db: Database) -> None:
    person = person_with(db, "ana@example.com", ("BASIC", "2025-01-01", None, 199, "month"))
    in_books(db, draft, OCTOBER)
    with db.transaction(Role.OWNER) as conn:
        conn.execute(
            "INSERT INTO invoice_lines (user_id, invoice_id, position, kind, description, unit_price)"
            " SELECT user_id, id, 99, 'credit', 'Disculpa', -100 FROM invoices"
        )
        conn.execute("UPDATE subscriptions SET amount = 50")
    assert in_books(db, draft, OCTOBER).remade == 1
    assert lines_of(db, person, OCTOBER) == [
        ("base", "1", "50.00"),
        ("credit", "1", "-100.00"),
        ("credit", "1", "50.00"),
    ]
    in_books(db, draft, date(2025, 11, 1))
    assert lines_of(db, person, date(2025, 11, 1)) == [("base", "1", "50.00"), ("credit", "1", "-50.00")]
    in_books(db, draft, date(2025, 12, 1))
    assert lines_of(db, person, date(2025, 12, 1)) == [("base", "1", "50.00"), ("tax", "50", "8.00")]


def test_drafting_twice_changes_nothing_and_issued_invoices_stay(db: Database) -> None:
    people = [
        person_with(db, f"p{n}@example.com", ("PRO", f"2025-10-{n + 1:02}", None, 499, "month")) for n in range(3)
    ]
    with db.transaction(Role.OWNER) as conn:
        use(conn, people[0], "2025-10-05T12:00Z", tokens=40_000_000)
    first = in_books(db, draft, OCTOBER)
    assert (first.made, first.remade, first.same, first.removed) == (3, 0, 0, 0)
    with db.transaction(Role.OWNER) as conn:
        before = conn.execute(STATE).fetchall()
    second = in_books(db, draft, OCTOBER)
    assert (second.made, second.remade, second.same, second.removed, second.totals) == (0, 0, 3, 0, first.totals)
    with db.transaction(Role.OWNER) as conn:
        assert conn.execute(STATE).fetchall() == before
        conn.execute("UPDATE invoices SET status = 'final' WHERE user_id = %s", (people[0],))
        use(conn, people[0], "2025-10-06T12:00Z", tokens=40_000_000)
        use(conn, people[1], "2025-10-06T12:00Z", tokens=40_000_000)
        conn.execute("DELETE FROM subscriptions WHERE user_id = %s", (people[2],))
        kept = conn.execute(STATE.replace("ORDER", "WHERE i.user_id = %s ORDER"), (people[0],)).fetchall()
    third = in_books(db, draft, OCTOBER)
    assert (third.made, third.remade, third.same, third.removed) == (0, 1, 0, 1)
    with db.transaction(Role.OWNER) as conn:
        assert conn.execute(STATE.replace("ORDER", "WHERE i.user_id = %s ORDER"), (people[0],)).fetchall() == kept


cents = st.integers(1, 2_000_000).map(lambda n: Decimal(n) / 100)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    month=st.sampled_from([date(2025, 2, 1), date(2024, 2, 1), date(2025, 9, 1), date(2025, 10, 1)]),
    cuts=st.lists(st.integers(0, 34), max_size=5, unique=True).map(sorted),
    prices=st.lists(st.one_of(st.none(), cents), min_size=6, max_size=6),
)
def test_the_parts_of_a_cut_month_add_up(
    shared_db: Database, month: date, cuts: list[int], prices: list[Decimal | None]
) -> None:
    """However a month is cut, each day costs its plan's price ÷ days, and every line is off by half a cent at most.

    The whole month at one price costs that price exactly, however often it is cut.
    """
    days = (date(month.year, month.month + 1, 1) - month).days
    days_of = [str(month - timedelta(days=40)), *(str(month + timedelta(days=cut)) for cut in cuts)]

    def periods(amounts: list[Decimal | None]) -> list[Period]:
        return [
            ("PRO", since, until, None if amount is None else str(amount), "month")
            for since, until, amount in zip(days_of, [*days_of[1:], None], amounts, strict=False)
        ]

    lines = _rolled_back(shared_db, month, periods(prices))
    exact = Decimal(0)
    for day in range(days):
        price = prices[sum(cut <= day for cut in cuts)]
        exact += (price or Decimal(0)) / days
    assert abs(sum(lines, Decimal(0)) - exact) <= CENT / 2 * len(lines) + Decimal("1e-9")
    whole = prices[0] or Decimal("0.01")
    assert _rolled_back(shared_db, month, periods([whole] * 6)) == [whole]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cut=st.integers(1, 29), price=cents)
def test_a_part_is_rounded_as_the_exact_product_is(shared_db: Database, cut: int, price: Decimal) -> None:
    """Also at half a cent, which 30 days often give; what two people who share a month pay is its price."""
    first = _rolled_back(shared_db, date(2025, 9, 1), [("PRO", f"2025-09-{31 - cut:02}", None, str(price), "month")])
    exact = (price * 100 * cut * 2 + 30) // 60 / 100
    assert sum(first, Decimal(0)) == exact.quantize(CENT, ROUND_HALF_UP)
    rest = _rolled_back(
        shared_db, date(2025, 9, 1), [("PRO", "2025-01-01", f"2025-09-{31 - cut:02}", str(price), "month")]
    )
    assert abs(sum(first, Decimal(0)) + sum(rest, Decimal(0)) - price) <= CENT


def _rolled_back(database: Database, month: date, periods: list[Period]) -> list[Decimal]:
    """Amounts of the lines before tax of somebody with these plans, in a transaction that never was."""
    with database.connect(Role.OWNER) as conn:
        person = person_in(conn, periods)
        draft(conn, month)
        found = conn.execute(
            "SELECT amount FROM invoice_lines WHERE user_id = %s AND kind <> 'tax'", (person,)
        ).fetchall()
        conn.rollback()
    return [amount for (amount,) in found]


@pytest.mark.parametrize("text", ["2025-13", "2025-1", "October", "", "2025-10-01", "25-10"])
def test_a_month_is_written_as_2025_10(text: str) -> None:
    assert read_month("2025-10") == OCTOBER
    with pytest.raises(FatalError, match="is not a month"):
        read_month(text)


def test_a_month_that_has_not_begun_has_no_drafts(db: Database) -> None:
    with pytest.raises(FatalError, match="has not begun"):
        in_books(db, draft, date(2999, 1, 1))
