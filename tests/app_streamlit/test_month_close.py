"""Admins close a month, draft and issue its invoices, and note what comes of them, on the page."""

from datetime import date
from decimal import Decimal

import pytest
from streamlit.testing.v1 import AppTest

from app_streamlit import provider
from app_streamlit.formats import Formats
from cauce.billing.corrections import grant
from cauce.database import Database, Role
from tests.app_streamlit.conftest import Browser, text_of
from tests.app_streamlit.seed import ADMIN, ANA, BETO
from tests.conftest import sign_in_to
from tests.expectations.world import copy_of

SPANISH = Formats("es", "America/Mexico_City")
NOVEMBER = date(2025, 11, 1)


@pytest.fixture
def books(world, browser, tmp_path):
    """A copy of the world, as what is closed stays closed, and an admin signed in to it."""
    with copy_of(world.db, tmp_path) as database:
        provider.use(database)
        browser.token = sign_in_to(database, ADMIN)
        yield database


@pytest.fixture
def issued(books, browser):
    """The same with the invoices of November issued."""
    page = at(browser, NOVEMBER)
    for step in ("month-close", "month-confirm", "month-issue", "month-confirm"):
        page = click(page, step)
    return books


def at(browser: Browser, month: date) -> AppTest:
    """The page with a month chosen."""
    page = browser.open("billing")
    page.selectbox(key="month-chosen").set_value(month).run()
    assert not page.exception
    return page


def click(page: AppTest, key: str) -> AppTest:
    page.button(key=key).click().run()
    assert not page.exception
    return page


def submit(page: AppTest, label: str) -> AppTest:
    next(button for button in page.button if button.label == label).click().run()
    assert not page.exception
    return page


def money(amount: Decimal) -> str:
    """An amount as `text_of` gives it."""
    return SPANISH.money(amount, "MXN").replace("\u00a0", " ")


def rows(database: Database, query: str) -> list[tuple[object, ...]]:
    with database.transaction(Role.OWNER) as conn:
        return conn.execute(query.encode()).fetchall()


def test_a_month_is_closed_after_a_look_at_what_it_fixes(books, browser):
    page = browser.open("billing")
    assert page.selectbox(key="month-chosen").value == date(2025, 9, 1), "the oldest that waits"
    assert "Primero hay que cerrar el mes" in text_of(page)
    page = click(at(browser, NOVEMBER), "month-close")
    used = rows(books, "SELECT sum(total_messages), sum(total_cost) FROM month_totals WHERE (year, month) = (2025, 9)")
    events, cost = used[0]
    assert f"septiembre de 2025: {SPANISH.number(events)} llamadas, {SPANISH.cost(cost)}".replace(
        "\u00a0", " "
    ) in text_of(page)
    assert rows(books, "SELECT count(*) FROM closed_months") == [(0,)], "it was only tried"
    page = click(page, "month-cancel")
    page = click(click(page, "month-close"), "month-confirm")
    assert "Se cerró hasta noviembre de 2025" in text_of(page)
    assert rows(books, "SELECT count(*) FROM closed_months") == [(3,)]
    who = "SELECT DISTINCT u.email FROM audit_logs a JOIN users u ON u.id = a.admin_id WHERE a.action = 'CLOSE_MONTH'"
    assert rows(books, who) == [(ADMIN,)]


def test_drafts_are_looked_at_discarded_and_issued_with_numbers(books, browser):
    page = click(click(at(browser, NOVEMBER), "month-close"), "month-confirm")
    page = click(at(browser, NOVEMBER), "month-draft")
    assert "Noviembre de 2025: 2 borradores nuevos".lower() in text_of(page).lower()
    assert rows(books, "SELECT status, count(*) FROM invoices GROUP BY status") == [("draft", 2)]
    page = click(click(at(browser, NOVEMBER), "month-discard"), "month-confirm")
    assert rows(books, "SELECT count(*) FROM invoices") == [(0,)]
    page = click(at(browser, NOVEMBER), "month-issue")
    said = text_of(page)
    assert "2 facturas. De la F-000001 a la F-000002." in said
    assert rows(books, "SELECT count(*) FROM invoices") == [(0,)], "it was only tried"
    page = click(page, "month-confirm")
    assert "Se emitieron las facturas de noviembre de 2025" in text_of(page)
    found = rows(books, "SELECT number, status, total FROM invoices ORDER BY number")
    assert [(number, status) for number, status, _ in found] == [("F-000001", "final"), ("F-000002", "final")]
    assert money(sum(total for *_, total in found)) in text_of(page)


def test_months_are_issued_in_order(books, browser):
    with books.transaction(Role.OWNER) as conn:
        conn.execute("UPDATE subscriptions SET valid_from = '2025-10-01 06:00Z'")
        grant(conn, date(2025, 10, 1), ANA, Decimal(10), "Disculpa")
    page = click(click(at(browser, NOVEMBER), "month-close"), "month-confirm")
    page = click(at(browser, NOVEMBER), "month-issue")
    assert "un mes anterior todavía tiene borradores" in page.error[0].value
    assert rows(books, "SELECT count(*) FROM invoices WHERE status <> 'draft'") == [(0,)]


def invoice_of(browser: Browser, books: Database, email: str) -> AppTest:
    """The page with the invoice of somebody chosen."""
    page = browser.open("billing")
    ((invoice,),) = rows(
        books, f"SELECT i.id::text FROM invoices i JOIN users u ON u.id = i.user_id WHERE u.email = '{email}'"
    )
    page.selectbox(key="invoice").set_value(invoice).run()
    assert not page.exception
    return page


def number_of(books: Database, email: str) -> tuple[str, Decimal]:
    ((number, total),) = rows(
        books,
        "SELECT i.number, i.total FROM invoices i JOIN users u ON u.id = i.user_id"
        f" WHERE i.kind = 'invoice' AND u.email = '{email}'",
    )
    assert isinstance(number, str)
    assert isinstance(total, Decimal)
    return number, total


def test_money_that_came_is_noted_once_and_given_back_by_a_note(issued, browser):
    number, total = number_of(issued, ANA)
    page = invoice_of(browser, issued, ANA)
    assert money(total) in text_of(page)
    page.number_input(key=f"pay-amount-{number}").set_value(100.0)
    page.text_input(key=f"pay-reference-{number}").set_value("SPEI 8812")
    page = submit(page, "Registrar el pago")
    assert f"{number}: se registró un pago de {money(Decimal(100))}" in text_of(page)
    page.text_input(key=f"pay-reference-{number}").set_value("SPEI 8812")
    page = submit(page, "Registrar el pago")
    assert "Ya hay un pago con la referencia «SPEI 8812»" in page.error[0].value
    page.text_input(key=f"pay-reference-{number}").set_value("SPEI 8813")
    page = submit(page, "Registrar el pago")
    assert rows(issued, f"SELECT status FROM invoices WHERE number = '{number}'") == [("paid",)]
    page.number_input(key=f"credit-amount-{number}").set_value(50.0)
    page.text_input(key=f"credit-reason-{number}").set_value("Falla del 12")
    page = submit(page, "Hacer la nota")
    assert f"Por devolver {money(Decimal(50))}" in text_of(page)
    page = submit(page, "Registrar la devolución")
    assert "se registró una devolución" in text_of(page)
    assert rows(issued, "SELECT kind, amount FROM payments ORDER BY kind DESC, amount") == [
        ("refund", Decimal(50)),
        *sorted([("payment", Decimal(100)), ("payment", total - 100)]),
    ]
    assert rows(issued, "SELECT kind, total FROM invoices WHERE kind <> 'invoice'") == [("credit_note", Decimal(-50))]


def test_an_invoice_never_owed_is_voided_after_a_yes(issued, browser):
    number, _ = number_of(issued, BETO)
    page = invoice_of(browser, issued, BETO)
    assert page.button(key="invoice-void").disabled
    page.checkbox(key=f"void-sure-{number}").check().run()
    page = click(page, "invoice-void")
    assert f"{number} quedó anulada" in text_of(page)
    assert rows(issued, f"SELECT status FROM invoices WHERE number = '{number}'") == [("void",)]
