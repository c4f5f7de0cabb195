"""Admins: plans with their dated prices and limits, who is on them, and what models cost by our own prices."""

import polars as pl
import streamlit as st

from app_streamlit import address
from app_streamlit.model_price_form import fill_in, is_filled_in, show_add, show_done, show_end
from app_streamlit.page import Page, show
from app_streamlit.tables import Column, table
from cauce.billing.model_prices import OwnPrice, list_prices
from cauce.models.usage import PRICES
from ingest.usage.unknown_costs import PRICEABLE, WHAT_TO_DO, UnknownCost, unknown_costs

_DATES = {
    "valid_from": Column("column.from", "date"),
    "valid_to": Column("plans.until", "date"),
    "state": Column("column.status", texts="plans.state"),
}
_PLANS = {
    "name": Column("plans.plan", pinned=True),
    "people": Column("column.people", "count"),
    "people_with_limits": Column("plans.with_limits", "count"),
    "included_messages": Column("plans.messages", "count"),
    "included_tokens": Column("plans.tokens", "count"),
    "overage_currency": Column("column.currency"),
    "overage_message_price": Column("plans.overage_message", "price"),
    "overage_million_price": Column("plans.overage_million", "price"),
}
_PRICES = {
    "name": Column("plans.plan", pinned=True),
    "amount": Column("column.price", "money"),
    "currency": Column("column.currency"),
    "billing_interval": Column("plans.interval", texts="plans.every"),
    **_DATES,
}
_LIMITS = {
    "name": Column("plans.plan", pinned=True),
    "included_messages": Column("plans.messages", "count"),
    "included_tokens": Column("plans.tokens", "count"),
    "included_storage": Column("plans.storage", "bytes"),
    "max_file_size": Column("plans.file_size", "bytes"),
    "max_files": Column("plans.files", "count"),
    "overage_currency": Column("column.currency"),
    "overage_message_price": Column("plans.overage_message", "price"),
    "overage_million_price": Column("plans.overage_million", "price"),
    **_DATES,
}
_PEOPLE = {
    "email": Column("column.email", pinned=True),
    "status": Column("column.status", texts="plans.subscription"),
    "valid_from": Column("column.from", "instant"),
    "amount": Column("column.price", "money"),
    "currency": Column("column.currency"),
    "billing_interval": Column("plans.interval", texts="plans.every"),
}
_CUSTOM = {
    "email": Column("column.email", pinned=True),
    "plan": Column("plans.plan"),
    "metric": Column("plans.limit", texts="plans.metric"),
    "amount": Column("plans.own", "count"),
    "plan_amount": Column("plans.of_plan", "count"),
    "valid_from": Column("column.from", "instant"),
}
_UNKNOWN = {
    "model": Column("column.model", pinned=True),
    "provider": Column("column.provider"),
    "reason": Column("column.why", texts="prices.reason"),
    "events": Column("column.events", "count"),
    "tokens": Column("column.tokens", "count"),
    "first_seen": Column("plans.first_seen", "instant"),
    "last_seen": Column("plans.last_seen", "instant"),
}
_OWN = {
    "model": Column("column.model", pinned=True),
    "provider": Column("column.provider"),
    "valid_from": Column("column.from", "utc"),
    "valid_to": Column("plans.until", "utc"),
    **{name: Column(f"prices.{name}", "price") for name in PRICES},
    "note": Column("prices.note"),
    "created_by": Column("prices.by"),
}


def content(page: Page) -> None:
    """Lay out plans and prices of models, each in a tab."""
    plans, prices = st.tabs([page.t("plans.tab_plans"), page.t("plans.tab_prices")])
    with plans:
        _plans(page)
    with prices:
        _prices(page)


def _plans(page: Page) -> None:
    with page.data() as data:
        plans = data.fetch("billing/plans", today=page.today, language=page.t.language)
        prices = data.fetch("billing/plan_prices", today=page.today, language=page.t.language)
        limits = data.fetch("billing/plan_limits", today=page.today, language=page.t.language)
        custom = data.fetch("billing/custom_limits", today=page.today, language=page.t.language)
    codes: list[str] = plans["code"].to_list()
    st.subheader(page.t("plans.now"), anchor=False)
    st.caption(page.t("plans.now_hint"))
    chosen = address.one_of("plan", codes, "")
    table(
        page,
        plans,
        _PLANS,
        "plans",
        on_choose=lambda row: address.keep({"plan": (codes[row],)}),
        key=f"plans-{chosen}",
    )
    if chosen:
        name = plans.filter(pl.col("code") == chosen)["name"][0]
        st.subheader(page.t("plans.people_of", plan=name), anchor=False)
        st.button(
            page.t("plans.every_plan"),
            key="plans-all",
            icon=":material/close:",
            on_click=address.keep,
            args=({"plan": ()},),
        )
        with page.data() as data:
            people = data.fetch("billing/plan_people", plan=chosen)
        table(page, people, _PEOPLE, f"plan-{chosen.lower()}-people")
    st.subheader(page.t("plans.prices"), anchor=False)
    table(page, prices, _PRICES, "plan-prices")
    st.subheader(page.t("plans.limits"), anchor=False)
    table(page, limits, _LIMITS, "plan-limits")
    st.caption(page.t("plans.limits_hint"))
    st.subheader(page.t("plans.custom"), anchor=False)
    if custom.is_empty():
        st.caption(page.t("plans.no_custom"))
    else:
        table(page, custom, _CUSTOM, "custom-limits", missing="∞")


def _prices(page: Page) -> None:
    with page.data() as data:
        unknown = unknown_costs(data.conn)
        every = list_prices(data.conn, ended=True)
        current = list_prices(data.conn)
    show_done(page)
    st.subheader(page.t("prices.unknown"), anchor=False)
    if unknown:
        _show_unknown(page, unknown)
    else:
        st.caption(page.t("prices.none_unknown"))
    st.subheader(page.t("prices.own"), anchor=False)
    own = every if st.toggle(page.t("prices.with_ended"), key="prices-ended") else current
    if own:
        table(page, _own(own), _OWN, "model-prices")
    else:
        st.caption(page.t("prices.none_own"))
    with st.expander(page.t("prices.add"), icon=":material/add:", expanded=not current or is_filled_in()):
        show_add(page)
    if current:
        with st.expander(page.t("prices.end_one"), icon=":material/event_busy:", key="prices-end"):
            show_end(page, current)


def _show_unknown(page: Page, unknown: list[UnknownCost]) -> None:
    """What has no known cost and why; a row for which a price helps begins its price."""
    calls = sum(one.events for one in unknown)
    st.info(page.t.count("prices.without_cost", calls, n=page.f.number(calls)), icon=":material/help:")
    frame = pl.DataFrame([{name: getattr(one, name) for name in _UNKNOWN} for one in unknown])

    def choose(row: int) -> None:
        if unknown[row].reason in PRICEABLE:
            fill_in(unknown[row])

    table(page, frame, _UNKNOWN, "unknown-costs", on_choose=choose, key="unknown-costs")
    reasons = {one.reason for one in unknown}
    st.caption("\n".join(f"- {page.t(f'prices.help.{reason}')}" for reason in WHAT_TO_DO if reason in reasons))


def _own(prices: list[OwnPrice]) -> pl.DataFrame:
    rows = [
        {name: price.prices.get(name) if name in PRICES else getattr(price, name) for name in _OWN} for price in prices
    ]
    schema = dict.fromkeys(PRICES, pl.Decimal(38, 12)) | dict.fromkeys(("note", "created_by"), pl.Utf8())
    return pl.DataFrame(rows, schema_overrides=schema)


show("plans", content)
