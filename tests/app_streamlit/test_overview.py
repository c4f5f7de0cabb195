"""What admins begin with: revenue, cost and margin, and who reaches their limits."""

from decimal import Decimal

from app_streamlit.formats import Formats
from cauce.database import Role
from tests.app_streamlit.conftest import on_card, one, text_of
from tests.app_streamlit.seed import ADMIN, ANA, BETO

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
        "plan": {"PRO"},
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
        assert list(page.dataframe[0].value["email"]) == [ANA, BETO]
    finally:
        with world.db.transaction(Role.OWNER) as conn:
            conn.execute("DELETE FROM usage_alerts")


def test_without_alerts_the_page_says_so(signed_in):
    page = signed_in(ADMIN).open("alerts")
    assert "Nadie se acerca a su límite" in text_of(page)
