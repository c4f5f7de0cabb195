"""Finance: money adds up to the transactions, transfers aside, and population figures hide nobody."""

from datetime import datetime

from expectations.suites.rules import Rules, always, at_least, balances, filled, no_rows, one_of, one_row_per

PERIODS = ("weekly", "quincena", "monthly", "quarterly", "yearly")
ACCOUNTS = ("checking", "savings", "credit", "investment", "cash")
OVERLAP = """
SELECT 1 FROM {batch} a JOIN {batch} b USING (user_id, budget_id)
WHERE a.period_start < b.period_start AND b.period_start <= a.period_end
"""


def suite(as_of: datetime) -> dict[str, Rules]:
    """The expectations of each mart of the domain, for a candidate that speaks about this instant."""
    return {
        "cash_flow_monthly": [
            *one_row_per("user_id", "month", "currency"),
            *at_least(0, "income", "expense"),
            *at_least(1, "transactions"),
            *always("begins_on_the_first", "extract(day FROM month) = 1"),
            *always("net_is_income_less_expense", "net = income - expense"),
            *balances(
                "equals_the_transactions",
                "int_finance_control",
                ["user_id", "currency"],
                {"net": "sum(net)", "transactions": "sum(transactions)"},
            ),
        ],
        "spending_monthly": [
            *one_row_per("user_id", "month", "category", "currency"),
            *at_least(0, "spent"),
            *at_least(1, "transactions"),
            *balances(
                "equals_the_expenses",
                "int_finance_control",
                ["user_id", "currency"],
                {"expense": "sum(spent)", "expenses": "sum(transactions)"},
            ),
        ],
        "account_balances": [
            *one_row_per("user_id", "account_id"),
            *filled("name", "currency", "balance"),
            *one_of("type", ACCOUNTS),
            *balances(
                "equals_the_accounts",
                "int_finance_control",
                ["user_id", "currency"],
                {"balance": "sum(balance)", "accounts": "count(*)"},
            ),
        ],
        "budget_status": [
            *one_row_per("user_id", "budget_id", "period_start"),
            *at_least(0, "budgeted", "spent"),
            *one_of("period", PERIODS),
            *one_of("status", ["ok", "warning", "exceeded"]),
            *always("remaining_is_budgeted_less_spent", "remaining = budgeted - spent"),
            *always("exceeded_only_above_the_amount", "(status = 'exceeded') = (spent > budgeted)"),
            *always("periods_run_forward", "period_end >= period_start"),
            *no_rows("periods_do_not_overlap", OVERLAP),
            *always("not_from_the_future", f"period_start <= '{as_of:%F}'::date + 1"),
        ],
        "cash_flow_population": [
            *one_row_per("month", "currency"),
            *at_least(10, "people"),
            *at_least(0, "income", "expense"),
            *always("net_is_income_less_expense", "net = income - expense"),
        ],
    }
