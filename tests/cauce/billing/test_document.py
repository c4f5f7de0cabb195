"""An invoice on paper: the figures as they are, in the person's language, the same bytes each time."""

import re
from datetime import date
from decimal import Decimal
from uuid import UUID

import pytest

from cauce.billing.closing import close_months
from cauce.billing.corrections import credit, grant, void
from cauce.billing.document import invoice_pdf
from cauce.billing.drafts import draft
from cauce.billing.issuing import finalize
from cauce.billing.pdf import Page, write
from cauce.database import Database, Role
from cauce.errors import FatalError
from tests.cauce.billing.history import in_books, person_with
from tests.conftest import sign_in_to

OCTOBER = date(2025, 10, 1)


def texts(pdf: bytes) -> list[str]:
    """What is written, in order; the file's own table of contents must be right."""
    assert pdf.startswith(b"%PDF-1.4\n")
    assert pdf.endswith(b"%%EOF\n")
    table = int(pdf.rsplit(b"startxref\n", 1)[1].split()[0])
    assert pdf[table:].startswith(b"xref\n")
    places = [int(place) for place in re.findall(rb"(\d{10}) 00000 n ", pdf[table:])]
    assert all(pdf[place:].startswith(f"{number} 0 obj\n".encode()) for number, place in enumerate(places, 1))
    for length, stream in re.findall(rb"/Length (\d+) >>\nstream\n(.*?)\nendstream", pdf, re.DOTALL):
        assert int(length) == len(stream)
    found = re.findall(rb"\(((?:[^()\\]|\\.)*)\) Tj", pdf)
    return [re.sub(r"\\(.)", r"\1", text.decode("cp1252")) for text in found]


def bill(database: Database, language: str = "es", **changes: str) -> UUID:
    person = person_with(database, "ana@example.com", ("PRO", "2025-01-01", None, 499, "month"), language=language)
    with database.transaction(Role.OWNER) as conn:
        conn.execute("UPDATE users SET name = 'Ana (Núñez) \\ Cía.'")
        conn.execute(
            "INSERT INTO fx_rates (base, quote, date, source, rate) VALUES ('USD', 'MXN', '2025-09-30', 'banxico', 18.3848)"
        )
        close_months(conn, OCTOBER)
    in_books(database, finalize, OCTOBER)
    return person


def document(database: Database, number: str) -> bytes:
    with database.transaction(Role.OWNER) as conn:
        pdf = invoice_pdf(conn, number)
        assert invoice_pdf(conn, number) == pdf
    return pdf


@pytest.mark.parametrize("language", ["es", "en"])
def test_an_invoice_says_what_it_is_and_what_it_is_not(db: Database, language: str) -> None:
    bill(db, language)
    said = texts(document(db, "F-000001"))
    spanish = [
        "Factura F-000001", "1 de octubre de 2025 – 31 de octubre de 2025", "Plan Profesional, octubre de 2025",
        "Referencia: 31.48 USD, a 18.3848 MXN por dólar (banxico, 30 de septiembre de 2025).",
        "Este documento no es un CFDI ni un comprobante fiscal.", "Por pagar", "IVA 16 %",
    ]  # fmt: skip
    english = [
        "Invoice F-000001", "1 October 2025 – 31 October 2025", "Professional plan, October 2025",
        "For reference: 31.48 USD, at 18.3848 MXN a dollar (banxico, 30 September 2025).",
        "This document is not a CFDI, the tax receipt of Mexico.", "To pay", "VAT (IVA) 16 %",
    ]  # fmt: skip
    assert set(spanish if language == "es" else english) <= set(said)
    assert {"cjhirashi-agents", "Ana (Núñez) \\ Cía. <ana@example.com>", "499.00", "79.84", "578.84"} <= set(said)


def test_drafts_void_ones_and_credit_notes_say_so(db: Database) -> None:
    bill(db)
    note = in_books(db, credit, "F-000001", amount=Decimal(116)).number
    assert note
    assert {"Nota de crédito NC-000001", "F-000001", "-100.00", "-16.00", "-116.00"} <= set(texts(document(db, note)))
    assert {"Notas de crédito", "-116.00", "462.84"} <= set(texts(document(db, "F-000001")))
    in_books(db, draft, date(2025, 11, 1))
    with db.transaction(Role.OWNER) as conn:
        [number] = conn.execute("SELECT id::text FROM invoices WHERE status = 'draft'").fetchone() or [""]
    assert "Factura · Borrador" in texts(document(db, number))
    with db.transaction(Role.OWNER) as conn:
        close_months(conn, date(2025, 11, 1))
    in_books(db, finalize, date(2025, 11, 1))
    in_books(db, void, "F-000002")
    assert "ANULADA" in texts(document(db, "F-000002"))


def test_a_long_invoice_goes_on_on_the_next_page(db: Database) -> None:
    person_with(db, "ana@example.com", ("PRO", "2025-01-01", None, 499, "month"))
    for n in range(3):
        in_books(db, grant, OCTOBER, "ana@example.com", Decimal(1), f"{n} " + "muy larga " * 49)
    with db.transaction(Role.OWNER) as conn:
        conn.execute(
            "INSERT INTO invoice_lines (user_id, invoice_id, position, kind, description, unit_price)"
            " SELECT user_id, id, 100 + n, 'credit', 'Línea ' || n, -1 FROM invoices, generate_series(1, 40) n"
        )
    in_books(db, draft, OCTOBER)
    with db.transaction(Role.OWNER) as conn:
        [number] = conn.execute("SELECT id::text FROM invoices").fetchone() or [""]
    said = texts(document(db, number))
    assert said.count("Concepto") == 2
    assert {"Página 1 / 2", "Página 2 / 2", "Línea 40"} <= set(said)


def test_a_person_gets_their_own_invoice_only(db: Database) -> None:
    bill(db)
    person_with(db, "leo@example.com", ("FREE", "2025-01-01", None, 0, "month"))
    with db.transaction(Role.USER, session_token=sign_in_to(db, "ana@example.com")) as conn:
        assert "Factura F-000001" in texts(invoice_pdf(conn, "F-000001"))
    with (
        db.transaction(Role.USER, session_token=sign_in_to(db, "leo@example.com")) as conn,
        pytest.raises(FatalError, match="there is no invoice F-000001"),
    ):
        invoice_pdf(conn, "F-000001")


def test_what_no_font_has_is_a_question_mark_and_no_text_leaves_its_place() -> None:
    page = Page()
    page.text(10, 10, "Łukasz\n) Tj (漢字")
    assert texts(write([page], title="漢", made_at=None)) == ["?ukasz ) Tj (??"]
