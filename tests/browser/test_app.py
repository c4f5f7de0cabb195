"""What only a browser shows: signing in by the button, real pages, files and websockets, and the end of a session."""

import re
import urllib.error
import urllib.request
from decimal import Decimal
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from app_streamlit.formats import Formats
from cauce.database import Role
from cauce.security.sign_in import revoke
from tests.app_streamlit.seed import ADMIN, ANA, ANALYST, BETO, NEW
from tests.browser.conftest import Site
from tests.cauce.billing.test_document import texts

pytestmark = pytest.mark.browser
STATEMENT = Path(__file__).parents[1] / "data" / "app" / "statement.ofx"
SPANISH = Formats("es", "America/Mexico_City")
LONG = 30_000


def cookie_of(page: Page) -> str:
    return next(str(cookie["value"]) for cookie in page.context.cookies() if cookie["name"] == "cauce_session")


def status_of(url: str, cookie: str | None = None) -> int:
    request = urllib.request.Request(url, headers={"Cookie": f"cauce_session={cookie}"} if cookie else {})
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def taken_by(site: Site, email: str, action: str) -> list[str]:
    """The files that the audit log says somebody took."""
    with site.db.transaction(Role.ADMIN) as conn:
        told = conn.execute(
            "SELECT details ->> 'file' FROM audit_logs WHERE action = %s AND admin_id = %s ORDER BY sequence",
            (action, site.people[email]),
        ).fetchall()
    return [name for (name,) in told]


def still(page: Page) -> None:
    """Wait until the page is laid out: a click on what is just being replaced is lost."""
    expect(page.locator(".cauce-fresh")).to_be_visible(timeout=LONG)
    expect(page.locator('[data-testid="stApp"][data-test-script-state="notRunning"]')).to_be_visible(timeout=LONG)


def test_a_person_signs_in_and_sees_the_marts_figures(visit, site):
    page = visit(ANA)
    with site.db.transaction(Role.USER, session_token=cookie_of(page)) as conn:
        row = conn.execute(
            "SELECT income, expense, net FROM marts.cash_flow_monthly WHERE month = '2025-11-01'"
        ).fetchone()
    assert row
    assert page.url == f"{site.url}/finance"
    for name, amount, sign in (("Ingresos", row[0], False), ("Gastos", row[1], False), ("Neto", row[2], True)):
        card = page.locator(".cauce-card", has=page.get_by_text(name, exact=True))
        expect(card).to_contain_text(SPANISH.money(amount, "MXN", sign=sign).split("\u00a0")[0])
    assert row[2] == Decimal(row[0]) - row[1]
    expect(page.locator("canvas, svg.marks").first).to_be_visible(timeout=LONG)


def test_nothing_is_fetched_from_outside_and_no_policy_is_broken(visit, site):
    page = visit(ADMIN)
    asked: list[str] = []
    broken: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on(
        "console", lambda message: broken.append(message.text) if "Content Security Policy" in message.text else None
    )
    admin = ("/overview", "/admin-usage", "/billing", "/plans", "/reconciliation", "/alerts")
    for path in (*admin, "/finance", "/health", "/usage", "/settings"):
        page.goto(site.url + path)
        expect(page.locator(".cauce-fresh")).to_be_visible(timeout=LONG)
    assert len(asked) > 20
    assert [url for url in asked if not url.startswith((site.url, "data:", "blob:"))] == []
    assert broken == []


def test_a_row_narrows_to_itself_and_back_goes_back(visit, site):
    page = visit(ADMIN)
    page.goto(f"{site.url}/admin-usage")
    table = page.get_by_test_id("stDataFrame").first
    expect(table).to_be_visible(timeout=LONG)
    table.scroll_into_view_if_needed()
    # Rows are drawn on a canvas: the box of the first one stands below the heading, at the left.
    table.click(position={"x": 14, "y": 52})
    expect(page.get_by_role("button", name="Persona:")).to_contain_text(BETO, timeout=LONG)
    assert f"person={site.people[BETO]}" in page.url
    page.go_back()
    expect(page.get_by_role("button", name="Persona:")).to_have_count(0, timeout=LONG)
    assert page.url == f"{site.url}/admin-usage"


def test_the_websocket_and_files_are_refused_without_a_session(visit, site):
    def knock(cookie: str | None) -> None:
        headers = {"Cookie": f"cauce_session={cookie}"} if cookie else {}
        with connect(site.url.replace("http", "ws") + "/_stcore/stream", additional_headers=headers) as socket:
            socket.ping().wait(5)

    for cookie in (None, "forged"):
        with pytest.raises(InvalidStatus) as refused:
            knock(cookie)
        assert refused.value.response.status_code == 403
        for path in ("/finance", "/media/x.csv", "/_stcore/host-config"):
            assert status_of(site.url + path, cookie) == 401
    knock(cookie_of(visit(ANA)))


def test_a_download_is_its_owners_alone(visit, site):
    ana = visit(ANA)
    still(ana)
    ana.get_by_role("tab", name="Movimientos").click()
    ana.get_by_text(re.compile("Ver los .* movimientos")).click()
    still(ana)
    with ana.expect_download() as download:
        ana.get_by_role("tabpanel", name="Movimientos").get_by_role("button", name="Descargar CSV").click()
    text = download.value.path().read_text(encoding="utf-8-sig")
    assert "Súper 0" in text
    assert "Beto" not in text
    address = download.value.url
    assert re.fullmatch(f"{site.url}/media/.*csv", address)
    assert status_of(address, cookie_of(ana)) == 200
    assert status_of(address, cookie_of(visit(BETO))) == 404
    assert status_of(address, cookie_of(visit(ADMIN))) == 404
    assert taken_by(site, ANA, "EXPORT_TABLE") == []


def test_the_document_of_an_invoice_is_downloaded_and_read(visit, site):
    with site.db.transaction(Role.OWNER) as conn:
        conn.execute(
            "WITH made AS (INSERT INTO invoices (user_id, period_start, period_end) VALUES (%s, '2025-10-01', '2025-11-01')"
            " RETURNING user_id, id) INSERT INTO invoice_lines (user_id, invoice_id, position, kind, description,"
            " quantity, unit_price, amount) SELECT user_id, id, 1, 'base', 'Plan Básico', 1, 199, 199 FROM made",
            (site.people[ANA],),
        )
    admin = visit(ADMIN)
    admin.goto(f"{site.url}/billing")
    still(admin)
    admin.get_by_role("tab", name="Facturas").click()
    admin.get_by_label("Factura", exact=True).last.click()
    admin.get_by_role("option", name=f"Borrador de {ANA}").click()
    button = admin.get_by_role("button", name="Descargar PDF")
    expect(button).to_be_visible(timeout=LONG)
    still(admin)
    with admin.expect_download() as download:
        button.click()
    assert download.value.suggested_filename.endswith(".pdf")
    assert {"Plan Básico", "199.00"} <= set(texts(download.value.path().read_bytes()))
    assert taken_by(site, ADMIN, "EXPORT_INVOICE") == [download.value.suggested_filename]


def test_pages_of_others_cannot_be_opened_by_address(visit, site):
    page = visit(ANA)
    for path in ("/admin-usage", "/billing", "/marts"):
        page.goto(site.url + path)
        expect(page.get_by_role("heading", name="No tienes acceso a esta página")).to_be_visible(timeout=LONG)
        expect(page.get_by_text("beto@example.com")).to_have_count(0)
    page.goto(site.url + "/nothing")
    expect(page.get_by_role("heading", name="Esta página no existe")).to_be_visible()


def test_a_revoked_session_stops_a_live_page(visit, site):
    page = visit(ANA)
    expect(page.locator(".cauce-fresh")).to_be_visible(timeout=LONG)
    revoke(site.db, cookie_of(page))
    page.get_by_text("Mi salud", exact=True).click()
    expect(page.get_by_role("heading", name="Tu sesión terminó")).to_be_visible(timeout=LONG)
    expect(page.get_by_text("Losartán")).to_have_count(0)
    page.get_by_role("link", name="Iniciar sesión").click()
    expect(page.get_by_role("heading", name="Inicia sesión")).to_be_visible()


def test_signing_out_ends_it(visit, site):
    page = visit(ANA)
    cookie = cookie_of(page)
    page.get_by_role("button", name="Cerrar sesión").click()
    expect(page.get_by_role("heading", name="Inicia sesión")).to_be_visible(timeout=LONG)
    assert status_of(f"{site.url}/finance", cookie) == 401
    page.goto(f"{site.url}/finance")
    assert page.url == f"{site.url}/sign-in?next=/finance"


def test_what_an_analyst_takes_is_told_and_the_page_stays(visit, site):
    page = visit(ANALYST)
    page.get_by_role("button", name="Ejecutar").click()
    button = page.get_by_role("button", name="Descargar CSV").first
    expect(button).to_be_visible(timeout=LONG)
    still(page)
    page.get_by_label("SQL").fill("SELECT 'not run'")
    for times in (1, 2):
        with page.expect_download() as download:
            button.click()
        assert download.value.path().read_text(encoding="utf-8-sig").startswith("user_id,")
        assert taken_by(site, ANALYST, "EXPORT_TABLE") == ["cauce-query.csv"] * times
    expect(page.get_by_label("SQL")).to_have_value("SELECT 'not run'")
    expect(page.locator('[data-testid="stDataFrame"]').first).to_be_visible()
    page.locator('[data-testid="stDataFrame"]').first.hover()
    toolbar = page.locator('[data-testid="stElementToolbar"]').first
    expect(toolbar.get_by_label("Search")).to_be_visible()
    expect(toolbar.get_by_label("Download as CSV")).to_be_hidden()  # it would tell nobody


def test_an_analyst_queries_the_marts(visit):
    page = visit(ANALYST)
    page.get_by_label("Consulta SQL").fill("SELECT count(*) AS n FROM marts.usage_daily")
    page.get_by_role("button", name="Ejecutar").click()
    expect(page.get_by_text("1 fila")).to_be_visible(timeout=LONG)


def test_settings_change_language_and_theme(visit, site):
    page = visit(BETO)
    page.goto(f"{site.url}/settings")
    page.get_by_text("Dark", exact=True).click()
    page.get_by_role("button", name="Save").click()
    page.get_by_role("link", name="Load again").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    expect(page.get_by_role("heading", name="Settings")).to_be_visible(timeout=LONG)
    assert page.locator(".stApp").evaluate("element => getComputedStyle(element).colorScheme") == "dark"


@pytest.mark.parametrize("path", ["/finance", "/health", "/usage", "/settings"])
def test_pages_fit_a_phone(visit, site, path):
    page = visit(ANA)
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(site.url + path)
    expect(page.locator(".cauce-fresh")).to_be_visible(timeout=LONG)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    wide = page.evaluate(
        "[...document.querySelectorAll('.stMain .cauce-card, .stMain h1, .cauce-bars, .cauce-entries')].filter(e => e.getBoundingClientRect().right > 391).length"
    )
    assert wide == 0


def test_an_upload_becomes_figures_by_itself(visit):
    page = visit(NEW)
    expect(page.get_by_text("Empecemos con tu dinero")).to_be_visible(timeout=LONG)
    page.locator("input[type=file]").set_input_files(STATEMENT)
    expect(page.get_by_text("statement.ofx")).to_be_visible()
    page.get_by_role("button", name="Subir", exact=True).click()
    expect(page.get_by_text("Se guardaron 4 registros")).to_be_visible(timeout=LONG)
    expect(page.get_by_text("Actualizando tus cifras")).to_be_visible(timeout=LONG)
    expect(page.get_by_text("$30,329.50").first).to_be_visible(timeout=180_000)
    expect(page.get_by_text("Actualizando tus cifras")).to_have_count(0)
