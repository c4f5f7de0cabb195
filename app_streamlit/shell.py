"""The document every page of the app starts from: Streamlit's own, in the person's language and theme."""

import re
from functools import cache
from html import escape
from pathlib import Path
from string import Template

from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from streamlit import file_util

from app_streamlit import signpost
from app_streamlit.catalog import first_page
from app_streamlit.guard import PERSON
from app_streamlit.texts import Texts


def routes(pages: tuple[str, ...]) -> list[BaseRoute]:
    """The document under the path of each page, and the public files it refers to."""
    return [
        Route("/", start, methods=["GET"]),
        *(Route(path, document, methods=["GET"]) for path in pages if path != "/"),
        Route("/favicon.ico", _favicon, methods=["GET"]),
        Mount("/assets", StaticFiles(directory=signpost.ASSETS)),
    ]


async def start(request: Request) -> Response:
    """The first page of the person the guard let in."""
    return RedirectResponse(f"/{first_page(request.scope[PERSON].audience).path}", 303)


async def document(request: Request) -> Response:
    """Streamlit's bundle for the person the guard let in."""
    person = request.scope[PERSON]
    t = Texts(person.language)
    template, bundle = _parts()
    return HTMLResponse(
        template.substitute(
            language=t.language, theme=escape(person.theme), bundle=bundle, no_script=escape(t("shell.no_script"))
        )
    )


async def _favicon(_request: Request) -> Response:
    return FileResponse(signpost.ASSETS / "favicon.svg", media_type="image/svg+xml")


@cache
def _parts() -> tuple[Template, str]:
    """Our document, and the scripts and styles that Streamlit's own refers to (their names change with its version)."""
    index = (Path(file_util.get_static_dir()) / "index.html").read_text(encoding="utf-8")
    bundle = re.findall(r'<script type="module"[^>]*></script>|<link rel="(?:modulepreload|stylesheet)"[^>]*>', index)
    return Template((signpost.ASSETS / "shell.html").read_text(encoding="utf-8")), "\n    ".join(bundle)
