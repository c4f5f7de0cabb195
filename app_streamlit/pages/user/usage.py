"""A person's own usage of the agents and what it cost."""

from app_streamlit import states
from app_streamlit.page import Page, show
from app_streamlit.periods import choose_period
from app_streamlit.usage_forecast import show_own_forecast
from app_streamlit.usage_report import (
    Filter,
    read_report,
    show_days,
    show_months,
    show_rankings,
    show_totals,
    show_unknown,
)


def content(page: Page) -> None:
    """Lay out the person's figures of a period."""
    with page.data() as data:
        known = data.fetch("usage/bounds")["last_day"][0] is not None
    if not known:
        states.empty(page.t, "no_usage", ":material/bolt:")
        return
    chosen = Filter(choose_period(page))
    with page.data() as data:
        report = read_report(data, chosen)
    if report.totals["events"] == 0:
        states.empty(page.t, "no_usage_in_period", ":material/water:")
        return
    show_totals(page, report, people=False)
    show_unknown(page, report)
    show_own_forecast(page)
    show_days(page, report, "my-usage")
    show_rankings(page, report, "my-usage")
    show_months(page, report, "my-usage")


show("usage", content)
