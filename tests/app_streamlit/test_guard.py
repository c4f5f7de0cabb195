"""The door: what passes without a session, what does not, and what every answer carries."""

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket, WebSocketDisconnect

from app_streamlit import ownership
from app_streamlit.catalog import PATHS
from app_streamlit.guard import COOKIE, Guard
from cauce.database import Database
from cauce.errors import RetriableError
from cauce.security.sign_in import revoke
from tests.conftest import make_person_in, sign_in_to

HTML = {"accept": "text/html"}
SECRET_PATHS = [*PATHS, "/media/abc.csv", "/_stcore/host-config", "/_stcore/upload_file/s/f", "/component/x"]


async def echo(request: Request) -> JSONResponse:
    return JSONResponse(dict(request.headers))


async def stream(socket: WebSocket) -> None:
    await socket.accept()
    await socket.send_text(",".join(socket.scope["subprotocols"]))
    await socket.close()


@pytest.fixture
def client(shared_db: Database) -> TestClient:
    inner = Starlette(
        routes=[WebSocketRoute("/_stcore/stream", stream), Route("/{path:path}", echo, methods=["GET", "POST", "PUT"])]
    )
    return TestClient(Guard(inner, shared_db, "http://testserver", PATHS), follow_redirects=False)


@pytest.fixture
def ana(shared_db: Database) -> str:
    make_person_in(shared_db, "ana@example.com")
    return sign_in_to(shared_db, "ana@example.com")


def test_without_a_session_a_page_leads_to_sign_in(client):
    answer = client.get("/health", headers=HTML)
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?next=/health")


@pytest.mark.parametrize("path", SECRET_PATHS)
@pytest.mark.parametrize("token", ["", "forged", "ana@example.com"])
def test_without_a_live_session_nothing_is_served(client, path, token):
    client.cookies.set(COOKIE, token)
    assert client.get(path).status_code == 401
    assert client.put(path).status_code == 401


@pytest.mark.parametrize("path", ["/sign-in", "/_stcore/health", "/static/js/index.js", "/assets/app.css"])
def test_sign_in_health_and_assets_are_public(client, path):
    assert client.get(path).status_code == 200


def test_the_websocket_needs_a_session(client, ana):
    for token in ("", "forged"):
        client.cookies.set(COOKIE, token)
        with pytest.raises(WebSocketDisconnect) as refused, client.websocket_connect("/_stcore/stream"):
            pass
        assert refused.value.code == 1008
    client.cookies.set(COOKIE, ana)
    with client.websocket_connect("/_stcore/stream") as socket:
        assert socket.receive_text() == ""


def test_with_a_session_pages_are_served_until_it_is_revoked(client, ana, shared_db):
    client.cookies.set(COOKIE, ana)
    assert [client.get(path).status_code for path in PATHS] == [200] * len(PATHS)
    revoke(shared_db, ana)
    assert [client.get(path).status_code for path in PATHS] == [401] * len(PATHS)


@pytest.mark.parametrize(
    "path", ["/_stcore/metrics", "/_stcore/agent/interact", "/auth/login", "/nothing", "/finance/../x"]
)
def test_what_is_not_on_the_list_does_not_exist(client, ana, path):
    client.cookies.set(COOKIE, ana)
    assert client.get(path).status_code == 404
    assert "no existe" in client.get(path, headers=HTML).text


def test_media_and_uploads_belong_to_the_page_that_made_them(client, ana, monkeypatch):
    client.cookies.set(COOKIE, ana)
    assert client.get("/media/abc.csv").status_code == 404
    assert client.put("/_stcore/upload_file/page-1/file").status_code == 404
    monkeypatch.setitem(ownership._owners, "page-1", ownership._hash(ana))
    assert client.put("/_stcore/upload_file/page-1/file").status_code == 200


def test_a_websocket_resumes_only_its_own_page(client, ana, monkeypatch):
    client.cookies.set(COOKIE, ana)
    with client.websocket_connect("/_stcore/stream", subprotocols=["streamlit", "xsrf", "page-1"]) as socket:
        assert socket.receive_text() == "streamlit,xsrf"
    monkeypatch.setitem(ownership._owners, "page-1", ownership._hash(ana))
    with client.websocket_connect("/_stcore/stream", subprotocols=["streamlit", "xsrf", "page-1"]) as socket:
        assert socket.receive_text() == "streamlit,xsrf,page-1"


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "http://testserver.evil.example", "null", "http://testserver:81"]
)
def test_another_origin_is_refused_first(client, ana, origin):
    client.cookies.set(COOKIE, ana)
    assert client.post("/sign-out", headers={"origin": origin}).status_code == 403
    with pytest.raises(WebSocketDisconnect), client.websocket_connect("/_stcore/stream", headers={"origin": origin}):
        pass
    assert client.post("/sign-out", headers={"origin": "http://testserver"}).status_code == 200


def test_headers_that_name_a_person_are_dropped(client, ana):
    client.cookies.set(COOKIE, ana)
    named = {
        "X-Forwarded-User": "admin",
        "Remote-User": "admin",
        "X-Auth-Request-Email": "a@b",
        "X-User-Id": "1",
        "X-Kept": "yes",
    }
    seen = client.get("/health", headers=named).json()
    assert not {name.lower() for name in named if name != "X-Kept"} & set(seen)
    assert seen["x-kept"] == "yes"


@pytest.mark.parametrize("path", ["/sign-in", "/health", "/nothing"])
def test_every_answer_carries_the_security_headers(client, path):
    headers = client.get(path).headers
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert "unsafe-eval" not in headers["content-security-policy"].replace("wasm-unsafe-eval", "")
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["cache-control"] == "no-store"


def test_a_silent_database_is_said_plainly(shared_db, ana, monkeypatch):
    def silent(*_args: object) -> None:
        raise RetriableError("the database does not answer", where="10.0.0.1:5432/cauce")

    monkeypatch.setattr("app_streamlit.guard.people.person", silent)
    client = TestClient(Guard(PlainTextResponse("inside"), shared_db, "http://testserver", PATHS))
    client.cookies.set(COOKIE, ana)
    answer = client.get("/health", headers=HTML)
    assert answer.status_code == 503
    assert "no responde" in answer.text
    assert "10.0.0.1" not in answer.text
