"""A person's own pages: figures equal SQL over the operational tables, nobody else's rows, both languages, no data."""

from datetime import timedelta
from decimal import Decimal

import pytest

from app_streamlit.formats import Formats
from cauce.database import Role
from tests.app_streamlit.conftest import on_card, one, text_of
from tests.app_streamlit.seed import ANA, BETO, NEW, TODAY

PAGES = ("finance", "health", "usage", "my_invoices", "settings")
SPANISH = Formats("es", "America/Mexico_City")
ENGLISH = Formats("en", "Europe/Madrid")


@pytest.mark.parametrize(("email", "f"), [(ANA, SPANISH), (BETO, ENGLISH)])
def test_money_of_the_month_equals_the_transactions(world, signed_in, email, f):
    income, expense, currency = one(
        world,
        "SELECT sum(amount) FILTER (WHERE type = 'income'), -sum(amount) FILTER (WHERE type = 'expense'), min(currency)"
        " FROM transactions WHERE user_id = %s AND date >= '2025-11-01' AND date < '2025-12-01'",
        world.people[email],
    )
    page = text_of(signed_in(email).open("finance"))
    for figure in (
        f.money(income, currency),
        f.money(expense, currency),
        f.money(income - expense, currency, sign=True),
    ):
        assert on_card(figure) in page


def test_budgets_show_what_is_left_and_what_is_exceeded(world, signed_in):
    (spent,) = one(
        world,
        "SELECT -sum(amount) FROM transactions WHERE user_id = %s AND category = 'restaurantes' AND date >= '2025-11-01'",
        world.people[ANA],
    )
    page = text_of(signed_in(ANA).open("finance"))
    assert f"{SPANISH.money(spent, 'MXN')} de {SPANISH.money(Decimal(150), 'MXN')}".replace("\u00a0", " ") in page
    assert f"te pasaste por {SPANISH.money(spent - 150, 'MXN')}".replace("\u00a0", " ") in page
    assert "Cerca del límite" in page
    assert "En orden" in page


def test_another_month_can_be_chosen(world, signed_in):
    page = signed_in(ANA).open("finance")
    page.selectbox(key="month").select_index(1).run()
    assert "octubre de 2025" in text_of(page)
    assert "Café" not in text_of(page)


def test_two_equal_purchases_are_both_listed(signed_in):
    page = text_of(signed_in(ANA).open("finance"))
    assert page.count("<span>Café</span>") == 2


@pytest.mark.parametrize("days", [1, 7, 30])
def test_adherence_equals_the_logs(world, signed_in, days):
    scheduled, taken = one(
        world,
        "SELECT count(*), count(*) FILTER (WHERE status IN ('tomado', 'retrasado')) FROM medication_logs"
        " WHERE user_id = %s AND NOT as_needed AND local_date > %s AND local_date <= %s",
        world.people[ANA], TODAY - timedelta(days), TODAY,
    )  # fmt: skip
    page = text_of(signed_in(ANA).open("health"))
    assert f"{taken} de {scheduled} tomas" in page
    assert SPANISH.percent(Decimal(taken) / scheduled) in page


def test_the_window_of_the_medicines_can_be_changed(signed_in):
    page = signed_in(ANA).open("health")
    page.segmented_control(key="window").select(7).run()
    assert not page.exception
    bars = next(element.proto.body for element in page.get("html") if "cauce-bars" in element.proto.body)
    assert "de 13 tomas" in bars


def test_latest_measurements_are_the_latest(world, signed_in):
    (value,) = one(
        world,
        "SELECT value FROM health_measurements WHERE user_id = %s AND type = 'blood_pressure' ORDER BY measured_at DESC LIMIT 1",
        world.people[ANA],
    )
    page = text_of(signed_in(ANA).open("health"))
    assert f"{value['systolic']}/{value['diastolic']} <small>mmHg" in page
    assert "No es un diagnóstico" in page


def test_own_usage_equals_the_log_and_unknown_prices_are_told(world, signed_in):
    cost, tokens, events, unknown = one(
        world,
        "SELECT sum(total_cost), sum(total_tokens), count(*), count(*) FILTER (WHERE total_cost IS NULL) FROM usage_logs"
        " WHERE user_id = %s AND local_date > %s AND local_date <= %s",
        world.people[ANA], TODAY - timedelta(30), TODAY,
    )  # fmt: skip
    page = text_of(signed_in(ANA).open("usage"))
    for figure in (SPANISH.cost(cost), SPANISH.compact(tokens), SPANISH.number(events)):
        assert on_card(figure) in page
    assert f"{unknown} llamadas no tienen precio conocido" in page
    assert "modelo-casero" in page


@pytest.mark.parametrize("key", PAGES)
def test_nobody_sees_another_persons_rows(signed_in, key):
    page = signed_in(ANA).open(key)
    seen = text_of(page) + "".join(str(frame.value.to_dict()) for frame in page.dataframe)
    assert not page.exception
    for secret in ("Beto", "beto", "Betaxolol", "secreto-de-beto", "EUR"):
        assert secret not in seen


@pytest.mark.parametrize(("key", "text"), [
    ("finance", "My money this month"), ("health", "My health"), ("usage", "My usage of the agents"), ("my_invoices", "My invoices"), ("settings", "Settings"),
])  # fmt: skip
def test_pages_speak_english(signed_in, key, text):
    page = signed_in(BETO).open(key)
    assert not page.exception
    assert page.title[0].value == text
    assert not {"Mes", "Descargar CSV", "Datos hasta"} & set(text_of(page).split("\n"))


@pytest.mark.parametrize(("key", "text"), [
    ("finance", "Empecemos con tu dinero"), ("health", "Empecemos con tu salud"), ("usage", "Todavía no usas ningún agente"),
    ("my_invoices", "Todavía no tienes facturas"),
])  # fmt: skip
def test_a_person_without_data_is_told_how_to_begin(signed_in, key, text):
    page = signed_in(NEW).open(key)
    assert not page.exception
    assert text in text_of(page)


@pytest.mark.parametrize("key", PAGES)
def test_every_page_says_how_fresh_it_is(signed_in, key):
    page = text_of(signed_in(ANA).open(key))
    assert "Datos hasta el 15 nov 2025, 12:00" in page
    assert "revisiones aprobadas" in page or "revisión aprobada" in page


def test_pages_open_and_settings_are_saved_while_the_persons_events_are_written(world, signed_in):
    with world.db.connect(Role.OWNER) as writer:
        writer.execute("UPDATE usage_logs SET total_cost = 0 WHERE user_id = %s", (world.people[ANA],))
        browser = signed_in(ANA)
        for key in PAGES:
            assert "Datos hasta el" in text_of(browser.open(key))
        page = browser.open("settings")
        page.button[0].click().run()
        assert "Se guardaron tus ajustes" in text_of(page)
        writer.rollback()


def test_every_table_comes_with_a_download(signed_in):
    for key in ("finance", "health", "usage"):
        page = signed_in(ANA).open(key)
        assert len(page.get("download_button")) == len(page.dataframe) > 0
