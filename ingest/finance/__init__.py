"""Finance: bank and card statements, and budgets.

Files → frames "account", "transaction", "budget" (columns: `records`) → financial_accounts, transactions, budgets.
Reasons of rejections never quote the file: they are stored in clear while the record itself is sealed.
"""

from ingest.finance.budget_csv import BudgetCsv
from ingest.finance.ofx.reader import Ofx
from ingest.formats import Format

FORMATS: tuple[Format, ...] = (Ofx(), BudgetCsv())
