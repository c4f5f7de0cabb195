"""The script Streamlit runs: the navigation of the person who is signed in, and the page they chose."""

from html import escape

import streamlit as st

from app_streamlit import session, signpost
from app_streamlit.catalog import ENTRIES, FOLDER, Entry
from app_streamlit.states import signed_out
from app_streamlit.texts import Texts
from cauce.security.people import Person


def main() -> None:
    """Show the app to whoever is signed in, or say that nobody is."""
    st.set_page_config(page_title="Cauce", page_icon=str(signpost.ASSETS / "favicon.svg"), layout="wide")
    who = session.person()
    if who is None:
        signed_out()
        return
    t = Texts(who.language)
    st.logo(str(signpost.ASSETS / "logo.svg"), icon_image=str(signpost.ASSETS / "favicon.svg"), size="large")
    chosen = st.navigation(_sections(who, t), position="sidebar", expanded=True)
    chosen.run()
    _show_person(who, t)


def _show_person(who: Person, t: Texts) -> None:
    """Who is signed in, and the way out: a form, since signing out changes something."""
    st.sidebar.html(
        f'<div class="cauce-person"><strong>{escape(who.display_name)}</strong><small>{escape(who.email)}</small>'
        f'<form method="post" action="/sign-out"><button type="submit">'
        f"{escape(t('nav.sign_out'))}</button></form></div>"
    )


def _sections(who: Person, t: Texts) -> dict[str, list[st.Page]]:
    """Every page is registered, so that a forbidden address says so; only the person's own are listed."""
    own = [entry for entry in ENTRIES if session.may_open(who, entry.audience)]
    # The default page answers to "/" alone, so that every other page keeps its own address.
    start = st.Page(FOLDER / "home.py", title="Cauce", default=True, visibility="hidden")
    sections: dict[str, list[st.Page]] = {t(f"nav.{own[0].audience}"): [start]}
    for entry in [*own, *(entry for entry in ENTRIES if entry not in own)]:
        heading = t(f"nav.{entry.audience}") if entry in own else t("nav.user")
        sections.setdefault(heading, []).append(_page(entry, t, listed=entry in own))
    return sections


def _page(entry: Entry, t: Texts, *, listed: bool) -> st.Page:
    return st.Page(
        entry.file,
        title=t(f"{entry.key}.nav"),
        icon=entry.icon,
        url_path=entry.path,
        visibility="visible" if listed else "hidden",
    )


main()
