"""Pages of admins and analysts, and who may open which."""

from datetime import timedelta

import pytest
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Block

from app_streamlit import provider, sql_box
from app_streamlit.formats import Formats
from cauce.database import Role
from cauce.security.sign_in import revoke
from tests.app_streamlit.conftest import on_card, one, text_of
from tests.app_streamlit.seed import ADMIN, ANA, ANALYST, BETO, TODAY

SPANISH = Formats("es", "America/Mexico_City")


def test_admin_figures_equal_the_log(world, signed_in):
    cost, tokens, events, people = one(
        world,
        "SELECT sum(total_cost), sum(total_tokens), count(*), count(DISTINCT user_id) FROM usage_logs"
        " WHERE local_date > %s AND local_date <= %s",
        TODAY - timedelta(30), TODAY,
    )  # fmt: skip
    page = signed_in(ADMIN).open("admin_usage")
    assert not page.exception
    for figure in (SPANISH.cost(cost), SPANISH.compact(tokens), SPANISH.number(events), SPANISH.number(people)):
        assert f'cauce-value">{on_card(figure)}' in text_of(page)


def test_admin_sees_people_by_address_and_can_filter_them(world, signed_in):
    page = signed_in(ADMIN).open("admin_usage")
    assert set(page.dataframe[0].value["person"]) == {ANA, BETO}
    page.multiselect(key="filter-person").select(BETO).run()
    assert page.query_params["person"] == str(world.people[BETO])
    (cost,) = one(
        world,
        "SELECT sum(total_cost) FROM usage_logs WHERE user_id = %s AND local_date > %s AND local_date <= %s",
        world.people[BETO], TODAY - timedelta(30), TODAY,
    )  # fmt: skip
    assert on_card(SPANISH.cost(cost)) in text_of(page)


@pytest.mark.parametrize("choice", ["month", "last_month", "days_90", "year", "custom"])
def test_every_period_can_be_chosen(signed_in, choice):
    page = signed_in(ADMIN).open("admin_usage")
    page.segmented_control(key="period").select(choice).run()
    assert not page.exception
    assert "periodo anterior" in text_of(page)


def test_an_empty_period_says_so(signed_in):
    page = signed_in(ADMIN).open("admin_usage")
    page.segmented_control(key="period").select("custom").run()
    page.date_input(key="range").set_value((TODAY - timedelta(700), TODAY - timedelta(690))).run()
    assert "Sin actividad en este periodo" in text_of(page)


@pytest.mark.parametrize(
    ("email", "key"),
    [
        (ANA, "admin_usage"),
        (ANA, "billing"),
        (ANA, "overview"),
        (ANALYST, "overview"),
        (ANALYST, "alerts"),
        (ANALYST, "reconciliation"),
        (ANALYST, "billing"),
        (ANA, "marts"),
        (ADMIN, "marts"),
        (ANALYST, "admin_usage"),
    ],
)
def test_a_page_of_another_audience_is_refused(signed_in, email, key):
    page = signed_in(email).open(key)
    assert page.title[0].value == "No tienes acceso a esta página"
    assert not page.dataframe


@pytest.mark.parametrize(
    "key",
    [
        "admin_usage",
        "overview",
        "alerts",
        "reconciliation",
        "billing",
        "plans",
        "marts",
        "finance",
        "health",
        "usage",
        "my_invoices",
        "settings",
    ],
)
def test_without_a_session_a_page_shows_nothing(world, browser, key):
    provider.use(world.db)
    for token in (None, "", "forged"):
        browser.token = token
        page = browser.open(key)
        assert page.title[0].value == "Tu sesión terminó"
        assert len(page.main) == 3


def test_a_revoked_session_stops_an_open_page(world, signed_in):
    browser = signed_in(ANA)
    page = browser.open("finance")
    assert page.title[0].value == "Mi dinero este mes"
    assert browser.token
    revoke(world.db, browser.token)
    page.run()
    assert page.title[0].value == "Tu sesión terminó"
    assert "MXN" not in text_of(page)


def ask(page: AppTest, sql: str) -> AppTest:
    page.text_area(key="sql-text").set_value(sql)
    page.button[0].click().run()
    assert not page.exception
    return page


def test_analysts_read_what_the_marts_hold(world, signed_in):
    page = ask(signed_in(ANALYST).open("marts"), "SELECT sum(events) AS events FROM marts.usage_daily;")
    assert page.dataframe[0].value["events"][0] == one(world, "SELECT count(*) FROM usage_logs")[0]
    assert "marts.usage_daily" in "".join(expander.label for expander in page.expander)


@pytest.mark.parametrize(("sql", "text"), [
    ("DELETE FROM marts.usage_daily", "Tu rol no puede hacer eso"),
    ("CREATE TABLE mine (a int)", "Tu rol no puede hacer eso"),
    ("SELECT * FROM public.transactions", "Tu rol no puede hacer eso"),
    ("SELECT 1; SELECT 2", "una sola instrucción"),
    ("SELECT * FROM marts.nothing", "no existe"),
    ("SELEC 1", "no entiende la consulta"),
    ("SET search_path = public", "no devuelve filas"),
    ("", "Escribe una consulta"),
    ("SELECT 1/0", "no pudo ejecutar"),
])  # fmt: skip
def test_what_cannot_be_run_is_explained(signed_in, sql, text):
    page = ask(signed_in(ANALYST).open("marts"), sql)
    assert text in page.error[0].value


def test_an_error_points_at_its_place(signed_in):
    page = ask(signed_in(ANALYST).open("marts"), "SELECT events\nFROM marts.usage_daly")
    assert page.code[0].value.split("\n")[-2:] == ["FROM marts.usage_daly", "     ^"]


def test_a_long_answer_is_cut_and_says_so(signed_in):
    page = ask(signed_in(ANALYST).open("marts"), f"SELECT g FROM generate_series(1, {sql_box.MOST_ROWS + 1}) AS g")
    assert len(page.dataframe[0].value) == sql_box.MOST_ROWS
    assert "10,000" in page.warning[0].value


def test_analysts_find_no_rows_of_health_or_money(signed_in):
    page = ask(signed_in(ANALYST).open("marts"), "SELECT * FROM marts.cash_flow_monthly")
    assert page.error
    page = ask(page, "SELECT * FROM marts.cash_flow_population")
    assert not page.error, page.code[0].value
    assert page.dataframe[0].value.empty


def test_the_last_good_figures_stay_when_a_check_fails(db, browser, make_person, sign_in):
    from tests.app_streamlit.seed import publish_marts

    make_person("ana@example.com")
    publish_marts(db)
    with db.transaction(Role.OWNER) as conn:
        conn.execute(
            "INSERT INTO publications (status, as_of, input_fingerprint, checks_failed, failures) VALUES ('failed', now(), 'x', 1,"
            """ '[{"suite": "usage", "expectation": "cost is not negative", "mart": "usage_daily", "column": "total_cost"}]')"""
        )
    provider.use(db)
    browser.token = sign_in("ana@example.com")
    page = browser.open("finance")
    assert "no pasaron las revisiones desde el" in page.warning[0].value
    assert "usage_daily.total_cost" in text_of(page)
    assert "Datos hasta el" in text_of(page)


def test_before_the_first_publication_pages_say_so(db, browser, make_person, sign_in):
    make_person("ana@example.com")
    provider.use(db)
    browser.token = sign_in("ana@example.com")
    for key in ("finance", "health", "usage"):
        assert "Aún no hay cifras publicadas" in text_of(browser.open(key))


def test_an_unforeseen_error_gives_a_reference_and_no_traceback(signed_in, monkeypatch, caplog):
    def broken(*_args, **_kwargs):
        raise ZeroDivisionError("secret detail")

    browser = signed_in(ANA)
    monkeypatch.setattr("app_streamlit.finance_parts.read_money", broken)
    page = browser.open("finance")
    said = page.error[0].value
    assert not page.exception
    assert "secret" not in said
    assert "secret detail" in caplog.text
    assert said.rsplit(": ", 1)[1] in caplog.text


def tab(page: AppTest, label: str) -> Block:
    return next(tab for tab in page.tabs if tab.label == label)


def test_revenue_is_that_of_the_marts(world, signed_in):
    mrr, people = one(
        world,
        "SELECT sum(amount), count(*) FROM subscriptions WHERE status = 'active' AND amount > 0 AND valid_from < %s", TODAY
    )  # fmt: skip
    page = signed_in(ADMIN).open("billing")
    assert not page.exception
    for figure in (SPANISH.money(mrr, "MXN"), SPANISH.number(people)):
        assert f'cauce-value">{on_card(figure)}' in text_of(page)
    assert set(tab(page, "Ingresos").dataframe[-1].value["email"]) == {ANA, BETO}
    assert "de noviembre de 2025, hasta hoy" in text_of(page)
    assert "Aún no hay facturas" in text_of(page)


def test_invoices_of_a_month_and_their_lines(world, signed_in):
    with world.db.transaction(Role.OWNER) as conn:
        conn.execute(
            "WITH made AS (INSERT INTO invoices (user_id, period_start, period_end) VALUES (%s, '2025-10-01', '2025-11-01')"
            " RETURNING user_id, id) INSERT INTO invoice_lines (user_id, invoice_id, position, kind, description,"
            " quantity, unit_price, amount) SELECT user_id, id, 1, 'base', 'Plan Básico', 1, 199, 199 FROM made",
            (world.people[ANA],),
        )
    try:
        page = signed_in(ADMIN).open("billing")
        shown = tab(page, "Facturas").dataframe[-1].value
        assert (list(shown["email"]), list(shown["status"])) == ([ANA], ["Borrador"])
        page.selectbox(key="invoice").select_index(0).run()
        assert not page.exception
        assert list(tab(page, "Facturas").dataframe[-1].value["description"]) == ["Plan Básico"]
        page.multiselect(key="invoice-status").select("paid").run()
        assert tab(page, "Facturas").dataframe[-1].value.empty
    finally:
        with world.db.transaction(Role.OWNER) as conn:
            conn.execute("DELETE FROM invoices")
