"""The document of an invoice, to download."""

from app_streamlit.downloads import offer
from app_streamlit.page import Page
from cauce.billing.document import invoice_pdf


def show_pdf(page: Page, named: str) -> None:
    """Offer the PDF of the invoice with this number, or of the draft with this id."""

    def document() -> bytes:
        with page.data() as data:
            return invoice_pdf(data.conn, named)

    offer(
        page,
        page.t("billing.pdf"),
        document,
        "EXPORT_INVOICE",
        file_name=f"{named}.pdf",
        mime="application/pdf",
        key="invoice-pdf",
        icon=":material/picture_as_pdf:",
    )
