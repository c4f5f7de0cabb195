"""What an admin does about one invoice: note money that came or went back, give some back by a credit note, void it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Final

import streamlit as st

from app_streamlit import refresh
from app_streamlit.page import Data, Page
from app_streamlit.refusals import show_refusal
from cauce.billing.corrections import credit, void
from cauce.billing.invoices import Invoice
from cauce.billing.payments import pay, refund
from cauce.errors import CauceError
from cauce.models.billing import InvoiceKind, InvoiceStatus

_MESSAGE: Final = "invoice-message"
_LONGEST_REFERENCE: Final = 100
_LONGEST_REASON: Final = 300
METHODS: Final = ("transfer", "card", "cash", "other")


@dataclass(frozen=True, slots=True)
class _Money:
    """What was filled in about money that came or went."""

    amount: Decimal
    method: str
    reference: str | None
    on: date | None


def show_acted() -> None:
    """Say what the last act on an invoice was."""
    if message := st.session_state.pop(_MESSAGE, None):
        st.success(message, icon=":material/check_circle:")


def show_acts(page: Page, invoice: Invoice) -> None:
    """The acts that are possible for this invoice in its state; none for a draft or what is void."""
    t = page.t
    if invoice.number is None or invoice.kind != InvoiceKind.INVOICE or invoice.status == InvoiceStatus.VOID:
        return
    left = invoice.total - invoice.credited
    _sums(page, invoice, left)
    if invoice.due:
        with st.expander(t("invoice.pay"), icon=":material/payments:"):
            _money(page, invoice, "pay", invoice.due)
    if invoice.overpaid:
        with st.expander(t("invoice.refund"), icon=":material/undo:"):
            _money(page, invoice, "refund", invoice.overpaid)
    if left:
        with st.expander(t("invoice.credit"), icon=":material/request_quote:"):
            _credit(page, invoice, left)
    if invoice.status == InvoiceStatus.FINAL and not invoice.paid and not invoice.credited:
        with st.expander(t("invoice.void"), icon=":material/block:"):
            _void(page, invoice)


def _sums(page: Page, invoice: Invoice, left: Decimal) -> None:
    f, currency = page.f, invoice.currency
    parts = [page.t("invoice.asked", amount=f.money(left, currency))]
    for name, amount in (("credited", invoice.credited), ("received", invoice.paid), ("overpaid", invoice.overpaid)):
        if amount:
            parts.append(page.t(f"invoice.{name}", amount=f.money(amount, currency)))
    if invoice.due:
        parts.append(page.t("invoice.due", amount=f.money(invoice.due, currency), day=f.date(invoice.due_on)))
    st.markdown(" · ".join(parts))


def _amount(page: Page, invoice: Invoice, key: str, most: Decimal) -> Decimal:
    """An amount up to `most`, in units of the currency."""
    unit = Decimal(1).scaleb(-invoice.minor_units)
    given = st.number_input(
        page.t("invoice.amount", currency=invoice.currency),
        min_value=float(unit),
        max_value=float(most),
        value=float(most),
        step=float(unit),
        format=f"%.{invoice.minor_units}f",
        key=f"{key}-amount-{invoice.number}",
    )
    return Decimal(str(given)).quantize(unit)


def _money(page: Page, invoice: Invoice, act: str, most: Decimal) -> None:
    t, number = page.t, invoice.number or ""
    today = page.f.local(datetime.now(UTC)).date()
    with st.form(f"invoice-{act}"):
        left, right = st.columns(2)
        with left:
            amount = _amount(page, invoice, act, most)
        on = right.date_input(
            t("invoice.on"),
            today,
            min_value=min(invoice.period_start, today),
            max_value=today,
            key=f"{act}-on-{number}",
        )
        left, right = st.columns(2)
        method = left.selectbox(
            t("invoice.method"), METHODS, format_func=lambda m: t(f"invoice.by.{m}"), key=f"{act}-method-{number}"
        )
        reference = right.text_input(
            t("invoice.reference"),
            key=f"{act}-reference-{number}",
            max_chars=_LONGEST_REFERENCE,
            help=t("invoice.reference_help"),
        )
        if not st.form_submit_button(t(f"invoice.do.{act}"), type="primary", icon=":material/check:"):
            return
    # Of today the hour is known.
    money = _Money(amount, method, reference.strip() or None, None if on == today else on)
    write = pay if act == "pay" else refund

    def note(data: Data) -> object:
        return write(
            data.conn, number, amount=money.amount, method=money.method, reference=money.reference, on=money.on
        )

    _act(page, note, t(f"invoice.done.{act}", number=number, amount=page.f.money(amount, invoice.currency)))


def _credit(page: Page, invoice: Invoice, left: Decimal) -> None:
    t, number = page.t, invoice.number or ""
    with st.form("invoice-credit"):
        one, other = st.columns([1, 2])
        with one:
            amount = _amount(page, invoice, "credit", left)
        reason = other.text_input(t("invoice.reason"), key=f"credit-reason-{number}", max_chars=_LONGEST_REASON)
        st.caption(t("invoice.credit_text"))
        if not st.form_submit_button(t("invoice.do.credit"), type="primary", icon=":material/check:"):
            return
    done = t("invoice.done.credit", number=number, amount=page.f.money(amount, invoice.currency))
    _act(page, lambda data: credit(data.conn, number, amount=amount, reason=reason.strip() or None), done, renew=True)


def _void(page: Page, invoice: Invoice) -> None:
    t, number = page.t, invoice.number or ""
    st.markdown(t("invoice.void_text"))
    sure = st.checkbox(t("invoice.sure", number=number), key=f"void-sure-{number}")
    if st.button(t("invoice.do.void"), disabled=not sure, icon=":material/block:", key="invoice-void"):
        _act(page, lambda data: void(data.conn, number), t("invoice.done.void", number=number), renew=True)


def _act(page: Page, act: Callable[[Data], object], done: str, *, renew: bool = False) -> None:
    """Do it, say so, and with `renew` have the figures that know of invoices computed anew."""
    try:
        with page.data() as data:
            act(data)
    except CauceError as error:
        show_refusal(page, error)
        return
    st.session_state[_MESSAGE] = done
    if renew:
        refresh.start()
    st.rerun()
