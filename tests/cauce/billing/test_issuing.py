"""From drafts to invoices, payments and credit notes; what comes late adjusts the next month, and what is issued stays."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cauce.billing.closing import close_months
from cauce.billing.corrections import credit, grant, void
from cauce.billing.drafts import draft
from cauce.billing.invoices import list_invoices
from cauce.billing.issuing import discard, finalize
from cauce.billing.months import read_month
from cauce.billing.payments import pay, refund
from cauce.database import Database, Role
from cauce.errors import CauceError, FatalError, SkippableError
from cauce.models.billing import InvoiceStatus
from tests.cauce.billing.history import in_books, lines_of, person_with, use
from tests.conftest import drop_database

AUGUST, SEPTEMBER, OCTOBER = date(2025, 8, 1), date(2025, 9, 1), date(2025, 10, 1)
PRO = ("PRO", "2025-01-01", None, 499, "month")
ISSUED = (
    "SELECT i::text, l::text FROM invoices i LEFT JOIN invoice_lines l ON l.user_id = i.user_id AND l.invoice_id = i.id"
    " WHERE i.status <> 'draft' AND i.period_start = %s ORDER BY 1, 2"
)
ENTRIES = "SELECT action, details FROM audit_logs WHERE action ~ 'INVOICES|PAYMENTS|CREDIT' ORDER BY sequence"


def close(database: Database, month: date) -> None:
    with database.transaction(Role.OWNER) as conn:
        close_months(conn, month)


def using(database: Database, person: UUID, at: str, **what: int) -> None:
    with database.transaction(Role.OWNER) as conn:
        use(conn, person, at, **what)


def issued(database: Database) -> str:
    """The number of Ana's invoice of October: 499 and IVA, 578.84."""
    person_with(database, "ana@example.com", PRO)
    close(database, OCTOBER)
    number = in_books(database, finalize, OCTOBER).first
    assert number
    return number


def test_only_a_closed_month_is_issued_and_only_once(db: Database) -> None:
    people = [person_with(db, f"p{n}@example.com", PRO) for n in range(3)]
    with pytest.raises(FatalError, match="2025-10 is not closed — run `cauce billing close 2025-10` first"):
        in_books(db, finalize, OCTOBER)
    close(db, OCTOBER)
    done = in_books(db, finalize, OCTOBER)
    assert (done.count, done.first, done.last, done.totals) == (3, "F-000001", "F-000003", {"MXN": Decimal("1736.52")})
    assert in_books(db, finalize, OCTOBER).count == 0
    assert in_books(db, draft, OCTOBER).made == 0
    found = in_books(db, list_invoices, month=OCTOBER)
    assert sorted(invoice.user_id for invoice in found) == sorted(people)
    assert {(invoice.status, invoice.due, (invoice.due_on - invoice.issued_on).days) for invoice in found} == {  # type: ignore[operator]
        (InvoiceStatus.FINAL, Decimal("578.84"), 15)
    }


def test_months_are_issued_in_order_or_their_drafts_given_up(db: Database) -> None:
    person_with(db, "ana@example.com", PRO)
    in_books(db, draft, SEPTEMBER)
    close(db, OCTOBER)
    with pytest.raises(FatalError, match="2025-09 still has drafts"):
        in_books(db, finalize, OCTOBER)
    assert in_books(db, discard, SEPTEMBER) == 1
    assert in_books(db, finalize, OCTOBER).count == 1


def test_late_usage_becomes_an_adjustment_of_the_next_month_and_what_is_issued_stays(db: Database) -> None:
    person = person_with(db, "ana@example.com", PRO)
    using(db, person, "2025-08-10T12:00Z", tokens=31_000_000)
    close(db, AUGUST)
    in_books(db, finalize, AUGUST)
    assert lines_of(db, person, AUGUST)[:2] == [("base", "1", "499.00"), ("overage", "1000000", "40.00")]
    with db.transaction(Role.OWNER) as conn:
        before = conn.execute(ISSUED, (AUGUST,)).fetchall()
    using(db, person, "2025-08-20T12:00Z", tokens=500_000)
    using(db, person, "2025-09-20T12:00Z", tokens=30_000_000)
    close(db, SEPTEMBER)
    in_books(db, finalize, SEPTEMBER)
    # September's own usage is within its plan; half a million more of August are 20 pesos.
    assert lines_of(db, person, SEPTEMBER) == [
        ("base", "1", "499.00"), ("adjustment", "1", "20.00"), ("tax", "519", "83.04"),
    ]  # fmt: skip
    with db.transaction(Role.OWNER) as conn:
        conn.execute("DELETE FROM usage_logs WHERE total_tokens = 31000000")
    close(db, OCTOBER)
    in_books(db, finalize, OCTOBER)
    assert lines_of(db, person, OCTOBER) == [
        ("base", "1", "499.00"),
        ("adjustment", "1", "-60.00"),
        ("tax", "439", "70.24"),
    ]
    with db.transaction(Role.OWNER) as conn:
        assert conn.execute(ISSUED, (AUGUST,)).fetchall() == before
        [text] = conn.execute(
            "SELECT description FROM invoice_lines WHERE kind = 'adjustment' AND amount > 0 AND applies_to = %s",
            (AUGUST,),
        ).fetchone() or [None]
    assert text == "Ajuste de agosto de 2025: 1500000 tokens adicionales al plan"


def test_a_month_nobody_was_billed_for_is_not_adjusted(db: Database) -> None:
    person = person_with(db, "ana@example.com", PRO)
    using(db, person, "2025-08-10T12:00Z", tokens=31_000_000)
    close(db, AUGUST)
    using(db, person, "2025-08-20T12:00Z", tokens=31_000_000)
    close(db, SEPTEMBER)
    in_books(db, finalize, SEPTEMBER)
    assert lines_of(db, person, SEPTEMBER) == [("base", "1", "499.00"), ("tax", "499", "79.84")]


late = st.lists(
    st.tuples(st.sampled_from(["2025-08", "2025-09", "2025-10"]), st.integers(-1, 3)), min_size=0, max_size=5
)


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(waves=st.lists(late, min_size=3, max_size=3))
def test_what_was_billed_in_all_is_what_was_used_whenever_it_came(
    new_database: Callable[[Path], Database], tmp_path: Path, waves: list[list[tuple[str, int]]]
) -> None:
    """Usage comes and goes before each of three closings; what is issued stays, and all of it adds up in the end."""
    database = new_database(tmp_path)
    try:
        # 10 pesos a month, so that what goes back is often more than the invoice holds and is carried on.
        person = person_with(database, "ana@example.com", ("BASIC", "2025-01-01", None, 10, "month"))
        kept: dict[date, list[tuple[str, ...]]] = {}
        for month, wave in zip((AUGUST, SEPTEMBER, OCTOBER), waves, strict=True):
            for at, millions in wave:
                if read_month(at) > month:
                    continue
                if millions < 0:
                    _forget(database, at)
                else:
                    using(database, person, f"{at}-15T12:00Z", tokens=millions * 5_000_000)
            close(database, month)
            in_books(database, finalize, month)
            with database.transaction(Role.OWNER) as conn:
                assert {m: conn.execute(ISSUED, (m,)).fetchall() for m in kept} == kept
                kept[month] = conn.execute(ISSUED, (month,)).fetchall()
        with database.transaction(Role.OWNER) as conn:
            _assert_whole(conn)
    finally:
        drop_database(database)


def _forget(database: Database, month: str) -> None:
    with database.transaction(Role.OWNER) as conn:
        conn.execute(
            "DELETE FROM usage_logs WHERE (user_id, id) IN"
            " (SELECT user_id, id FROM usage_logs WHERE to_char(local_date, 'YYYY-MM') = %s LIMIT 1)",
            (month,),
        )


def _assert_whole(conn: psycopg.Connection) -> None:
    """Every invoice adds up and is not negative; overage and adjustments of a month are what its usage comes to."""
    for subtotal, tax, total, lines, taxes in conn.execute(
        "SELECT i.subtotal, i.tax, i.total, sum(l.amount) FILTER (WHERE l.kind <> 'tax'), coalesce(sum(l.amount) FILTER (WHERE l.kind = 'tax'), 0)"
        " FROM invoices i JOIN invoice_lines l ON l.user_id = i.user_id AND l.invoice_id = i.id GROUP BY i.user_id, i.id"
    ).fetchall():
        assert (subtotal, tax, total) == (lines, taxes, lines + taxes)
        assert tax == round(subtotal * Decimal("0.16") + Decimal("1e-9"), 2)
        assert subtotal >= 0
    used: dict[date, int] = dict(
        conn.execute(
            "SELECT date_trunc('month', local_date)::date, sum(total_tokens) FROM usage_logs GROUP BY 1"
        ).fetchall()
    )
    billed: dict[date, Decimal] = dict(
        conn.execute("SELECT applies_to, sum(amount) FROM invoice_lines WHERE metric = 'tokens' GROUP BY 1").fetchall()
    )
    for month in (AUGUST, SEPTEMBER, OCTOBER):
        over = max(used.get(month, 0) - 5_000_000, 0)
        assert billed.get(month, Decimal(0)) == over * Decimal("0.00005")
    asked, carried = conn.execute(
        "SELECT sum(amount) FILTER (WHERE kind IN ('base', 'overage', 'adjustment')), coalesce(sum(amount) FILTER (WHERE kind = 'credit'), 0)"
        " FROM invoice_lines"
    ).fetchone() or (0, 0)
    invoiced = conn.execute("SELECT sum(subtotal) FROM invoices").fetchone()
    assert invoiced == (asked + carried,)


def test_a_payment_or_several(db: Database) -> None:
    number = issued(db)
    first = in_books(db, pay, number, amount=Decimal("78.84"), method="transfer", reference="a", on=date(2025, 11, 5))
    assert (first.status, first.due) == (InvoiceStatus.FINAL, Decimal(500))
    with pytest.raises(SkippableError, match="'a' is noted already"):
        in_books(db, pay, number, amount=Decimal(1), reference="a")
    for amount, match in (("500.01", "more than the 500"), ("0.001", "at most 2 decimals")):
        with pytest.raises(FatalError, match=match):
            in_books(db, pay, number, amount=Decimal(amount))
    assert in_books(db, pay, number).status == InvoiceStatus.PAID
    with pytest.raises(SkippableError, match="nothing is to be paid"):
        in_books(db, pay, number)
    with db.transaction(Role.OWNER) as conn:
        days = conn.execute(
            "SELECT (paid_at AT TIME ZONE 'America/Mexico_City')::date FROM payments ORDER BY 1"
        ).fetchall()
        told = [action for action, _ in conn.execute(ENTRIES).fetchall()]
    assert days[0] == (date(2025, 11, 5),)
    assert told == ["UPDATE_INVOICES", "INSERT_PAYMENTS", "INSERT_PAYMENTS", "UPDATE_INVOICES"]


def test_what_was_never_owed_is_void_and_drafted_again(db: Database) -> None:
    number = issued(db)
    assert in_books(db, void, number).status == InvoiceStatus.VOID
    assert void_error(db, number).startswith(f"{number} is void already")
    assert in_books(db, finalize, OCTOBER).first == "F-000002"
    in_books(db, pay, "F-000002", amount=Decimal(1))
    assert "was paid or given back already" in void_error(db, "F-000002")
    assert "only invoices are voided" in void_error(db, in_books(db, credit, "F-000002").number or "")


def void_error(database: Database, number: str) -> str:
    with pytest.raises(CauceError) as caught:
        in_books(database, void, number)
    return str(caught.value)


@pytest.mark.parametrize("amounts", [["578.84"], ["0.01", "0.03", "100", None], ["116", "116", None], ["578.83", None]])
def test_credit_notes_give_back_no_more_than_the_invoice_with_its_tax(db: Database, amounts: list[str | None]) -> None:
    number = issued(db)
    notes = [in_books(db, credit, number, amount=None if a is None else Decimal(a), reason="Corte") for a in amounts]
    assert [note.number for note in notes] == [f"NC-{n + 1:06}" for n in range(len(amounts))]
    assert [note.total for note, a in zip(notes, amounts, strict=True) if a] == [-Decimal(a) for a in amounts if a]
    assert (sum(n.subtotal for n in notes), sum(n.tax for n in notes)) == (Decimal(-499), Decimal("-79.84"))
    with pytest.raises(FatalError, match="cannot be given back"):
        in_books(db, credit, number, amount=Decimal("0.01"))
    assert {n.credits for n in notes} == {number}
    with db.transaction(Role.OWNER) as conn:
        texts = conn.execute(
            "SELECT DISTINCT description FROM invoice_lines WHERE amount < 0 AND kind = 'credit'"
        ).fetchall()
    assert texts == [(f"Nota de crédito de la factura {number}: Corte",)]


def test_what_was_given_back_whole_is_not_owed_any_more(db: Database) -> None:
    number = issued(db)
    in_books(db, credit, number, amount=Decimal("578.83"))
    [invoice] = in_books(db, list_invoices, status=InvoiceStatus.FINAL, month=OCTOBER, email="ana@example.com")[-1:]
    assert (invoice.number, invoice.due) == (number, Decimal("0.01"))
    in_books(db, credit, number)
    [invoice] = in_books(db, list_invoices, status=InvoiceStatus.PAID, month=OCTOBER)
    assert (invoice.number, invoice.due, invoice.overpaid) == (number, Decimal(0), Decimal(0))


def test_what_was_paid_and_given_back_goes_back(db: Database) -> None:
    number = issued(db)
    in_books(db, pay, number, amount=Decimal(500))
    in_books(db, credit, number, amount=Decimal("78.84"))
    [invoice] = in_books(db, list_invoices, status=InvoiceStatus.PAID, month=OCTOBER)
    assert (invoice.number, invoice.due, invoice.overpaid) == (number, Decimal(0), Decimal(0))
    in_books(db, credit, number, amount=Decimal(100))
    with pytest.raises(FatalError, match="more than the 100"):
        in_books(db, refund, number, amount=Decimal("100.01"))
    assert in_books(db, refund, number, reference="r").overpaid == 0
    with pytest.raises(SkippableError, match="nothing is to be given back"):
        in_books(db, refund, number)


def test_a_credit_is_entered_in_a_draft_and_carried_when_it_is_too_much(db: Database) -> None:
    person = person_with(db, "ana@example.com", PRO)
    assert in_books(db, grant, SEPTEMBER, "ana@example.com", Decimal(99), "Disculpa").total == Decimal(464)
    assert in_books(db, grant, SEPTEMBER, "ANA@example.com", Decimal(500), "Otra").total == 0
    assert lines_of(db, person, SEPTEMBER) == [
        ("base", "1", "499.00"), ("credit", "1", "-99.00"), ("credit", "1", "-500.00"), ("credit", "1", "100.00"),
    ]  # fmt: skip
    close(db, SEPTEMBER)
    close(db, OCTOBER)
    in_books(db, finalize, SEPTEMBER)
    assert [invoice.status for invoice in in_books(db, list_invoices)] == [InvoiceStatus.PAID]
    with pytest.raises(FatalError, match="F-000001 of 2025-09 is paid"):
        in_books(db, grant, SEPTEMBER, "ana@example.com", Decimal(1), "x")
    with pytest.raises(FatalError, match="nobody has the address"):
        in_books(db, grant, OCTOBER, "nobody@example.com", Decimal(1), "x")
    in_books(db, finalize, OCTOBER)
    assert lines_of(db, person, OCTOBER) == [
        ("base", "1", "499.00"),
        ("credit", "1", "-100.00"),
        ("tax", "399", "63.84"),
    ]
    with db.transaction(Role.OWNER) as conn:
        told = conn.execute(ENTRIES).fetchall()
    assert ("GRANT_CREDIT", {"amount": "99 MXN"}) in told
