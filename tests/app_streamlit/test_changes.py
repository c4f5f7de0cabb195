"""What a person changes from a page: settings, budgets, uploads."""

import time
from decimal import Decimal
from pathlib import Path
from typing import Any, LiteralString

import pytest

from app_streamlit import provider, refresh
from cauce.database import Database, Role
from cauce.security.people import person
from tests.app_streamlit.conftest import text_of
from tests.app_streamlit.seed import ANA, NEW
from tests.conftest import sign_in_to
from tests.expectations.world import copy_of

STATEMENT = Path(__file__).parents[1] / "data" / "app" / "statement.ofx"


@pytest.fixture
def ana(db, browser, make_person, sign_in):
    """Ana, signed in to a database of her own."""
    ana = make_person("ana@example.com")
    provider.use(db)
    browser.token = sign_in("ana@example.com")
    return ana


@pytest.fixture
def started(monkeypatch):
    """How often a renewal was asked for."""
    calls: list[str] = []
    monkeypatch.setattr(refresh, "start", lambda: calls.append("start"))
    return calls


def test_settings_are_saved_and_speak_at_once(db, browser, ana):
    page = browser.open("settings")
    page.selectbox[0].select("en")
    page.selectbox[1].select("Europe/Madrid")
    page.radio[0].set_value("dark")
    page.button[0].click().run()
    who = person(db, browser.token)
    assert who is not None
    assert (who.language, who.timezone, who.theme) == ("en", "Europe/Madrid", "dark")
    assert page.title[0].value == "Settings"
    assert "Your settings were saved" in page.success[0].value


def budgets(
    db: Database,
    sql: LiteralString = "SELECT category, amount, currency, period, alert_threshold, end_date FROM budgets ORDER BY category",
) -> Any:
    with db.transaction(Role.OWNER) as conn:
        return conn.execute(sql).fetchall()


@pytest.fixture
def copy(world, tmp_path):
    """A copy of the world, to be changed."""
    with copy_of(world.db, tmp_path) as database:
        provider.use(database)
        yield database


@pytest.fixture
def without_budgets(copy, browser):
    """Ana, with money and no budget."""
    with copy.transaction(Role.OWNER) as conn:
        conn.execute("DELETE FROM budgets")
    browser.token = sign_in_to(copy, ANA)
    return copy


def test_a_budget_is_added_changed_and_ended(without_budgets, browser, started):
    db = without_budgets
    page = browser.open("finance")
    page.selectbox(key="category-new").select("restaurantes")
    page.number_input(key="amount-new").set_value(1500.10)
    page.button[0].click().run()
    assert not page.exception
    assert budgets(db) == [("restaurantes", Decimal("1500.1000"), "MXN", "monthly", 80, None)]
    assert "Se guardó el presupuesto «Restaurantes»" in page.success[0].value
    page.selectbox(key="budget-which").select_index(1).run()
    (key,) = budgets(db, "SELECT id::text FROM budgets")[0]
    page.number_input(key=f"amount-{key}").set_value(900.0)
    page.button[0].click().run()
    assert budgets(db) == [("restaurantes", Decimal("900.0000"), "MXN", "monthly", 80, None)]
    page.selectbox(key="budget-which").select_index(1).run()
    page.button(key="budget-end").click().run()
    assert budgets(db)[0][-1] is not None
    assert started == ["start"] * 3


def test_a_budget_without_an_amount_is_not_saved(without_budgets, browser):
    page = browser.open("finance")
    page.button[0].click().run()
    assert "Falta la categoría o el monto" in page.warning[0].value
    assert budgets(without_budgets) == []


def test_an_upload_is_accounted_for_and_nothing_is_doubled(copy, browser, started):
    browser.token = sign_in_to(copy, NEW)
    page = browser.open("finance")
    assert "Empecemos con tu dinero" in text_of(page)
    for loaded, duplicate, quarantined in ((4, 0, 1), (0, 5, 0)):
        page.file_uploader[0].set_value([("statement.ofx", STATEMENT.read_bytes(), "application/x-ofx")])
        page.button[0].click().run()
        assert not page.exception
        row = page.dataframe[0].value.iloc[0]
        assert (row["read"], row["loaded"], row["duplicate"], row["quarantined"]) == (5, loaded, duplicate, quarantined)
    assert started == ["start"]
    kept = page.dataframe[1].value
    assert list(kept["source_file"]) == ["statement.ofx"]
    assert "fecha" in kept["why"][0]


def test_a_file_nobody_knows_is_refused_in_words(signed_in, started):
    page = signed_in(NEW).open("health")
    page.file_uploader[0].set_value([("photo.bin", b"\x89PNG\r\n\x1a\n" + bytes(99), "image/png")])
    page.button[0].click().run()
    assert "photo.bin no se pudo usar" in page.error[0].value
    assert "Traceback" not in page.error[0].value
    assert started == []


def test_uploading_nothing_says_so(signed_in):
    page = signed_in(NEW).open("health")
    page.button[0].click().run()
    assert "Primero elige un archivo" in page.warning[0].value


def test_a_renewal_runs_once_and_once_more_for_what_came_meanwhile(monkeypatch, tmp_path):
    marker = tmp_path / "runs"
    script = f"import time; open({str(marker)!r}, 'a').write('x'); time.sleep(0.4)"
    monkeypatch.setattr(refresh, "COMMAND", [refresh.COMMAND[0], "-c", script])
    before = refresh.state().count
    for _ in range(3):
        refresh.start()
    wait()
    assert marker.read_text() == "xx"
    assert (refresh.state().count - before, refresh.state().failed) == (2, False)
    monkeypatch.setattr(refresh, "COMMAND", [refresh.COMMAND[0], "-c", "raise SystemExit(3)"])
    refresh.start()
    wait()
    assert refresh.state().failed


def wait() -> None:
    for _ in range(300):
        if refresh.state().running_since is None:
            return
        time.sleep(0.1)
    pytest.fail("the renewal did not end")
