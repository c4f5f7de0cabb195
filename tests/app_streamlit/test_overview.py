"""What admins begin with: revenue, cost and margin, and who reaches their limits."""

from decimal import Decimal

import pytest

from app_streamlit import provider
from app_streamlit.formats import Formats
from cauce.database import Role
from tests.app_streamlit.conftest import on_card, one, text_of
from tests.app_streamlit.seed import ADMIN, ANA, BETO, publish_marts
from tests.conftest import sign_in_to
from tests.expectations.world import copy_of

SPANISH = Formats("es", "America/Mexico_City")
COST = "SELECT sum(total_cost), count(DISTINCT user_id) FROM usage_logs WHERE local_date >= '2025-11-01'"
EARNED = (Decimal(199) + Decimal(499)) * 6 / 30
"""Two plans since 10 November, on the 15th."""
ALERTS = """
INSERT INTO usage_alerts (user_id, type, threshold, metric, year, month, triggered, resolved_at) VALUES
  (%(ana)s, 'APPROACHING_LIMIT', 80, 'tokens', 2025, 11, true, NULL),
  (%(ana)s, 'LIMIT_EXCEEDED', 100, 'tokens', 2025, 11, true, NULL),
  (%(beto)s, 'LIMIT_WARNING', 90, 'messages', 2025, 10, true, now())
"""


def test_the_margin_is_what_was_earned_less_what_models_cost(world, signed_in):
    cost, people = one(world, COST)
    page = signed_in(ADMIN).open("overview")
    assert not page.exception
    said = text_of(page)
    for figure in (
        SPANISH.cost(cost), SPANISH.money(EARNED - cost * 20, "MXN"), SPANISH.number(people), SPANISH.money(698, "MXN"),
    ):  # fmt: skip
        assert f'cauce-value">{on_card(figure)}' in said
    assert f"{SPANISH.percent(1 - cost * 20 / EARNED, 1)} del ingreso" in said


def test_the_margin_is_told_by_plan_agent_model_and_person(signed_in):
    page = signed_in(ADMIN).open("overview")
    totals = set()
    for by, names in {
        "plan": {"Profesional"},
        "agent": {"asistente-ana", "secreto-de-beto"},
        "person": {ANA, BETO},
        "model": None,
    }.items():
        page.segmented_control(key="margin-by").select(by).run()
        assert not page.exception
        shown = page.dataframe[-1].value
        assert names is None or set(shown["name"]) == names
        totals.add(round(float(shown["margin_mxn"].sum()), 6))
    assert len(totals) == 1, "whatever it is told by, it is the same margin"


def test_alerts_that_hold_and_all_there_were(world, signed_in):
    try:
        with world.db.transaction(Role.OWNER) as conn:
            conn.execute(ALERTS, {"ana": world.people[ANA], "beto": world.people[BETO]})
        page = signed_in(ADMIN).open("overview")
        assert "1 rebasó su límite" in text_of(page)
        page = signed_in(ADMIN).open("alerts")
        assert not page.exception
        assert list(page.dataframe[0].value["email"]) == [ANA]
        assert list(page.dataframe[0].value["threshold"]) == [1]
        page.toggle(key="all-alerts").set_value(True).run()
        every = page.dataframe[0].value
        assert [every["email"][0], every["is_open"][0]] == [ANA, "Abierta"]
        assert list(every[every["email"] == BETO]["is_open"]) == ["Resuelta"]
    finally:
        with world.db.transaction(Role.OWNER) as conn:
            conn.execute("DELETE FROM usage_alerts")


def test_every_currency_has_its_revenue_and_the_month_before_is_the_calendars(world, browser, tmp_path):
    with copy_of(world.db, tmp_path) as books:
        with books.transaction(Role.OWNER) as conn:
            conn.execute(
                "UPDATE subscriptions SET currency = 'USD', amount = 25 WHERE user_id = %s", (world.people[BETO],)
            )
            conn.execute("DELETE FROM usage_logs WHERE local_date >= '2025-10-01' AND local_date < '2025-11-01'")
        publish_marts(books)
        provider.use(books)
        browser.token = sign_in_to(books, ADMIN)
        said = text_of(browser.open("overview"))
        for figure in (SPANISH.money(199, "MXN"), SPANISH.money(25, "USD")):
            assert f'cauce-value">{on_card(figure)}' in said
        assert f"{SPANISH.money(25 * 12, 'USD')} al año (ARR)".replace("\u00a0", " ") in said
        assert said.count("Ingreso perdido (churn)") == 2
        assert "mes anterior: —" in said
        assert "Personas activas, noviembre de 2025" in said


def test_what_left_is_told_of_the_revenue_before(world, browser, tmp_path):
    with copy_of(world.db, tmp_path) as books:
        with books.transaction(Role.OWNER) as conn:
            conn.execute("UPDATE subscriptions SET valid_from = '2025-10-01 06:00Z'")
            conn.execute(
                "UPDATE subscriptions SET status = 'ended', valid_to = '2025-11-05 06:00Z' WHERE user_id = %s",
                (world.people[ANA],),
            )
        publish_marts(books)
        provider.use(books)
        browser.token = sign_in_to(books, ADMIN)
        said = text_of(browser.open("overview"))
    assert f'cauce-value">{SPANISH.percent(Decimal(199) / (199 + 499), 1)}' in said
    assert f"{SPANISH.money(199, 'MXN')} · 1 se fue este mes (50%)".replace("\u00a0", " ") in said


def test_the_rate_behind_pesos_is_told_with_its_day_and_source(signed_in):
    for key in ("overview", "admin_usage"):
        assert "20.00 MXN por dólar, del 1 ago 2025 (Banxico)" in text_of(signed_in(ADMIN).open(key))
    rates = signed_in(ADMIN).open("admin_usage").dataframe[1].value
    assert len(rates) == 30
    assert set(rates["rate"]) == {20}
    assert rates["usage_date"].is_monotonic_decreasing


def test_an_alert_of_an_old_month_tells_the_plan_of_that_month(world, browser, tmp_path):
    with copy_of(world.db, tmp_path) as books:
        with books.transaction(Role.OWNER) as conn:
            conn.execute(ALERTS, {"ana": world.people[ANA], "beto": world.people[BETO]})
            conn.execute(
                "INSERT INTO subscriptions (user_id, plan_code, status, last_status, valid_from, valid_to)"
                " SELECT user_id, 'FREE', 'ended', 'active', '2025-08-01Z', valid_from FROM subscriptions"
            )
        provider.use(books)
        browser.token = sign_in_to(books, ADMIN)
        page = browser.open("alerts")
        page.toggle(key="all-alerts").set_value(True).run()
        assert not page.exception
        shown = page.dataframe[0].value
    assert dict(zip(shown["email"], shown["plan"], strict=True)) == {ANA: "Profesional", BETO: "Gratis"}


def test_whose_limit_runs_out_and_when(signed_in):
    """Three calls a day on each of 14 complete days make 90; 60 are used up on the 20th. Of September 42, of October 93 were
    made, of which on the 15th 0 and 93 were projected: 42 of 135 off."""
    page = signed_in(ADMIN).open("alerts")
    assert not page.exception
    shown = page.dataframe[-1].value.iloc[0]
    assert len(page.dataframe[-1].value) == 1
    assert [shown[name] for name in ("email", "metric", "used", "included", "projected")] == [
        ANA,
        "Mensajes",
        45,
        60,
        90,
    ]
    assert f"{shown['run_out_on']:%Y-%m-%d}" == "2025-11-20"
    assert shown["error"] == pytest.approx(42 / 135, abs=1e-5)


def test_people_see_how_their_own_month_will_end(signed_in):
    page = signed_in(ANA).open("usage")
    assert not page.exception
    said = text_of(page)
    assert "Cómo terminará noviembre de 2025" in said
    assert 'cauce-value">≈ 90' in said
    assert "se acaba el 20 nov 2025 · error ±31%" in said
    assert "20 nov" not in text_of(signed_in(BETO).open("usage"))


def test_latencies_are_told_by_model_and_not_by_person(world, signed_in):
    page = signed_in(ADMIN).open("admin_usage")
    shown = page.dataframe[-1].value.set_index("model")
    assert shown.loc["gpt-4o-mini", ["median_s", "p95_s", "worst_p95_s", "error_rate"]].to_list() == [1.5, 1.5, 1.5, 0]
    assert "Latencia y fallas por modelo" in text_of(page)
    page.multiselect(key="filter-person").select(BETO).run()
    assert not page.exception
    assert "Latencia y fallas por modelo" not in text_of(page)


def test_the_overview_tells_what_the_month_will_cost_and_how_sure_that_is(world, signed_in):
    """Beto's 20 days began in October's last five, so all of that month was missed; Ana was off by 14 days of 45."""
    (used,) = one(
        world, "SELECT sum(total_cost) FROM usage_logs WHERE local_date BETWEEN '2025-11-01' AND '2025-11-14'"
    )
    page = signed_in(ADMIN).open("overview")
    assert not page.exception
    said = text_of(page)
    assert f"costarán {SPANISH.cost(used * 30 / 14)} en noviembre de 2025".replace("\u00a0", " ") in said
    ana, beto = Decimal("0.05"), Decimal(2)
    assert f"Error ±{SPANISH.percent((ana * 14 / 45 + beto) / (ana + beto))}" in said


def test_on_the_first_of_a_month_the_overview_projects_nothing(world, signed_in):
    with world.db.transaction(Role.TRANSFORM) as conn:
        kept = conn.execute("SELECT projected_cost, user_id FROM marts.usage_forecast").fetchall()
        conn.execute("UPDATE marts.usage_forecast SET projected_cost = NULL")
    try:
        page = signed_in(ADMIN).open("overview")
        assert not page.exception
        assert "Al ritmo" not in text_of(page)
    finally:
        with world.db.transaction(Role.TRANSFORM) as conn:
            conn.cursor().executemany("UPDATE marts.usage_forecast SET projected_cost = %s WHERE user_id = %s", kept)


def test_without_alerts_the_page_says_so(signed_in):
    page = signed_in(ADMIN).open("alerts")
    assert "Nadie se acerca a su límite" in text_of(page)
