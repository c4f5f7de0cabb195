"""The explorer of usage: grouped by anything, narrowed step by step, with the view in the address."""

import pytest
from streamlit.testing.v1 import AppTest

from app_streamlit.catalog import ENTRIES
from app_streamlit.formats import Formats
from cauce.database import Role
from tests.app_streamlit.conftest import on_card, one, text_of
from tests.app_streamlit.seed import ADMIN, ANA, BETO, RATE, TODAY

SPANISH = Formats("es", "America/Mexico_City")
LOG = """
SELECT count(*), count(*) FILTER (WHERE total_cost IS NULL), sum(tokens_input), coalesce(sum(total_cost), 0)
FROM usage_logs l JOIN users u ON u.id = l.user_id
WHERE local_date > %s - 30 AND local_date <= %s
"""
KEYS = {
    "person": "u.email",
    "agent": "(SELECT name FROM agents a WHERE a.id = l.agent_id)",
    "provider": "coalesce(provider, 'unknown')",
    "model": "model",
    "month": "date_trunc('month', local_date)::date",
    "day": "local_date",
}


def at(browser, **address: str) -> AppTest:
    """The page at an address, as a bookmark opens it."""
    entry = next(entry for entry in ENTRIES if entry.key == "admin_usage")
    page = AppTest.from_file(str(entry.file), default_timeout=30)
    for name, value in address.items():
        page.query_params[name] = value
    page.run()
    assert not page.exception
    assert not page.error
    return page


def shown(page: AppTest, by: str) -> dict[object, tuple[object, ...]]:
    """The figures of each row of the table."""
    frame = page.dataframe[0].value
    columns = ("events", "unknown_cost_events", "tokens_input", "total_cost")
    return {
        row[by]: (*(row[name] for name in columns[:3]), round(row["total_cost"], 6) if row["total_cost"] > 0 else 0)
        for row in frame.to_dict("records")
    }


@pytest.mark.parametrize("by", KEYS)
def test_every_way_to_group_gives_the_figures_of_the_log(world, signed_in, by):
    with world.db.transaction(Role.OWNER) as conn:
        rows = conn.execute(
            LOG.replace("SELECT count", f"SELECT {KEYS[by]}, count", 1).encode() + b" GROUP BY 1", (TODAY, TODAY)
        ).fetchall()
    page = at(signed_in(ADMIN), by=by)
    found = {key.date() if hasattr(key, "date") else key: row for key, row in shown(page, by).items()}
    assert found == {key: (*counts, round(float(cost), 6)) for key, *counts, cost in rows}
    assert page.dataframe[0].value["share"].sum() == pytest.approx(1)


def test_narrowing_goes_down_and_one_click_goes_back_up(world, signed_in):
    person = str(world.people[BETO])
    page = at(signed_in(ADMIN), person=person, model="gpt-4o-mini")
    (events, cost) = one(
        world,
        "SELECT count(*), sum(total_cost) FROM usage_logs WHERE user_id = %s AND model = 'gpt-4o-mini'",
        world.people[BETO],
    )
    assert on_card(SPANISH.cost(cost)) in text_of(page)
    assert [button.label for button in page.button][:3] == ["Todo", f"Persona: {BETO}", "Modelo: gpt-4o-mini"]
    assert sum(page.dataframe[0].value["events"]) == events
    assert "person" not in page.segmented_control(key="by").options
    page.button(key="up-person").click().run()
    assert page.query_params.get("model") is None
    assert page.query_params["person"] == person
    assert set(page.dataframe[0].value["model"]) == {"gpt-4o-mini", "claude-sonnet-4-5", "modelo-casero"}
    page.button(key="up-all").click().run()
    assert set(page.dataframe[0].value["person"]) == {ANA, BETO}
    assert set(page.query_params) == {"by"}


def test_choices_are_kept_in_the_address(signed_in):
    page = at(signed_in(ADMIN))
    page.segmented_control(key="by").select("model").run()
    page.segmented_control(key="measure").select("unknown_cost_events").run()
    page.segmented_control(key="period").select("days_90").run()
    assert {name: page.query_params[name] for name in page.query_params} == {
        "by": "model", "measure": "unknown_cost_events", "period": "days_90",
    }  # fmt: skip
    first = page.dataframe[0].value.iloc[0]
    assert (first["model"], first["share"]) == ("modelo-casero", 1)


def test_a_day_and_a_month_are_periods(world, signed_in):
    page = at(signed_in(ADMIN), day="2025-11-03", by="model")
    (events,) = one(world, "SELECT count(*) FROM usage_logs WHERE local_date = '2025-11-03'")
    assert sum(page.dataframe[0].value["events"]) == events
    # A month that is older than the period of whoever opens the link.
    page = at(signed_in(ADMIN), month="2025-09-01", by="model")
    (events,) = one(world, "SELECT count(*) FROM usage_logs WHERE date_trunc('month', local_date) = '2025-09-01'")
    assert sum(page.dataframe[0].value["events"]) == events
    assert "Mes: septiembre de 2025" in [button.label for button in page.button]


@pytest.mark.parametrize(
    "address",
    [
        {"person": "no-uuid", "agent": "0", "model": "' OR 1=1 --", "provider": "?", "by": "secret", "measure": "x"},
        {"day": "2025-13-40", "month": "yesterday", "period": "custom", "from": "2025-11-30", "to": "0001-01-01"},
        {"day": "0001-01-01", "month": "9999-12-31"},
    ],
)
def test_what_an_address_names_and_is_not_there_is_left_out(signed_in, address):
    page = at(signed_in(ADMIN), **address)
    assert set(page.dataframe[0].value["person"]) == {ANA, BETO}


def test_pesos_follow_the_rate_of_each_day_and_are_not_summed_in_part(world, signed_in):
    browser = signed_in(ADMIN)
    with world.db.transaction(Role.OWNER) as conn:
        conn.execute("DELETE FROM fx_rates")
    assert "total_cost_mxn" not in at(browser).dataframe[0].value
    with world.db.transaction(Role.OWNER) as conn:
        conn.execute(
            "INSERT INTO fx_rates (base, quote, date, source, rate) VALUES"
            " ('USD', 'MXN', '2025-10-25', 'banxico', 18), ('USD', 'MXN', '2025-11-10', 'banxico', 20)"
        )
    try:
        page = at(browser, by="month")
        months = {row["month"].month: row["total_cost_mxn"] for row in page.dataframe[0].value.to_dict("records")}
        (pesos,) = one(
            world,
            "SELECT sum(total_cost * CASE WHEN local_date < '2025-11-10' THEN 18 ELSE 20 END) FROM usage_logs"
            " WHERE local_date BETWEEN '2025-11-01' AND %s",
            TODAY,
        )
        assert months[11] == pytest.approx(float(pesos))
        # The first days of October that are shown have no rate.
        assert months[10] != months[10]
    finally:
        with world.db.transaction(Role.OWNER) as conn:
            conn.execute("DELETE FROM fx_rates")
            conn.execute(RATE)
