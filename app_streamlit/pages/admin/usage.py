"""Admins: cost, tokens, people and models over time, narrowed as far as they like. Nothing of what anybody wrote."""

from app_streamlit import states
from app_streamlit.page import Page, show
from app_streamlit.periods import choose_period
from app_streamlit.usage_explorer import read_view, show_groups, show_path
from app_streamlit.usage_latency import show_latency
from app_streamlit.usage_report import read_report, show_months, show_totals, show_unknown


def content(page: Page) -> None:
    """Lay out the figures of what the admin has narrowed to."""
    period = choose_period(page)
    with page.data() as data:
        view = read_view(data, page, period)
        chosen = view.filter()
        report = read_report(data, chosen)
        groups = data.fetch("usage/explore", by=view.by, measure=view.measure, **chosen.params())
    show_path(page, view)
    if report.totals["events"] == 0:
        states.empty(page.t, "no_usage_in_period", ":material/water:")
        return
    show_totals(page, report, people=True)
    show_unknown(page, report)
    show_groups(page, view, report.days, groups)
    show_months(page, report, "usage")
    show_latency(page, chosen)


show("admin_usage", content)
