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
}
