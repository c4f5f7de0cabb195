"""Admins close a month, draft and issue its invoices, and note what comes of them, on the page."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import polars as pl
import pytest
from streamlit.testing.v1 import AppTest

from app_streamlit import provider
from app_streamlit.formats import Formats
from cauce.billing.corrections import credit, grant
from cauce.billing.payments import pay
from cauce.database import Database, Role
from cauce.settings import PROJECT
from tests.app_streamlit.conftest import Browser, text_of
from tests.app_streamlit.seed import ADMIN, ANA, BETO, publish_marts
from tests.cauce.billing.test_document import texts
from tests.conftest import sign_in_to
from tests.expectations.world import copy_of

SPANISH = Formats("es", "America/Mexico_City")
NOVEMBER = date(2025, 11, 1)
MONTHS = (PROJECT / "app_streamlit" / "queries" / "billing" / "months.sql").read_bytes()


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
    publish_marts(books)
    assert "de noviembre de 2025, cerrado" in text_of(browser.open("billing"))


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
    assert page.error[0].value.startswith("No se hizo nada: octubre de 2025 todavía tiene borradores")
    assert rows(books, "SELECT count(*) FROM invoices WHERE status <> 'draft'") == [(0,)]


@pytest.fixture
def files(monkeypatch) -> dict[str, bytes]:
    """What the buttons of the page download when they are clicked, by name."""
    offered: dict[str, bytes] = {}

    def click(_label, data, *, file_name, **_options):
        offered[file_name] = data() if callable(data) else data

    monkeypatch.setattr("streamlit.download_button", click)
    return offered


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
    page.date_input(key=f"pay-on-{number}").set_value(date(2025, 12, 3))
    page = submit(page, "Registrar el pago")
    assert f"{number}: se registró un pago de {money(Decimal(100))}" in text_of(page)
    paid_at = "SELECT (paid_at AT TIME ZONE 'America/Mexico_City')::text FROM payments"
    assert rows(issued, paid_at) == [("2025-12-03 00:00:00",)]
    page.text_input(key=f"pay-reference-{number}").set_value("SPEI 8812")
    page = submit(page, "Registrar el pago")
    assert "ya hay un pago con la referencia «SPEI 8812»" in page.error[0].value
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


def overdue(books: Database) -> int:
    """How many invoices of November are late once the days to pay are over."""
    with books.transaction(Role.OWNER) as conn:
        found = conn.execute(MONTHS, {"today": datetime.now(UTC).date() + timedelta(days=60)}).fetchall()
    return next(row[-1] for row in found if row[0] == NOVEMBER)


def test_overdue_is_only_what_is_still_due(issued):
    late = overdue(issued)
    assert late
    (given_back, _), (paid, _) = number_of(issued, ANA), number_of(issued, BETO)
    with issued.transaction(Role.OWNER) as conn:
        credit(conn, given_back)
        pay(conn, paid, amount=Decimal(1))
    assert overdue(issued) == late - 1


def test_an_invoice_never_owed_is_voided_after_a_yes(issued, browser):
    number, _ = number_of(issued, BETO)
    page = invoice_of(browser, issued, BETO)
    assert page.button(key="invoice-void").disabled
    page.checkbox(key=f"void-sure-{number}").check().run()
    page = click(page, "invoice-void")
    assert f"{number} quedó anulada" in text_of(page)
    assert rows(issued, f"SELECT status FROM invoices WHERE number = '{number}'") == [("void",)]


def test_a_credit_is_given_in_the_draft_of_a_month_and_in_none_that_was_issued(books, browser):
    page = at(browser, NOVEMBER)
    page.selectbox(key="credit-who").set_value(ANA).run()
    page = submit(page, "Dar el crédito")
    assert page.error[0].value == "Falta el importe o el motivo."
    page.number_input(key="credit-give-amount-MXN").set_value(25.5)
    page.text_input(key="credit-give-reason").set_value("Falla del 12")
    page = submit(page, "Dar el crédito")
    assert f"{ANA}: crédito de {money(Decimal('25.5'))} en el borrador de noviembre de 2025" in text_of(page)
    given = rows(books, "SELECT description, amount FROM invoice_lines WHERE kind = 'credit'")
    assert given == [("Falla del 12", Decimal("-25.50"))]
    who = "SELECT DISTINCT u.email FROM audit_logs a JOIN users u ON u.id = a.admin_id WHERE a.action = 'GRANT_CREDIT'"
    assert rows(books, who) == [(ADMIN,)]

    for step in ("month-close", "month-confirm", "month-issue", "month-confirm"):
        page = click(page, step)
    page.selectbox(key="credit-who").set_value(ANA).run()
    page.number_input(key="credit-give-amount-MXN").set_value(1.0)
    page.text_input(key="credit-give-reason").set_value("Otra")
    page = submit(page, "Dar el crédito")
    number, _ = number_of(books, ANA)
    assert f"noviembre de 2025 ya se le facturó a esa persona ({number})" in page.error[0].value
    assert rows(books, "SELECT count(*) FROM invoice_lines WHERE kind = 'credit'") == [(1,)]


def test_the_document_of_an_invoice_is_downloaded_by_admins_and_its_person_alone(issued, browser, files):
    number, total = number_of(issued, ANA)
    invoice_of(browser, issued, ANA)
    told = "SELECT u.email, a.details ->> 'file' FROM audit_logs a JOIN users u ON u.id = a.admin_id WHERE a.action = 'EXPORT_INVOICE'"
    assert rows(issued, told) == [(ADMIN, f"{number}.pdf")]
    said = texts(files.pop(f"{number}.pdf"))
    assert {f"Factura {number}", f"{total:,.2f}"} <= set(said)
    browser.token = sign_in_to(issued, ANA)
    page = browser.open("my_invoices")
    assert not page.exception
    shown = page.dataframe[0].value
    assert shown[["number", "status", "total", "due"]].to_numpy().tolist() == [
        [number, "Emitida", float(total), float(total)]
    ]
    assert texts(files[f"{number}.pdf"]) == said
    assert [name for name in files if name.endswith(".pdf")] == [f"{number}.pdf"]
    assert rows(issued, told) == [(ADMIN, f"{number}.pdf")]  # a person's own invoice is theirs to take


def test_a_months_cost_is_downloaded_as_focus(books, browser, files):
    page = click(at(browser, NOVEMBER), "focus-make")
    charges = pl.read_csv(files["focus-2025-11.csv"], schema_overrides={"BilledCost": pl.Decimal(38, 12)})
    with books.transaction(Role.ADMIN, session_token=browser.token) as conn:
        cost, unknown = conn.execute(
            "SELECT sum(total_cost), sum(unknown_cost_events)::bigint FROM marts.billable_daily WHERE month = '2025-11-01'"
        ).fetchone()
    assert charges["BilledCost"].sum() == cost
    assert f"Sin el costo de {unknown} llamadas" in text_of(page)
    told = "SELECT DISTINCT u.email FROM audit_logs a JOIN users u ON u.id = a.admin_id WHERE a.action = 'EXPORT_FOCUS'"
    assert rows(books, told) == [(ADMIN,)]


def test_what_changed_of_a_closed_month_is_listed_by_person_and_month(books, browser):
    page = click(click(at(browser, date(2025, 9, 1)), "month-close"), "month-confirm")
    assert "De ningún mes cerrado ha cambiado nada" in text_of(page)
    with books.transaction(Role.OWNER) as conn:
        conn.execute(
            "INSERT INTO usage_logs (user_id, timestamp, agent_id, source, event_id, provider, model, tokens_input,"
            " tokens_output, total_tokens, total_cost) SELECT user_id, '2025-09-20 18:00Z', agent_id, 'test', 'late',"
            " 'openai', 'gpt-late', 7, 3, 10, 0.5 FROM usage_logs WHERE event_id = 'asistente-ana-0-0'"
        )
    publish_marts(books)
    page = browser.open("billing")
    late = next(table.value for table in page.dataframe if "applies_to" in table.value and "model" in table.value)
    shown = late[["email", "model", "total_tokens", "total_cost"]].to_numpy().tolist()
    assert shown == [[ANA, "gpt-late", 10, 0.5]]
    assert [f"{late[name][0]:%Y-%m}" for name in ("applies_to", "month")] == ["2025-09", "2025-10"]
