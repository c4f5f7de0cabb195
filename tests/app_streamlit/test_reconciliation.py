"""Admins see our ledger beside what a provider reports."""

from decimal import Decimal

import yaml  # type: ignore[import-untyped]  # comes with dbt, without stubs

from app_streamlit.formats import Formats
from app_streamlit.texts import catalogue
from expectations.fingerprint import DBT_PROJECT
from tests.app_streamlit.conftest import on_card, one, text_of
from tests.app_streamlit.seed import ADMIN, REPORTED_DAY

SPANISH = Formats("es", "America/Mexico_City")
LEDGER = """
SELECT sum(tokens_input), sum(tokens_output), coalesce(sum(total_cost), 0) FROM usage_logs
WHERE provider = 'openai' AND (timestamp AT TIME ZONE 'UTC')::date = %s
"""


def test_a_difference_is_shown_with_its_explanation(world, signed_in):
    tokens_input, tokens_output, _ = one(world, LEDGER, REPORTED_DAY)
    page = signed_in(ADMIN).open("reconciliation")
    assert not page.exception
    said = text_of(page)
    for figure in (tokens_input, tokens_input + 100, Decimal(100)):
        assert f'cauce-value">{on_card(SPANISH.number(figure))}' in said
    table = page.dataframe[-1].value
    assert list(table["explanation"]) == ["Sin explicar"]
    assert "1 de 1" in said
    page.segmented_control(key="reconciled-measure").select("tokens_output").run()
    assert not page.exception
    assert f'cauce-value">{on_card(SPANISH.number(tokens_output))}' in text_of(page)
    assert "toda diferencia tiene explicación" in text_of(page)
    page.segmented_control(key="reconciled-measure").select("cost").run()
    assert not page.exception
    assert "El proveedor no reporta esta medida" in text_of(page)


def test_every_explanation_has_its_words():
    described = yaml.safe_load((DBT_PROJECT / "marts" / "usage" / "reconciliation_daily.yml").read_text())
    columns = {column["name"]: column for column in described["models"][0]["columns"]}
    kinds = columns["explanation"]["data_tests"][0]["accepted_values"]["arguments"]["values"]
    for language in ("es", "en"):
        assert {f"reconciliation.says.{kind}" for kind in kinds} == {
            key for key in catalogue(language) if key.startswith("reconciliation.says.")
        }


def test_without_a_report_the_page_says_how_to_get_one(db, browser, make_person, sign_in):
    from app_streamlit import provider
    from tests.app_streamlit.seed import publish_marts

    make_person("root@example.com", role="ADMIN")
    publish_marts(db)
    provider.use(db)
    browser.token = sign_in("root@example.com")
    page = browser.open("reconciliation")
    assert "Aún no hay reportes de proveedores" in text_of(page)
    assert "Todavía no hay nada que resumir" in text_of(browser.open("overview"))
