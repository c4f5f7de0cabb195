"""The books of the demo: its months closed and billed but the latest, which is left to do; most of it paid."""

from datetime import UTC, date, datetime, time, timedelta

import psycopg

from cauce.billing.closing import close_months, closed_months
from cauce.billing.corrections import credit
from cauce.billing.invoices import Invoice, list_invoices
from cauce.billing.issuing import finalize
from cauce.billing.payments import pay
from cauce.database import Database, Role
from cauce.demo.cast import DOMAIN
from cauce.demo.plan import DemoPlan
from cauce.demo.randomness import generator
from cauce.demo.window import Month, Window
from cauce.models.billing import InvoiceStatus

DAY_OF_INVOICES = 3
"""Of the month after, at noon UTC: by then a month is over in every zone."""
_OTHERS = """
SELECT EXISTS (SELECT FROM month_totals m JOIN users u ON u.id = m.user_id
  WHERE m.total_messages > 0 AND u.email NOT LIKE %s)
"""
_ISSUED = "SELECT EXISTS (SELECT FROM invoices WHERE period_start = %s AND kind = 'invoice' AND status <> 'draft')"


def bill_months(db: Database, plan: DemoPlan) -> int:
    """Close and bill what is over, but the latest month; gives how many invoices were issued.

    Again issues nothing: a month with invoices stays as it is. Where somebody else has usage nothing is done at all,
    as a month is closed for everybody, and for good.
    """
    over = [month for month in Window.ending(plan.today, plan.months).months if month.last < plan.today][:-1]
    if not over:
        return 0
    with db.transaction(Role.OWNER) as conn:
        if conn.execute(_OTHERS, (f"%@{DOMAIN}",)).fetchone() == (True,):
            return 0
        closed = {one.month for one in closed_months(conn)}
        if over[-1].first not in closed:
            close_months(conn, over[-1].first)
    return sum(_bill(db, plan, month, is_last=month == over[-1]) for month in over)


def _bill(db: Database, plan: DemoPlan, month: Month, *, is_last: bool) -> int:
    day = month.shift(1).first.replace(day=DAY_OF_INVOICES)
    at = datetime.combine(day, time(12), UTC)
    with db.transaction(Role.OWNER) as conn:
        if conn.execute(_ISSUED, (month.first,)).fetchone() == (True,):
            return 0
        issued = finalize(conn, month.first, at=at)
        invoices = list_invoices(conn, month=month.first, status=InvoiceStatus.FINAL)
        if is_last and invoices:
            amount = round(invoices[-1].total / 2, invoices[-1].minor_units)
            credit(conn, invoices[-1].number or "", amount=amount, reason="Interrupción del servicio")
        for invoice in invoices:
            _pay(conn, plan, invoice, day, is_last=is_last)
    return issued.count


def _pay(conn: psycopg.Connection, plan: DemoPlan, invoice: Invoice, issued: date, *, is_last: bool) -> None:
    """Most pay, within four weeks; of the latest month some have not, yet."""
    random = generator(plan.seed, "payments", invoice.email, issued)
    day = issued + timedelta(days=int(random.integers(0, 28)))
    if day >= plan.today or random.random() < (0.3 if is_last else 0.02):
        return
    method = "card" if random.random() < 0.7 else "transfer"
    pay(conn, invoice.number or "", method=method, reference=f"{invoice.number}-{method}", on=day)
