"""A person's rows of finance, in an order in which they can be written."""

STATEMENTS: dict[str, str] = {
    "financial_accounts": (
        "INSERT INTO financial_accounts (user_id, id, financial_profile_id, name, type)"
        " VALUES (%(person)s, %(id)s, (SELECT id FROM financial_profiles WHERE user_id = %(person)s), 'x', 'checking')"
    ),
    "transactions": (
        "INSERT INTO transactions (user_id, id, financial_profile_id, account_id, date, description, amount, currency, type)"
        " VALUES (%(person)s, %(id)s, (SELECT id FROM financial_profiles WHERE user_id = %(person)s), %(id)s,"
        " current_date, 'x', -10, 'MXN', 'expense')"
    ),
    "budgets": (
        "INSERT INTO budgets (user_id, id, financial_profile_id, name, category, amount, start_date)"
        " VALUES (%(person)s, %(id)s, (SELECT id FROM financial_profiles WHERE user_id = %(person)s), 'x', 'x', 1,"
        " current_date)"
    ),
    "recurring_payments": (
        "INSERT INTO recurring_payments (user_id, id, financial_profile_id, name, amount, frequency, category, start_date,"
        " next_due_date) VALUES (%(person)s, %(id)s, (SELECT id FROM financial_profiles WHERE user_id = %(person)s),"
        " 'x', 1, 'monthly', 'x', current_date, current_date)"
    ),
    "debts": (
        "INSERT INTO debts (user_id, id, financial_profile_id, name, type, principal, balance, interest_rate,"
        " monthly_payment, start_date, payment_due_day, creditor) VALUES (%(person)s, %(id)s,"
        " (SELECT id FROM financial_profiles WHERE user_id = %(person)s), 'x', 'other', 100, 50, 10, 10, current_date, 1, 'x')"
    ),
    "debt_payments": (
        "INSERT INTO debt_payments (user_id, id, debt_id, date, amount, principal_paid, interest_paid)"
        " VALUES (%(person)s, %(id)s, %(id)s, current_date, 10, 9, 1)"
    ),
    "investments": (
        "INSERT INTO investments (user_id, id, financial_profile_id, name, type, purchase_price, purchase_date)"
        " VALUES (%(person)s, %(id)s, (SELECT id FROM financial_profiles WHERE user_id = %(person)s), 'x', 'etf', 1,"
        " current_date)"
    ),
    "investment_trades": (
        "INSERT INTO investment_trades (user_id, id, investment_id, date, kind, quantity, price, amount, currency)"
        " VALUES (%(person)s, %(id)s, %(id)s, current_date, 'buy', 1, 1, -1, 'MXN')"
    ),
    "holding_prices": (
        "INSERT INTO holding_prices (user_id, id, investment_id, date, price, currency, source)"
        " VALUES (%(person)s, %(id)s, %(id)s, current_date, 1, 'MXN', 'person')"
    ),
}
