"""Pages shown outside the app: sign-in, and what to do when a page is not there or cannot be shown."""

from functools import cache
from html import escape
from pathlib import Path
from string import Template
from typing import Final

from starlette.datastructures import Headers
from starlette.responses import HTMLResponse
from starlette.types import Scope

from app_streamlit.texts import LANGUAGES, Texts

ASSETS: Final = Path(__file__).parent / "assets"


def page(scope: Scope, key: str, status: int = 200, *, body: str | None = None, **values: str) -> HTMLResponse:
    """The page whose texts are outside.`key`; `body` is markup below its text, by default a link to the start."""
    t = texts(scope)
    rest = link("/", t("outside.home")) if body is None else body
    return HTMLResponse(
        _template().substitute(
            language=t.language,
            title=escape(t(f"outside.{key}.title")),
            body=f"<p>{escape(t(f'outside.{key}.text', **values))}</p>{rest}",
            footer=escape(t("outside.footer")),
        ),
        status,
    )


def texts(scope: Scope) -> Texts:
    """The texts in the language the browser asks for; Spanish unless it prefers one of ours."""
    wanted = Headers(scope=scope).get("accept-language", "")
    for part in wanted.split(","):
        language = part.split(";")[0].strip().split("-")[0].lower()
        if language in LANGUAGES:
            return Texts(language)
    return Texts("es")


def link(target: str, label: str) -> str:
    """A link that looks like a button."""
    return f'<a class="button" href="{escape(target)}">{escape(label)}</a>'


@cache
def _template() -> Template:
    return Template((ASSETS / "outside.html").read_text(encoding="utf-8"))
