"""Admins see days unlike a person's others, and how to get to what was used on them."""

from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
from streamlit.testing.v1 import AppTest

from app_streamlit.catalog import ENTRIES
from cauce.database import Role
from tests.app_streamlit.conftest import World, one, text_of
from tests.app_streamlit.seed import ADMIN, ANA, BETO

UNUSUAL = """
INSERT INTO marts.unusual_activity (user_id, usage_date, measure, observed, expected, spread, score, history_days)
VALUES (%(ana)s, '2025-11-02', 'calls', 1500, 3, 10, 149.7, 28), (%(beto)s, '2025-11-12', 'cost', 12.5, 2, 1, 10.5, 16)
"""


@pytest.fixture
def unusual(world: World) -> Iterator[None]:
    """Two unusual days in the shared world, which has none."""
    with world.db.transaction(Role.TRANSFORM) as conn:
        conn.execute(UNUSUAL, {"ana": world.people[ANA], "beto": world.people[BETO]})
    yield
    with world.db.transaction(Role.TRANSFORM) as conn:
        conn.execute("DELETE FROM marts.unusual_activity")


@pytest.mark.usefixtures("unusual")
def test_unusual_days_are_told_newest_first_and_lead_to_their_usage(world, signed_in):
    browser = signed_in(ADMIN)
    page = browser.open("alerts")
    assert not page.exception
    shown = page.dataframe[-1].value
    assert list(shown["email"]) == [BETO, ANA]
    said = [
        [text.replace("\u00a0", " ") for text in row] for row in shown[["measure", "observed", "expected"]].to_numpy()
    ]
    assert said == [["Costo", "$12.50 USD", "$2.00 USD"], ["Llamadas", "1,500", "3"]]
    assert list(shown["score"]) == [10.5, 149.7]

    address = urlsplit(shown["usage"][0])
    entry = next(entry for entry in ENTRIES if address.path == f"/{entry.path}")
    usage = AppTest.from_file(str(entry.file), default_timeout=30)
    for name, values in parse_qs(address.query).items():
        usage.query_params[name] = values
    usage.run()
    assert not usage.exception
    (calls,) = one(
        world,
        "SELECT count(*) FROM usage_logs WHERE user_id = %s AND local_date = '2025-11-12'",
        world.people[BETO],
    )
    assert usage.dataframe[0].value["events"].sum() == calls


@pytest.mark.usefixtures("unusual")
def test_in_english_too(world, signed_in):
    with world.db.transaction(Role.OWNER) as conn:
        conn.execute("UPDATE users SET language = 'en' WHERE email = %s", (ADMIN,))
    try:
        page = signed_in(ADMIN).open("alerts")
    finally:
        with world.db.transaction(Role.OWNER) as conn:
            conn.execute("UPDATE users SET language = 'es' WHERE email = %s", (ADMIN,))
    assert "Unusual days" in text_of(page)
    assert list(page.dataframe[-1].value["measure"]) == ["Cost", "Calls"]


def test_where_nothing_is_unusual_the_page_says_so(signed_in):
    page = signed_in(ADMIN).open("alerts")
    assert not page.exception
    assert "nadie usó mucho más que de costumbre" in text_of(page)
    assert not any("score" in table.value for table in page.dataframe)
