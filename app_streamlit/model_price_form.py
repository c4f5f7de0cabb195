"""Adding a price of our own for a model, and ending one: looked over once more before it is written."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Final
from uuid import UUID

import streamlit as st

from app_streamlit.page import Page
from cauce.billing.model_prices import OwnPrice, PriceError, add_price, end_price, read_price
from cauce.models.usage import PRICES
from ingest.usage.unknown_costs import UnknownCost

_PENDING: Final = "price-pending"
_MESSAGE: Final = "price-message"
_CHANGED: Final = "price-changed"
_LONGEST_PROVIDER: Final = 100
_LONGEST_MODEL: Final = 255
_LONGEST_NOTE: Final = 500


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A price that was filled in, and not yet confirmed."""

    provider: str
    model: str
    prices: Mapping[str, Decimal]
    first: date
    end: date | None
    note: str | None


def show_done(page: Page) -> None:
    """Say what the last change was, and how to see what it changes in what is loaded already."""
    if message := st.session_state.pop(_MESSAGE, None):
        st.success(message, icon=":material/check_circle:")
    if changed := st.session_state.get(_CHANGED):
        st.info(page.t("prices.reprice"), icon=":material/terminal:")
        st.code(changed, language="sh")


def fill_in(model: UnknownCost) -> None:
    """Begin a price for a model that has none, from the day of its first call on."""
    st.session_state["price-provider"], st.session_state["price-model"] = model.provider, model.model
    st.session_state["price-first"] = model.first_seen.astimezone(UTC).date()


def is_filled_in() -> bool:
    """Whether somebody is about to add a price."""
    return _PENDING in st.session_state or bool(st.session_state.get("price-model"))


def show_add(page: Page) -> None:
    """A form for a new price; what was filled in is shown once more to be confirmed."""
    pending = st.session_state.get(_PENDING)
    if isinstance(pending, _Wanted):
        _confirm(page, pending)
        return
    t = page.t
    with st.form("price-add"):
        left, right = st.columns(2)
        provider = left.text_input(t("column.provider"), key="price-provider", max_chars=_LONGEST_PROVIDER)
        model = right.text_input(
            t("column.model"), key="price-model", max_chars=_LONGEST_MODEL, help=t("prices.model_help")
        )
        left, right = st.columns(2)
        st.session_state.setdefault("price-first", page.today.replace(day=1))
        first = left.date_input(t("prices.first"), key="price-first")
        end = right.date_input(t("prices.end"), None, key="price-end", help=t("prices.end_help"))
        st.caption(t("prices.units"))
        texts = {}
        for start in range(0, len(PRICES), 3):
            # A row at a time: on a phone columns stand below each other.
            for name, column in zip(PRICES[start : start + 3], st.columns(3), strict=False):
                texts[name] = column.text_input(t(f"prices.{name}"), key=f"price-{name}")
        note = st.text_input(t("prices.note"), key="price-note", max_chars=_LONGEST_NOTE)
        if not st.form_submit_button(t("prices.review"), type="primary", icon=":material/preview:"):
            return
    if not provider.strip() or not model.strip():
        st.error(t("prices.refused.no_model", value=f"{provider} {model}".strip() or "—"), icon=":material/error:")
        return
    try:
        prices = {name: read_price(text.strip().replace(",", "")) for name, text in texts.items() if text.strip()}
        wanted = _Wanted(provider, model, prices, first, end, note.strip() or None)
        _write(page, wanted, try_only=True)
    except PriceError as error:
        _refuse(page, error)
        return
    st.session_state[_PENDING] = wanted
    st.rerun()


def _confirm(page: Page, wanted: _Wanted) -> None:
    t = page.t
    until = "" if wanted.end is None else " " + t("prices.until", day=page.f.date(wanted.end))
    with st.container(border=True):
        st.markdown(
            t(
                "prices.confirm_text",
                model=f"`{wanted.provider.strip().lower()}` `{wanted.model.strip().lower()}`",
                first=page.f.date(wanted.first),
                until=until,
            )
        )
        st.markdown("\n".join(f"- {t(f'prices.{name}')}: {_usd(price)}" for name, price in wanted.prices.items()))
        with st.container(horizontal=True):
            sure = st.button(t("prices.confirm"), type="primary", icon=":material/check:", key="price-confirm")
            if st.button(t("prices.cancel"), key="price-cancel"):
                del st.session_state[_PENDING]
                st.rerun()
    if not sure:
        return
    del st.session_state[_PENDING]
    try:
        _write(page, wanted)
    except PriceError as error:
        # Somebody else was faster.
        _refuse(page, error)
        return
    _done(page, "prices.added", wanted.provider, wanted.model, wanted.first)


def _write(page: Page, wanted: _Wanted, *, try_only: bool = False) -> None:
    with page.data() as data:
        add_price(
            data.conn,
            wanted.provider,
            wanted.model,
            wanted.prices,
            valid_from=_midnight(wanted.first),
            valid_to=None if wanted.end is None else _midnight(wanted.end),
            note=wanted.note,
            by=page.person.email,
        )
        if try_only:
            data.conn.rollback()


def show_end(page: Page, own: list[OwnPrice]) -> None:
    """Choose a price that is in force or to come, and the day from which it holds no more."""
    t = page.t
    prices = {str(price.id): price for price in own}
    chosen = st.selectbox(
        t("prices.which"),
        list(prices),
        index=None,
        format_func=lambda key: _describe(page, prices[key]),
        placeholder=t("prices.choose"),
        key="price-which",
    )
    if chosen is None:
        return
    price = prices[chosen]
    begins = price.valid_from.astimezone(UTC).date()
    at = st.date_input(
        t("prices.end"), max(page.today, begins), min_value=begins, key=f"price-at-{chosen}", help=t("prices.end_help")
    )
    sure = st.checkbox(t("prices.sure", model=f"{price.provider} {price.model}"), key=f"price-sure-{chosen}")
    if not st.button(t("prices.end_it"), disabled=not sure, icon=":material/event_busy:", key="price-end-it"):
        return
    try:
        with page.data() as data:
            end_price(data.conn, UUID(chosen), _midnight(at))
    except PriceError as error:
        _refuse(page, error)
        return
    _done(page, "prices.ended", price.provider, price.model, at)


def _refuse(page: Page, error: PriceError) -> None:
    st.error(page.t(f"prices.refused.{error.rule}", **error.about), icon=":material/error:")


def _done(page: Page, key: str, provider: str, model: str, day: date) -> None:
    model = model.strip().lower()
    name = f"{provider.strip().lower()} {model}"
    st.session_state[_MESSAGE] = page.t(key, model=name, day=page.f.date(day))
    # Quoted, as a star means something to a shell.
    st.session_state[_CHANGED] = f"cauce reprice --from {day} --model '{model.replace(chr(39), '')}' --dry-run"
    st.rerun()


def _describe(page: Page, price: OwnPrice) -> str:
    return f"{price.provider} {price.model} · {page.t('prices.since', day=page.f.date(price.valid_from.date()))}"


def _usd(price: Decimal) -> str:
    """The price exactly: it may have more decimals than a cost is shown with."""
    return f"${price.normalize():f} USD"


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
