"""Signing in by link and signing out (routes in front of the app).

GET shows a button and changes nothing, since mail scanners and chat previews open links too; only POST uses the link.
"""

from collections.abc import Sequence
from html import escape
from ipaddress import ip_address
from typing import Final

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from app_streamlit import signpost
from app_streamlit.guard import COOKIE
from cauce.database import Database
from cauce.security import sign_in
from cauce.settings import Settings

_LONGEST_TOKEN: Final = 200
_LONGEST_EMAIL: Final = 255


class SignIn:
    """The sign-in routes of one app; `pages` are the paths a person may be sent on to."""

    def __init__(self, settings: Settings, db: Database, pages: Sequence[str]) -> None:
        """Sign people in to `db`."""
        self.db = db
        self.pages = frozenset(pages)
        self.secure = settings.base_url.startswith("https:")
        self.cookie_seconds = settings.session_absolute_hours * 3600

    def routes(self) -> list[Route]:
        """GET and POST /sign-in, POST /sign-out."""
        return [
            Route("/sign-in", self.show, methods=["GET"]),
            Route("/sign-in", self.submit, methods=["POST"]),
            Route("/sign-out", self.leave, methods=["POST"]),
        ]

    async def show(self, request: Request) -> Response:
        """The button that uses a link, or the form that asks for the address."""
        t = signpost.texts(request.scope)
        token = request.query_params.get("token", "")[:_LONGEST_TOKEN]
        hidden = _hidden("next", self._target(request.query_params.get("next")))
        if token:
            fields = f"{_hidden('token', token)}{hidden}{_button(t('outside.enter'))}"
            form = f'<form method="post" action="/sign-in">{fields}</form>'
            return signpost.page(request.scope, "confirm", body=form)
        form = (
            f'<form method="post" action="/sign-in">{hidden}<label for="email">{escape(t("outside.email"))}</label>'
            f'<input id="email" name="email" type="email" autocomplete="email" required maxlength="{_LONGEST_EMAIL}">'
            f"{_button(t('outside.ask'))}</form>{_note(t('outside.no_mail'), 'cauce link')}"
        )
        return signpost.page(request.scope, "sign_in", body=form)

    async def submit(self, request: Request) -> Response:
        """Use the link, or answer a request for one: the same whether or not the person exists."""
        form = await request.form(max_files=0, max_fields=5)
        token = form.get("token")
        if not isinstance(token, str) or not token:
            note = _note(signpost.texts(request.scope)("outside.no_mail"), "cauce link")
            return signpost.page(request.scope, "asked", body=note)
        ip = _address(request)
        agent = request.headers.get("user-agent", "")[:500]
        session = await to_thread.run_sync(
            lambda: sign_in.consume(self.db, token[:_LONGEST_TOKEN], ip=ip, user_agent=agent)
        )
        if session is None:
            again = signpost.link("/sign-in", signpost.texts(request.scope)("outside.again"))
            return signpost.page(request.scope, "link_refused", 400, body=again)
        wanted = form.get("next")
        answer = RedirectResponse(self._target(wanted if isinstance(wanted, str) else None), 303)
        answer.set_cookie(
            COOKIE, session, max_age=self.cookie_seconds, path="/", httponly=True, samesite="lax", secure=self.secure
        )
        return answer

    async def leave(self, request: Request) -> Response:
        """End the session for good and forget its cookie."""
        if token := request.cookies.get(COOKIE):
            await to_thread.run_sync(sign_in.revoke, self.db, token)
        answer = RedirectResponse("/sign-in", 303)
        answer.delete_cookie(COOKIE, path="/", httponly=True, samesite="lax", secure=self.secure)
        return answer

    def _target(self, wanted: str | None) -> str:
        return wanted if wanted in self.pages else "/"


def _address(request: Request) -> str | None:
    """The address the request comes from; over a Unix socket there is none."""
    try:
        return str(ip_address(request.client.host)) if request.client else None
    except ValueError:
        return None


def _hidden(name: str, value: str) -> str:
    return f'<input type="hidden" name="{name}" value="{escape(value)}">'


def _button(label: str) -> str:
    return f'<button type="submit">{escape(label)}</button>'


def _note(text: str, command: str) -> str:
    return f'<p class="note">{escape(text)} <code>{escape(command)} EMAIL</code></p>'
