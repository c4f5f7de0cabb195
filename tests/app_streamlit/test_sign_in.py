"""Signing in: a link is used by the button, never by opening it; signing out ends the session."""

from urllib.parse import urlsplit

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient
from streamlit import config

from app_streamlit import shell
from app_streamlit.catalog import PATHS
from app_streamlit.guard import COOKIE, Guard
from app_streamlit.sign_in import SignIn
from app_streamlit.theme import apply_options
from cauce.database import Database
from cauce.security.people import person
from cauce.security.sign_in import issue_link
from tests.conftest import make_person_in


def client_of(db: Database, base_url: str) -> TestClient:
    settings = db.settings.model_copy(update={"public_url": base_url})
    inner = Starlette(routes=[*SignIn(settings, db, PATHS).routes(), *shell.routes(PATHS)])
    guard = Guard(inner, db, base_url, PATHS)
    return TestClient(guard, base_url=base_url, follow_redirects=False, client=("127.0.0.1", 50000))


@pytest.fixture
def client(shared_db: Database) -> TestClient:
    return client_of(shared_db, "http://testserver")


@pytest.fixture
def token(shared_db: Database) -> str:
    make_person_in(shared_db, "ana@example.com")
    return issue_link(shared_db, "ana@example.com").split("token=")[1]


def test_opening_the_link_changes_nothing_and_the_button_signs_in_once(client, shared_db, token):
    for _ in range(3):
        shown = client.get(f"/sign-in?token={token}")
        assert shown.status_code == 200
        assert "Entrar a Cauce" in shown.text
        assert "set-cookie" not in shown.headers
    answer = client.post("/sign-in", data={"token": token})
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert "secure" not in cookie
    found = person(shared_db, client.cookies[COOKIE])
    assert found is not None
    assert found.email == "ana@example.com"
    again = client.post("/sign-in", data={"token": token})
    assert again.status_code == 400
    assert "ya no sirve" in again.text


def test_where_there_is_no_address_people_still_sign_in(client, token):
    unnamed = TestClient(client.app, follow_redirects=False, client=("a socket", 0))
    assert unnamed.post("/sign-in", data={"token": token}).status_code == 303


def test_over_https_the_cookie_is_secure(shared_db, token):
    answer = client_of(shared_db, "https://cauce.example").post("/sign-in", data={"token": token})
    assert "secure" in answer.headers["set-cookie"].lower()
    assert answer.headers["strict-transport-security"]


def test_the_start_leads_to_the_first_own_page_in_the_persons_language(client, token):
    client.post("/sign-in", data={"token": token})
    assert client.get("/").headers["location"] == "/finance"
    document = client.get("/finance").text
    assert '<html lang="es" data-theme="system">' in document
    assert '<script type="module"' in document
    assert "<title>Cauce</title>" in document
    assert "agent" not in document


@pytest.mark.parametrize("target", ["https://evil.example", "//evil.example", "/nothing", "javascript:alert(1)"])
def test_nobody_is_sent_elsewhere_after_signing_in(client, token, target):
    assert target not in client.get("/sign-in", params={"token": token, "next": target}).text
    answer = client.post("/sign-in", data={"token": token, "next": target})
    assert urlsplit(answer.headers["location"]) == urlsplit("/")


def test_a_person_returns_to_the_page_they_wanted(client, token):
    assert 'name="next" value="/health"' in client.get(f"/sign-in?token={token}&next=/health").text
    assert client.post("/sign-in", data={"token": token, "next": "/health"}).headers["location"] == "/health"


def test_what_is_in_the_address_is_not_markup(client):
    assert "<script>" not in client.get("/sign-in", params={"token": '"><script>alert(1)</script>'}).text


def test_asking_for_a_link_answers_the_same_for_everybody_and_says_how_it_is_delivered(client, token):
    assert "todavía no envía correos" in client.get("/sign-in").text
    known = client.post("/sign-in", data={"email": "ana@example.com"})
    unknown = client.post("/sign-in", data={"email": "nobody@example.com"})
    assert known.text == unknown.text
    assert "cauce link" in known.text


@pytest.mark.parametrize(
    ("language", "text"), [("en-GB,en;q=0.9,es;q=0.8", "Sign in"), ("es-MX", "Inicia sesión"), ("de", "Inicia sesión")]
)
def test_the_page_speaks_the_browsers_language(client, language, text):
    assert f"<h1>{text}</h1>" in client.get("/sign-in", headers={"accept-language": language}).text


def test_signing_out_ends_the_session_everywhere(client, shared_db, token):
    client.post("/sign-in", data={"token": token})
    session = client.cookies[COOKIE]
    assert client.get("/sign-out").status_code == 405
    assert person(shared_db, session)
    answer = client.post("/sign-out")
    assert answer.headers["location"] == "/sign-in"
    assert COOKIE not in client.cookies
    assert person(shared_db, session) is None


def test_options_of_the_app_keep_it_at_home():
    apply_options()
    assert config.get_option("browser.gatherUsageStats") is False
    assert config.get_option("client.showErrorDetails") == "none"
    assert config.get_option("client.toolbarMode") == "minimal"
    assert config.get_option("server.enableAgentApi") is False
