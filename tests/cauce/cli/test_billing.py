"""Billing by command, from drafts on."""

from pathlib import Path

import psycopg

from tests.cauce.cli.conftest import Cauce


def test_a_month_is_billed_by_command(cauce: Cauce, environment: dict[str, str]) -> None:
    assert cauce("link", "ana@example.com", "--create-user").returncode == 0
    with psycopg.connect(environment["DATABASE_URL"]) as conn:
        conn.execute("UPDATE subscriptions SET plan_code = 'PRO', amount = 499, valid_from = '2025-01-01'")
    assert cauce("billing", "list").stdout == "no invoices\n"
    assert "use one of draft, final, paid, void" in cauce("billing", "list", "--status", "lost").stderr
    drafted = cauce("billing", "draft", "2025-10")
    assert drafted.returncode == 0, drafted.stderr
    assert "2025-10: 1 new, 0 changed, 0 as they were, 0 with nothing to bill any more" in drafted.stdout
    assert "578.84 MXN in drafts" in drafted.stdout
    listed = cauce("billing", "list", "--month", "2025-10").stdout
    assert "578.84 MXN" in listed
    shown = cauce("billing", "show", listed.splitlines()[1].split()[0]).stdout
    assert "Plan Profesional, octubre de 2025" in shown
    assert "0.16" in shown
    assert "there is no invoice F-000009" in cauce("billing", "show", "F-000009").stderr
    assert "is not a month" in cauce("billing", "draft", "october").stderr


def test_months_are_closed_and_listed_by_command(cauce: Cauce) -> None:
    assert "no month is closed" in cauce("billing", "months").stdout
    assert "2025-01 is closed: 0 events" in cauce("billing", "close", "2025-01").stdout
    assert "2025-02 is open; it can be closed from 2025-03-01 12:00 UTC on" in cauce("billing", "months").stdout
    again = cauce("billing", "close", "2025-01")
    assert again.returncode != 0
    assert "closed already" in again.stderr
    assert "is not over in every time zone" in cauce("billing", "close", "2999-01").stderr
    assert "write it as 2026-10" in cauce("billing", "close", "enero").stderr


def test_an_invoice_is_issued_paid_and_given_back_by_command(cauce: Cauce, environment: dict[str, str]) -> None:
    assert cauce("link", "ana@example.com", "--create-user").returncode == 0
    with psycopg.connect(environment["DATABASE_URL"]) as conn:
        conn.execute("UPDATE subscriptions SET plan_code = 'PRO', amount = 499, valid_from = '2025-01-01'")
    assert "2025-10 is not closed" in cauce("billing", "finalize", "2025-10").stderr
    assert cauce("billing", "close", "2025-10").returncode == 0
    granted = cauce("billing", "grant", "2025-10", "ana@example.com", "99", "--reason", "Disculpa")
    assert "464.00 MXN" in granted.stdout, granted.stderr
    assert "1 issued, F-000001 to F-000001\n  464.00 MXN" in cauce("billing", "finalize", "2025-10").stdout
    assert (
        "264.00 MXN are still due"
        in cauce("billing", "pay", "F-000001", "--amount", "200", "--on", "2025-11-03").stdout
    )
    assert "F-000001 is paid" in cauce("billing", "pay", "F-000001").stdout
    assert "NC-000001 gives back 64.00 MXN" in cauce("billing", "credit", "F-000001", "--amount", "64").stdout
    assert "0.00 MXN are still to be given back" in cauce("billing", "refund", "F-000001").stdout
    shown = cauce("billing", "show", "F-000001").stdout
    assert "credited 64.00 MXN · paid 400.00 MXN" in shown
    assert "was paid or given back" in cauce("billing", "void", "F-000001").stderr
    assert cauce("billing", "pdf", "F-000001", "-o", environment["CAUCE_HOME"] + ".pdf").returncode == 0
    assert Path(environment["CAUCE_HOME"] + ".pdf").read_bytes().startswith(b"%PDF-1.4")
    assert "cannot be written" in cauce("billing", "pdf", "F-000001", "-o", "/nowhere/a.pdf").stderr
    assert "is not an amount" in cauce("billing", "pay", "F-000001", "--amount", "-1").stderr
    assert "0 drafts given up" in cauce("billing", "discard", "2025-10").stdout
