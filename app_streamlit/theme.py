"""Palette of the app and the Streamlit options that carry it.

A river in daylight and at night: deep teal water, warm clay on the bank, sand for what waits. Both palettes keep body
text at 7:1 or more against the page and interface colours at 3:1 or more.
"""

from typing import Final

from streamlit import config

INCOME: Final = "#1592A0"
EXPENSE: Final = "#DE7650"
NEUTRAL: Final = "#7C9196"
MOVEMENTS: Final = {
    "new_mrr": "#1592A0", "expansion_mrr": "#5E9E76", "reactivation_mrr": "#3B8EC5",
    "contraction_mrr": "#D3A03A", "churned_mrr": "#DE7650",
}  # fmt: skip

_LIGHT: Final[dict[str, object]] = {
    "primaryColor": "#0B7480",
    "backgroundColor": "#FCFBF8",
    "secondaryBackgroundColor": "#EEF3F2",
    "textColor": "#12292D",
    "linkColor": "#0A6570",
    "borderColor": "#D9E2E0",
    "dataframeHeaderBackgroundColor": "#EEF3F2",
    "chartCategoricalColors": [
        "#0B7480", "#DE7650", "#3B6EA5", "#D3A03A", "#5E9E76", "#8A67A8", "#B24D63", "#6E8389", "#2FB5B0", "#A9743E",
    ],
}  # fmt: skip
_DARK: Final[dict[str, object]] = {
    "primaryColor": "#35AFAE",
    "backgroundColor": "#0C1A1D",
    "secondaryBackgroundColor": "#14282C",
    "textColor": "#E4EDEC",
    "linkColor": "#6FD0CC",
    "borderColor": "#284449",
    "dataframeHeaderBackgroundColor": "#14282C",
    "chartCategoricalColors": [
        "#3FBDBB", "#EE9672", "#7CA9DA", "#E5BD62", "#8AC79F", "#B99AD4", "#DC8496", "#9DB0B5", "#1F8F96", "#C99A66",
    ],
}  # fmt: skip
_SHARED: Final[dict[str, object]] = {
    "font": "sans-serif",
    "headingFont": "serif",
    "baseFontSize": 16,
    "baseRadius": "0.75rem",
    "buttonRadius": "0.6rem",
    "headingFontSizes": ["2.1rem", "1.45rem", "1.15rem", "1rem", "0.95rem", "0.9rem"],
    "headingFontWeights": [600, 600, 600, 600, 600, 600],
    "metricValueFontSize": "1.7rem",
    "metricValueFontWeight": 600,
    "showWidgetBorder": True,
    "showSidebarBorder": True,
}


def apply_options() -> None:
    """Set every Streamlit option the app relies on: nothing is sent outside, nothing internal is shown."""
    options: dict[str, object] = {
        "browser.gatherUsageStats": False,
        "client.showErrorDetails": "none",
        "client.showErrorLinks": False,
        "client.toolbarMode": "minimal",
        "client.allowedOrigins": [],
        "global.developmentMode": False,
        "logger.hideWelcomeMessage": True,
        "runner.magicEnabled": False,
        "server.enableAgentApi": False,
        "server.enableStaticServing": False,
        "server.enableXsrfProtection": True,
        "server.fileWatcherType": "none",
        "server.headless": True,
        "server.showEmailPrompt": False,
        "server.maxUploadSize": 200,
        "server.trustedUserHeaders": {},
        "ui.hideTopBar": False,
    }
    options |= {f"theme.{name}": value for name, value in _SHARED.items()}
    options |= {f"theme.light.{name}": value for name, value in _LIGHT.items()}
    options |= {f"theme.dark.{name}": value for name, value in _DARK.items()}
    for name, value in options.items():
        config.set_option(name, value)
