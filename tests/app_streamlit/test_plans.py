"""Plans and prices: what plans cost and include, who is on them, and our own prices for models."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from streamlit.testing.v1 import AppTest

from app_streamlit import provider
from cauce.billing.model_prices import add_price
from cauce.database import Role
from tests.app_streamlit.conftest import one, text_of
from tests.app_streamlit.seed import ADMIN, ANA, ANALYST, BETO


@pytest.fixture
def prices(world, signed_in):
    """The page of an admin; what it adds is taken away again."""
    yield signed_in(ADMIN)
    with world.db.transaction(Role.OWNER) as conn:
        conn.execute("DELETE FROM model_prices")
        conn.execute("UPDATE subscriptions SET custom_limits = NULL")


def fill(page: AppTest, **fields: str) -> AppTest:
    """Fill the form of a new price in and ask to look it over."""
    for name, text in fields.items():
        page.text_input(key=f"price-{name}").set_value(text)
    next(button for button in page.button if button.label == "Revisar").click().run()
    assert not page.exception
    return page


def own_prices(world):
    with world.db.transaction(Role.OWNER) as conn:
        return conn.execute(
            "SELECT p.provider, p.model, p.valid_from, p.valid_to, p.input_price, p.note, u.email"
            " FROM model_prices p LEFT JOIN users u ON u.id = p.created_by"
        ).fetchall()


def test_every_plan_is_shown_with_its_versions_and_its_people(world, prices):
    with world.db.transaction(Role.OWNER) as conn:
        conn.execute(
            """UPDATE subscriptions SET custom_limits = '{"tokens": 5000000, "messages": null}' WHERE user_id = %s""",
            (world.people[ANA],),
        )
    page = prices.open("plans")
    assert not page.exception
    assert not page.error
    plans, listed, limits, custom = (page.dataframe[index].value for index in range(4))
    (count,) = one(world, "SELECT count(*) FROM plans")
    assert len(plans) == count
    pro = plans[plans["people"] > 0].iloc[0]
    assert (pro["people"], pro["people_with_limits"]) == (2, 1)
    assert len(listed) == one(world, "SELECT count(*) FROM plan_prices")[0]
    assert {*listed["billing_interval"]} == {"Cada mes", "Cada año"}
    assert len(limits) == one(world, "SELECT count(*) FROM plan_limits")[0]
    assert {(row["email"], row["metric"]) for row in custom.to_dict("records")} == {
        (ANA, "Tokens"), (ANA, "Mensajes"),
    }  # fmt: skip
    page.query_params["plan"] = "PRO"
    page.run()
    assert set(page.dataframe[1].value["email"]) == {ANA, BETO}
    page.button(key="plans-all").click().run()
    assert len(page.dataframe[1].value) == len(listed)


@pytest.mark.parametrize(("language", "names"), [("es", {"Gratis", "Profesional"}), ("en", {"Free", "Professional"})])
def test_plans_are_named_in_the_readers_language(world, prices, language, names):
    with world.db.transaction(Role.OWNER) as conn:
        conn.execute("UPDATE users SET language = %s WHERE email = %s", (language, ADMIN))
        conn.execute(
            """UPDATE subscriptions SET custom_limits = '{"tokens": 5}' WHERE user_id = %s""", (world.people[ANA],)
        )
    try:
        page = prices.open("plans")
        shown = [set(page.dataframe[index].value.iloc[:, 0]) for index in range(3)]
        assert all(names <= plans for plans in shown[::2])
        assert max(names) in shown[1]
        assert set(page.dataframe[3].value["plan"]) == {max(names)}
        overview = prices.open("overview")
        assert max(names) in set(overview.dataframe[-1].value["name"])
    finally:
        with world.db.transaction(Role.OWNER) as conn:
            conn.execute("UPDATE users SET language = 'es' WHERE email = %s", (ADMIN,))


def test_calls_of_unknown_cost_are_listed_with_why_and_what_helps(world, prices):
    """Half of the calls wait for a price; the other half named no provider, for which a price would not help."""
    with world.db.transaction(Role.OWNER) as conn:
        conn.execute("UPDATE usage_logs SET unpriced = (tokens_input % 2 = 0) WHERE model = 'modelo-casero'")
    try:
        page = prices.open("plans")
        listed = page.dataframe[3].value
        counted = "SELECT count(*) FILTER (WHERE {0}), count(*) FILTER (WHERE NOT {0}), count(*) FROM usage_logs WHERE total_cost IS NULL"
        waits, nameless, every = one(world, counted.format("NOT unpriced"))
        assert {tuple(row) for row in listed[["model", "provider", "reason", "events"]].to_numpy()} == {
            ("modelo-casero", "unknown", "Modelo sin precio", waits),
            ("modelo-casero", "unknown", "Sin proveedor", nameless),
        }
        assert f"De {every} llamadas no se sabe el costo" in page.info[0].value
        said = text_of(page)
        assert "Elige su fila para empezar su precio" in said
        assert "agrega `provider` a sus líneas" in said
        assert "Sin tokens contados" not in said
    finally:
        with world.db.transaction(Role.OWNER) as conn:
            conn.execute("UPDATE usage_logs SET unpriced = NULL")


def test_a_price_is_looked_over_and_written_in_the_admins_name(world, prices):
    page = fill(
        prices.open("plans"), provider="Us", model="Our-Model", input_price="1.2500000001", note="Contrato 2026"
    )
    assert own_prices(world) == []
    assert "$1.2500000001 USD" in text_of(page)
    page.button(key="price-confirm").click().run()
    assert not page.exception
    today = page.session_state["price-changed"].split()[3]
    first = datetime.combine(date.fromisoformat(today), datetime.min.time(), UTC)
    assert own_prices(world) == [
        ("us", "our-model", first, None, Decimal("1.250000000100"), "Contrato 2026", ADMIN)
    ]  # fmt: skip
    assert "Se guardó el precio de us our-model" in page.success[0].value
    assert page.code[0].value == f"cauce reprice --from {today} --model 'our-model' --dry-run"
    told = one(
        world, "SELECT admin_id FROM audit_logs WHERE target_type = 'model_prices' ORDER BY sequence DESC LIMIT 1"
    )
    assert told == (world.people[ADMIN],)


def test_a_price_that_is_not_confirmed_is_not_written(world, prices):
    page = fill(prices.open("plans"), provider="us", model="m", output_price="2")
    page.button(key="price-cancel").click().run()
    assert own_prices(world) == []
    assert page.text_input(key="price-provider").value == ""


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"provider": "us", "model": "m", "input_price": "dos"}, "«dos» no es un precio"),
        ({"provider": "us", "model": "m", "input_price": "-1"}, "«-1» no es un precio"),
        ({"provider": "us", "model": "m"}, "escribe al menos uno para us m"),
        ({"provider": " ", "model": "m", "input_price": "1"}, "no nombra un modelo"),
        ({"provider": "us", "model": "a*b", "input_price": "1"}, "«us a*b» no nombra un modelo"),
        ({"provider": "us", "model": "taken", "input_price": "1"}, "Otro precio de us taken rige"),
    ],
)
def test_what_cannot_be_a_price_is_refused_before_it_is_confirmed(world, prices, fields, said):
    with world.db.transaction(Role.OWNER) as conn:
        add_price(conn, "us", "taken", {"input_price": Decimal(1)}, valid_from=datetime(2025, 1, 1, tzinfo=UTC))
    page = fill(prices.open("plans"), **fields)
    assert said in page.error[0].value
    assert len(own_prices(world)) == 1


def test_a_price_ends_after_it_was_confirmed(world, prices):
    with world.db.transaction(Role.OWNER) as conn:
        add_price(conn, "us", "m", {"input_price": Decimal(1)}, valid_from=datetime(2025, 1, 1, tzinfo=UTC))
        (key,) = conn.execute("SELECT id::text FROM model_prices").fetchone()
    page = prices.open("plans")
    page.selectbox(key="price-which").select_index(0).run()
    assert page.button(key="price-end-it").disabled
    page.date_input(key=f"price-at-{key}").set_value(date(2025, 3, 1))
    page.checkbox(key=f"price-sure-{key}").check().run()
    page.button(key="price-end-it").click().run()
    assert not page.exception
    assert own_prices(world)[0][3] == datetime(2025, 3, 1, tzinfo=UTC)
    assert "rige hasta antes del 1 mar 2025" in page.success[0].value
    page.toggle(key="prices-ended").set_value(True).run()
    assert list(page.dataframe[-1].value["model"]) == ["m"]


def test_an_admin_adds_prices_in_no_other_name_and_changes_none(world, prices):
    token = prices.token
    with (
        pytest.raises(Exception, match="row-level security"),
        world.db.transaction(Role.ADMIN, session_token=token) as conn,
    ):
        add_price(conn, "us", "m", {"input_price": Decimal(1)}, valid_from=datetime(2025, 1, 1, tzinfo=UTC), by=ANA)
    with (
        pytest.raises(Exception, match="permission denied"),
        world.db.transaction(Role.ADMIN, session_token=token) as conn,
    ):
        conn.execute("UPDATE model_prices SET input_price = 2")


@pytest.mark.parametrize("email", [ANA, ANALYST])
def test_plans_and_prices_are_for_admins(signed_in, email):
    page = signed_in(email).open("plans")
    assert page.title[0].value == "No tienes acceso a esta página"
    assert not page.dataframe


def test_without_plans_people_or_prices_the_page_stands(db, browser, make_person, sign_in):
    from tests.app_streamlit.seed import publish_marts

    make_person(ADMIN, role="ADMIN")
    publish_marts(db)
    provider.use(db)
    browser.token = sign_in(ADMIN)
    page = browser.open("plans")
    assert not page.exception
    assert not page.error
    assert "Nadie tiene hoy límites" in text_of(page)
    assert "De todas las llamadas se sabe el costo" in text_of(page)
    assert "No hay precios propios vigentes" in text_of(page)


def test_a_model_that_waits_begins_its_price():
    def script() -> None:
        from datetime import UTC, datetime

        from app_streamlit.model_price_form import fill_in, is_filled_in
        from ingest.usage.unknown_costs import UnknownCost

        assert not is_filled_in()
        seen = datetime(2025, 10, 2, 23, tzinfo=UTC)
        fill_in(UnknownCost("unknown", "modelo-casero", "not_listed", 1, 1, seen, seen))
        assert is_filled_in()

    page = AppTest.from_function(script).run()
    assert not page.exception
    filled = [page.session_state[f"price-{name}"] for name in ("provider", "model", "first")]
    assert filled == ["unknown", "modelo-casero", date(2025, 10, 2)]
