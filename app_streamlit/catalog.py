"""The pages of the app: which file, for whom, under which path."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).parent / "pages"


@dataclass(frozen=True, slots=True)
class Entry:
    """One page; `key` names its texts, `path` its address."""

    audience: str
    domain: str
    key: str
    path: str
    icon: str

    @property
    def file(self) -> Path:
        """The script of the page."""
        return FOLDER / self.audience / f"{self.domain}.py"


ENTRIES: Final = (
    Entry("admin", "overview", "overview", "overview", ":material/space_dashboard:"),
    Entry("admin", "usage", "admin_usage", "admin-usage", ":material/monitoring:"),
    Entry("admin", "billing", "billing", "billing", ":material/receipt_long:"),
    Entry("admin", "plans", "plans", "plans", ":material/sell:"),
    Entry("admin", "reconciliation", "reconciliation", "reconciliation", ":material/balance:"),
    Entry("admin", "alerts", "alerts", "alerts", ":material/notifications:"),
    Entry("analyst", "marts", "marts", "marts", ":material/database:"),
    Entry("user", "finance", "finance", "finance", ":material/account_balance_wallet:"),
    Entry("user", "health", "health", "health", ":material/favorite:"),
    Entry("user", "usage", "usage", "usage", ":material/bolt:"),
    Entry("user", "billing", "my_invoices", "invoices", ":material/receipt:"),
    Entry("user", "settings", "settings", "settings", ":material/tune:"),
)


def first_page(audience: str) -> Entry:
    """The page a person of this audience begins with."""
    return next(entry for entry in ENTRIES if entry.audience == audience)


PATHS: Final = ("/", *(f"/{entry.path}" for entry in ENTRIES))
