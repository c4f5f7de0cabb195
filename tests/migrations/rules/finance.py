"""The rules of finance."""

from tests.migrations.rules import Rule, change, twice

WRONG_SIGNS = {
    "buy": ((0, -1), (1, 1)),
    "sell": ((0, 1), (-1, -1)),
    "dividend": ((1, 1), (0, 0)),
    "fee": ((1, -1), (0, 0)),
    "split": ((1, 0), (0, 1)),
}
"""By the kind of a trade, quantities and amounts of which one has the wrong sign."""


def _trade(kind: str, quantity: int, amount: int) -> dict[str, str]:
    return {
        "kind": f"'{kind}'",
        "quantity": f"{quantity}",
        "amount": f"{amount}",
        "price": "1" if kind in ("buy", "sell") else "NULL",
        "ratio": "2" if kind == "split" else "NULL",
    }


RULES: dict[str, Rule] = {
    "uq_financial_profiles_user_id": Rule(
        "UPDATE financial_profiles SET currency = 'EUR' WHERE user_id = %(person)s",
        "INSERT INTO financial_profiles (user_id) VALUES (%(person)s)",
    ),
    "uq_financial_accounts_user_id_account_key": twice(
        "financial_accounts",
        (r'{"account_key": "\\x01"}', r'{"account_key": "\\x02"}'),
        (r'{"account_key": "\\x01"}', r'{"account_key": "\\x01"}'),
    ),
    "ck_financial_accounts_type": change("financial_accounts", {"type": "'cash'"}, {"type": "'loan'"}),
    "ck_financial_accounts_days": change(
        "financial_accounts",
        {"type": "'credit'", "closing_date": "31"},
        *({"type": "'credit'", day: number} for day in ("closing_date", "payment_due_date") for number in ("0", "32")),
    ),
    "ck_financial_accounts_credit_limit": change(
        "financial_accounts", {"type": "'credit'", "credit_limit": "0"}, {"type": "'credit'", "credit_limit": "-1"}
    ),
    "ck_financial_accounts_credit_only": change(
        "financial_accounts", {"type": "'credit'", "credit_limit": "100"}, {"credit_limit": "100"}
    ),
    "ck_financial_accounts_available_credit": change(
        "financial_accounts",
        {"type": "'credit'", "credit_limit": "100", "available_credit": "100"},
        {"type": "'credit'", "credit_limit": "100", "available_credit": "100.01"},
    ),
    "uq_transactions_user_id_account_id_external_id": twice(
        "transactions",
        ('{"external_id": "p"}', '{"external_id": "q"}'),
        ('{"external_id": "p"}', '{"external_id": "p"}'),
    ),
    "ck_transactions_type": change("transactions", {"type": "'transfer'"}, {"type": "'gift'"}),
    "ck_transactions_fx_rate": change("transactions", {"fx_rate": "0.05"}, {"fx_rate": "0"}),
    "ck_transactions_amount_sign": change(
        "transactions",
        {"type": "'income'", "amount": "10"},
        {"type": "'income'"},
        {"type": "'expense'", "amount": "10"},
    ),
    "ck_transactions_accounts_of_transfers": change(
        "transactions", {"type": "'transfer'", "to_account_id": "%(id)s"}, {"to_account_id": "%(id)s"}
    ),
    "ck_transactions_two_accounts": change(
        "transactions",
        {"type": "'transfer'", "from_account_id": "%(id)s"},
        {"type": "'transfer'", "from_account_id": "%(id)s", "to_account_id": "%(id)s"},
    ),
    "ck_transactions_is_recurring": change(
        "transactions", {"is_recurring": "true", "recurring_payment_id": "%(id)s"}, {"recurring_payment_id": "%(id)s"}
    ),
    "transfers_name_an_account": change(
        "transactions", {"type": "'transfer'"}, {"type": "'transfer'", "account_id": "NULL"}
    ),
    "uq_budgets_user_id_category_period_start_date": twice(
        "budgets", ('{"category": "p"}', '{"category": "q"}'), ('{"category": "p"}', '{"category": "p"}')
    ),
    "ck_budgets_period": change("budgets", {"period": "'quincena'"}, {"period": "'daily'"}),
    "ck_budgets_amount": change("budgets", {"amount": "0"}, {"amount": "-0.01"}),
    "ck_budgets_dates": change("budgets", {"end_date": "start_date"}, {"end_date": "start_date - 1"}),
    "ck_budgets_alert_threshold": change(
        "budgets", {"alert_threshold": "100"}, {"alert_threshold": "0"}, {"alert_threshold": "101"}
    ),
    "uq_debts_user_id_external_id": twice(
        "debts", ('{"external_id": "p"}', '{"external_id": "q"}'), ('{"external_id": "p"}', '{"external_id": "p"}')
    ),
    "ck_debts_type": change("debts", {"type": "'mortgage'"}, {"type": "'favour'"}),
    "ck_debts_status": change("debts", {"status": "'defaulted'"}, {"status": "'forgotten'"}),
    "ck_debts_payoff_strategy": change("debts", {"payoff_strategy": "'avalanche'"}, {"payoff_strategy": "'hope'"}),
    "ck_debts_amounts": change("debts", {"balance": "0"}, {"balance": "-0.01"}, {"principal": "-0.01"}),
    "ck_debts_interest_rate": change(
        "debts", {"interest_rate": "0"}, {"interest_rate": "-1"}, {"interest_rate": "1000.01"}
    ),
    "ck_debts_payments": change(
        "debts", {"minimum_payment": "0"}, {"minimum_payment": "-1"}, {"monthly_payment": "-1"}
    ),
    "ck_debts_dates": change("debts", {"maturity_date": "start_date"}, {"maturity_date": "start_date - 1"}),
    "ck_debts_payment_due_day": change(
        "debts", {"payment_due_day": "31"}, {"payment_due_day": "0"}, {"payment_due_day": "32"}
    ),
    "ck_debts_paid_off": change("debts", {"status": "'paid_off'", "balance": "0"}, {"status": "'paid_off'"}),
    "ck_debts_priority": change("debts", {"priority": "1"}, {"priority": "0"}),
    "uq_debt_payments_user_id_external_id": twice(
        "debt_payments",
        ('{"external_id": "p"}', '{"external_id": "q"}'),
        ('{"external_id": "p"}', '{"external_id": "p"}'),
    ),
    "ck_debt_payments_amount": change("debt_payments", {"amount": "11", "fees_paid": "1"}, {"amount": "0"}),
    "ck_debt_payments_parts": change(
        "debt_payments",
        {"principal_paid": "10", "interest_paid": "0"},
        {"principal_paid": "11", "interest_paid": "-1"},
        {"principal_paid": "-1", "interest_paid": "11"},
        {"principal_paid": "11", "interest_paid": "0", "fees_paid": "-1"},
    ),
    "ck_debt_payments_parts_add_up": change(
        "debt_payments", {"fees_paid": "1", "amount": "11"}, {"principal_paid": "50", "interest_paid": "70"}
    ),
    "uq_investments_user_id_external_id": twice(
        "investments",
        ('{"external_id": "p"}', '{"external_id": "q"}'),
        ('{"external_id": "p"}', '{"external_id": "p"}'),
    ),
    "ck_investments_type": change("investments", {"type": "'crypto'"}, {"type": "'lottery'"}),
    "ck_investments_quantity": change("investments", {"quantity": "0"}, {"quantity": "-1"}),
    "ck_investments_prices": change(
        "investments", {"current_price": "0.00001234"}, {"current_price": "-0.01"}, {"purchase_price": "-0.01"}
    ),
    "ck_investments_current_value": change("investments", {"current_value": "0"}, {"current_value": "-1"}),
    "ck_investments_returns_percentage": change(
        "investments", {"returns_percentage": "1000"}, {"returns_percentage": "-100.01"}
    ),
    "uq_investment_trades_user_id_external_id": twice(
        "investment_trades",
        ('{"external_id": "p"}', '{"external_id": "q"}'),
        ('{"external_id": "p"}', '{"external_id": "p"}'),
    ),
    "ck_investment_trades_kind": change(
        "investment_trades",
        {"kind": "'fee'", "quantity": "0", "amount": "-1", "price": "NULL"},
        {"kind": "'gift'", "quantity": "0", "amount": "-1", "price": "NULL"},
    ),
    "ck_investment_trades_signs": change(
        "investment_trades",
        _trade("sell", -1, 1),
        *(_trade(kind, *figures) for kind, wrong in WRONG_SIGNS.items() for figures in wrong),
    ),
    "ck_investment_trades_price_of_trades": change(
        "investment_trades",
        {"kind": "'dividend'", "quantity": "0", "amount": "1", "price": "NULL"},
        {"kind": "'dividend'", "quantity": "0", "amount": "1"},
    ),
    "ck_investment_trades_price": change("investment_trades", {"price": "0"}, {"price": "-1"}),
    "ck_investment_trades_ratio_of_splits": change(
        "investment_trades",
        {"kind": "'split'", "quantity": "0", "amount": "0", "price": "NULL", "ratio": "2"},
        {"kind": "'split'", "quantity": "0", "amount": "0", "price": "NULL"},
    ),
    "ck_investment_trades_ratio": change(
        "investment_trades",
        {"kind": "'split'", "quantity": "0", "amount": "0", "price": "NULL", "ratio": "0.1"},
        {"kind": "'split'", "quantity": "0", "amount": "0", "price": "NULL", "ratio": "1"},
        {"kind": "'split'", "quantity": "0", "amount": "0", "price": "NULL", "ratio": "0"},
    ),
    "ck_investment_trades_fees": change("investment_trades", {"fees": "0"}, {"fees": "-1"}),
    "uq_holding_prices_user_id_investment_id_date_source": twice(
        "holding_prices",
        ('{"date": "2020-01-01"}', '{"date": "2020-01-02"}'),
        ('{"date": "2020-01-01"}', '{"date": "2020-01-01"}'),
    ),
    "ck_holding_prices_source": change("holding_prices", {"source": "'market'"}, {"source": "'rumour'"}),
    "ck_holding_prices_price": change("holding_prices", {"price": "0"}, {"price": "-1"}),
    "ck_recurring_payments_frequency": change(
        "recurring_payments", {"frequency": "'quincena'"}, {"frequency": "'hourly'"}
    ),
    "ck_recurring_payments_amount": change("recurring_payments", {"amount": "0.01"}, {"amount": "0"}),
    "ck_recurring_payments_day_of_month": change(
        "recurring_payments", {"day_of_month": "31"}, {"day_of_month": "0"}, {"day_of_month": "32"}
    ),
    "ck_recurring_payments_day_of_week": change(
        "recurring_payments",
        {"frequency": "'weekly'", "day_of_week": "7"},
        {"frequency": "'weekly'", "day_of_week": "0"},
        {"frequency": "'weekly'", "day_of_week": "8"},
    ),
    "ck_recurring_payments_day_of_frequency": change(
        "recurring_payments",
        {"frequency": "'weekly'", "day_of_week": "1"},
        {"frequency": "'weekly'", "day_of_month": "31"},
    ),
    "ck_recurring_payments_dates": change(
        "recurring_payments", {"end_date": "start_date"}, {"end_date": "start_date - 1"}
    ),
    "ck_recurring_payments_next_due_date": change(
        "recurring_payments",
        {"end_date": "start_date + 1", "next_due_date": "start_date + 1"},
        {"end_date": "start_date + 1", "next_due_date": "start_date + 2"},
        {"next_due_date": "start_date - 1"},
    ),
    "ck_recurring_payments_reminder_days_before": change(
        "recurring_payments",
        {"reminder_days_before": "0"},
        {"reminder_days_before": "-1"},
        {"reminder_days_before": "61"},
    ),
}
