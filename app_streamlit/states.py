"""What a page shows when it cannot show its content: each state says what happened and what to do."""

import streamlit as st

from app_streamlit.texts import Texts


def signed_out() -> None:
    """Nobody is signed in, or the session ended while the page was open."""
    language = (st.context.locale or "es").split("-")[0].lower()
    t = Texts(language if language == "en" else "es")
    st.title(t("state.signed_out.title"))
    st.write(t("state.signed_out.text"))
    _link("/sign-in", t("state.signed_out.action"))


def forbidden(t: Texts) -> None:
    """The page is for another kind of person."""
    st.title(t("state.forbidden.title"))
    st.write(t("state.forbidden.text"))


def empty(t: Texts, key: str, icon: str) -> None:
    """There is nothing to show yet; the texts state.`key` say how to begin."""
    with st.container(border=True, horizontal_alignment="center", gap="small"):
        st.markdown(f"### {icon} {t(f'state.{key}.title')}", text_alignment="center")
        st.markdown(t(f"state.{key}.text"), text_alignment="center")


def unpublished(t: Texts) -> None:
    """No marts have been published yet."""
    empty(t, "unpublished", ":material/hourglass_empty:")


def unavailable(t: Texts) -> None:
    """The database does not answer, or a query took too long."""
    st.error(t("state.unavailable"), icon=":material/cloud_off:")


def failed(t: Texts, reference: str) -> None:
    """Something nobody foresaw; the log has it under `reference`."""
    st.error(t("state.failed", reference=reference), icon=":material/error:")


def _link(path: str, label: str) -> None:
    # A plain link stays in this tab; st.link_button would open another one.
    st.html(f'<a class="cauce-button" href="{path}" target="_self">{label}</a>')
