"""The document of an invoice, to download."""

import streamlit as st

from app_streamlit.page import Page
from cauce.billing.document import invoice_pdf


def show_pdf(page: Page, named: str) -> None:
    """Offer the PDF of the invoice with this number, or of the draft with this id."""
    with page.data() as data:
        document = invoice_pdf(data.conn, named)
    st.download_button(
        page.t("billing.pdf"),
        document,
        file_name=f"{named}.pdf",
        mime="application/pdf",
        key="invoice-pdf",
        on_click="ignore",
        icon=":material/picture_as_pdf:",
    )
