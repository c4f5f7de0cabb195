"""The rules of billing."""

from tests.migrations.rules import Rule, change

FINAL = "WHERE user_id = %(person)s AND kind = 'invoice' AND period_start = '2020-01-01'"
DRAFT = "WHERE user_id = %(person)s AND kind = 'invoice' AND period_start = '2020-02-01'"
PRICE = "INSERT INTO plan_prices (plan_code, currency, billing_interval, amount, valid_from, valid_to) VALUES"
LIMIT = "INSERT INTO plan_limits (plan_code, valid_from, valid_to) VALUES"
PERIOD = "INSERT INTO subscriptions (user_id, plan_code, status, valid_from, valid_to) VALUES"
RATE = "INSERT INTO fx_rates (base, quote, date, source, rate) VALUES"
INVOICE = "INSERT INTO invoices (user_id, period_start, period_end, currency) VALUES"
CREDIT = "WHERE user_id = %(person)s AND kind = 'credit_note'"


def line(
    kind: str, metric: str = "NULL", month: str = "NULL", position: int = 3, price: str = "1", amount: str = "1"
) -> str:
    """Write a line of the draft, which has two."""
    return (
        "INSERT INTO invoice_lines (user_id, invoice_id, position, kind, description, metric, applies_to, quantity, unit_price, amount)"
        f" SELECT user_id, id, {position}, '{kind}', 'x', {metric}, {month}::date, 7, {price}, {amount} FROM invoices {DRAFT}"
    )


def terms(column: str, value: str) -> str:
    """The terms of a plan for a day, with one that is not as usual."""
    return f"INSERT INTO plan_limits (plan_code, valid_from, valid_to, {column}) VALUES ('PRO', '2020-01-01', '2020-01-02', {value})"


def update(table: str, what: str, where: str) -> str:
    return f"UPDATE {table} SET {what} {where}"


def publish(day: str = "month", tokens: str = "10", cost: str = "0.5", unknown: str = "0", events: str = "1") -> str:
    """Close the next month, with one row of it."""
    return (
        "WITH closed AS (INSERT INTO closed_months (month) SELECT max(month) + interval '1 month' FROM closed_months"
        " RETURNING month) INSERT INTO published_usage SELECT p.user_id, c.month, "
        + day
        + ", agent_id, provider, model,"
        f" {events}, 0, {unknown}, 7, 3, 0, 0, 0, {tokens}, {cost} FROM closed c, published_usage p WHERE user_id = %(person)s"
    )


CLOSE = "INSERT INTO closed_months (month) SELECT max(month) + interval '1 month'"
NEXT = "c.month + interval '1 month'"
RULES: dict[str, Rule] = {
    "ck_closed_months_month": Rule(f"{CLOSE} FROM closed_months", f"{CLOSE} + interval '1 day' FROM closed_months"),
    "ck_published_usage_local_date": Rule(publish(f"{NEXT} - interval '1 day'"), publish(NEXT)),
    "ck_published_usage_total_tokens": Rule(publish(), publish(tokens="11")),
    "ck_published_usage_unknown_cost": Rule(
        publish(cost="NULL", unknown="1"), publish(cost="NULL"), publish(cost="NULL", events="0")
    ),
    "ck_currencies_code": Rule(
        "INSERT INTO currencies (code, minor_units) VALUES ('AAA', 2)",
        "INSERT INTO currencies (code, minor_units) VALUES ('aaa', 2)",
    ),
    "ck_currencies_minor_units": Rule(
        "UPDATE currencies SET minor_units = 3 WHERE code = 'MXN'",
        "UPDATE currencies SET minor_units = -1 WHERE code = 'MXN'",
        "UPDATE currencies SET minor_units = 5 WHERE code = 'MXN'",
    ),
    "ck_fx_rates_rate": Rule(
        f"{RATE} ('USD', 'MXN', '2020-01-01', 'x', 18.5)", f"{RATE} ('USD', 'MXN', '2020-01-01', 'x', 0)"
    ),
    "ck_fx_rates_pair": Rule(
        f"{RATE} ('USD', 'MXN', '2020-01-01', 'x', 1)", f"{RATE} ('USD', 'USD', '2020-01-01', 'x', 1)"
    ),
    "ck_plans_code": Rule(
        "UPDATE plans SET code = 'PRO', name = 'Pro' WHERE code = 'PRO'",
        "INSERT INTO plans (code, name, name_en) VALUES ('GOLD', 'Oro', 'Gold')",
    ),
    "ck_plan_prices_amount": Rule(
        f"{PRICE} ('PRO', 'MXN', 'week', 0, '2020-01-01', NULL)",
        f"{PRICE} ('PRO', 'MXN', 'week', -0.01, '2020-01-01', NULL)",
    ),
    "ck_plan_prices_billing_interval": Rule(
        f"{PRICE} ('PRO', 'MXN', 'week', 1, '2020-01-01', NULL)",
        f"{PRICE} ('PRO', 'MXN', 'never', 1, '2020-01-01', NULL)",
    ),
    "ck_plan_prices_period": Rule(
        f"{PRICE} ('PRO', 'MXN', 'week', 1, '2020-01-01', '2020-01-02')",
        f"{PRICE} ('PRO', 'MXN', 'week', 1, '2020-01-01', '2020-01-01')",
    ),
    # The day on which one price ends is the first of the next.
    "ex_plan_prices_period": Rule(
        f"{PRICE} ('PRO', 'MXN', 'month', 1, '2020-01-01', '2025-01-01'), ('PRO', 'USD', 'month', 1, '2020-01-01', NULL)",
        f"{PRICE} ('PRO', 'MXN', 'month', 1, '2020-01-01', '2025-01-02')",
    ),
    "ck_plan_limits_included": Rule(
        terms("included_tokens", "0"),
        *(terms(f"included_{metric}", "-1") for metric in ("messages", "tokens", "storage")),
        *(terms(f"max_{limit}", "-1") for limit in ("file_size", "files")),
    ),
    "ck_plan_limits_overage": Rule(
        terms("overage_token_price", "0"),
        *(terms(f"overage_{metric}_price", "-0.000001") for metric in ("message", "token", "storage")),
    ),
    "ck_plan_limits_period": Rule(
        f"{LIMIT} ('PRO', '2020-01-01', '2020-01-02')", f"{LIMIT} ('PRO', '2020-01-02', '2020-01-01')"
    ),
    "ex_plan_limits_period": Rule(
        f"{LIMIT} ('PRO', '2020-01-01', '2025-01-01')", f"{LIMIT} ('PRO', '2030-01-01', NULL)"
    ),
    "plan_terms_are_ended": Rule(
        "UPDATE plan_prices SET valid_to = '2030-01-01' WHERE plan_code = 'PRO'",
        "UPDATE plan_prices SET amount = amount + 1 WHERE plan_code = 'PRO'",
    ),
    "ck_subscriptions_status": change(
        "subscriptions", {"custom_limits": "NULL"}, {"status": "'gold'", "valid_to": "NULL"}
    ),
    "ck_subscriptions_last_status": Rule(
        "UPDATE subscriptions SET last_status = 'trialing' WHERE user_id = %(person)s AND valid_to IS NOT NULL",
        "UPDATE subscriptions SET last_status = 'trialing' WHERE user_id = %(person)s",
        "UPDATE subscriptions SET last_status = 'ended' WHERE user_id = %(person)s AND valid_to IS NOT NULL",
    ),
    "ck_subscriptions_ended": Rule(
        "UPDATE subscriptions SET status = 'past_due' WHERE user_id = %(person)s AND valid_to IS NULL",
        "UPDATE subscriptions SET status = 'ended' WHERE user_id = %(person)s AND valid_to IS NULL",
    ),
    "ck_subscriptions_period": Rule(
        f"{PERIOD} (%(person)s, 'PRO', 'ended', '2019-01-01', '2019-01-02')",
        f"{PERIOD} (%(person)s, 'PRO', 'ended', '2019-01-01', '2019-01-01')",
    ),
    "ex_subscriptions_period": Rule(
        f"{PERIOD} (%(person)s, 'PRO', 'ended', '2020-02-01Z', '2020-03-01Z')",
        f"{PERIOD} (%(person)s, 'PRO', 'ended', '2020-01-31Z', '2020-03-01Z')",
    ),
    "ck_subscriptions_price": change(
        "subscriptions",
        {"currency": "'USD'", "amount": "1", "billing_interval": "'year'"},
        {"amount": "1", "currency": "NULL"},
    ),
    "ck_subscriptions_amount": change(
        "subscriptions",
        {"currency": "'USD'", "amount": "0", "billing_interval": "'year'"},
        {"currency": "'USD'", "amount": "-1", "billing_interval": "'year'"},
    ),
    "ck_subscriptions_billing_interval": change(
        "subscriptions",
        {"currency": "'USD'", "amount": "0", "billing_interval": "'week'"},
        {"currency": "'USD'", "amount": "0", "billing_interval": "'daily'"},
    ),
    "ck_invoice_series_kind": Rule(
        "UPDATE invoice_series SET kind = 'invoice' WHERE prefix = 'F-'",
        "INSERT INTO invoice_series (kind, prefix) VALUES ('x', 'X-')",
    ),
    "ck_invoice_series_last_number": Rule(
        "UPDATE invoice_series SET last_number = 0", "UPDATE invoice_series SET last_number = -1"
    ),
    "uq_invoice_series_prefix": Rule(
        "UPDATE invoice_series SET prefix = left(kind, 10)", "UPDATE invoice_series SET prefix = 'F-'"
    ),
    "ck_invoices_kind": Rule(update("invoices", "kind = 'invoice'", DRAFT), update("invoices", "kind = 'bill'", DRAFT)),
    "ck_invoices_status": Rule(
        update("invoices", "status = 'final'", DRAFT),
        "INSERT INTO invoices (user_id, status, number, issued_at, period_start, period_end)"
        " VALUES (%(person)s, 'lost', 'F-1', now(), '2021-01-01', '2021-02-01')",
    ),
    "ck_invoices_period": Rule(
        f"{INVOICE} (%(person)s, '2021-01-01', '2021-01-02', 'MXN')",
        f"{INVOICE} (%(person)s, '2021-01-01', '2021-01-01', 'MXN')",
    ),
    "ck_invoices_sign": Rule(line("credit", price="-1", amount="-7"), line("credit", price="-100", amount="-700")),
    "ck_invoices_credited": Rule(
        update("invoices", "kind = 'invoice', credited_invoice_id = NULL, period_start = '2019-01-01'", DRAFT),
        update("invoices", "kind = 'credit_note'", DRAFT),
    ),
    "ck_invoices_number": Rule(
        update("invoices", "due_on = '2020-04-01'", DRAFT), update("invoices", "number = 'F-1'", DRAFT)
    ),
    "ck_invoices_issued_at": Rule(
        update("invoices", "due_on = '2020-04-01'", DRAFT), update("invoices", "issued_at = now()", DRAFT)
    ),
    "ck_invoices_paid_at": Rule(
        update("invoices", "status = 'paid'", FINAL), update("invoices", "paid_at = now()", DRAFT)
    ),
    "ck_invoices_voided_at": Rule(
        update("invoices", "status = 'void'", FINAL), update("invoices", "voided_at = now()", DRAFT)
    ),
    "uq_invoices_user_id_number": Rule(
        update("invoices", "status = 'final'", DRAFT),
        # Somebody sets the series back.
        "WITH back AS (UPDATE invoice_series SET last_number = (SELECT min(right(number, 6)::int) - 1 FROM invoices"
        f" {FINAL}) WHERE kind = 'invoice' RETURNING 1) UPDATE invoices SET status = 'final' FROM back {DRAFT}",
    ),
    "uq_invoices_user_id_period_start_currency": Rule(
        f"{INVOICE} (%(person)s, '2020-02-01', '2020-03-01', 'USD')",
        f"{INVOICE} (%(person)s, '2020-02-01', '2020-03-01', 'MXN')",
    ),
    "invoices_begin_as_drafts": Rule(
        f"{INVOICE} (%(person)s, '2021-01-01', '2021-02-01', 'MXN')",
        "INSERT INTO invoices (user_id, status, number, issued_at, period_start, period_end)"
        " VALUES (%(person)s, 'final', 'F-1', now(), '2021-01-01', '2021-02-01')",
    ),
    "invoices_status_order": Rule(
        update("invoices", "status = 'paid'", FINAL), update("invoices", "status = 'draft'", FINAL)
    ),
    "invoices_keep_their_figures": Rule(
        update("invoices", "status = 'void'", FINAL), update("invoices", "tax = tax + 1", FINAL)
    ),
    "invoices_are_kept": Rule(f"DELETE FROM invoices {DRAFT}", f"DELETE FROM invoices {FINAL}"),
    "ck_invoice_lines_kind": Rule(line("base", amount="7"), line("gift", amount="7")),
    "ck_invoice_lines_metric": Rule(line("base", "'tokens'", amount="7"), line("base", "'words'", amount="7")),
    "ck_invoice_lines_overage_metric": Rule(line("overage", "'messages'", amount="7"), line("overage", amount="7")),
    "ck_invoice_lines_adjusted_month": Rule(
        line("adjustment", month="'2020-01-01'", amount="7"), line("adjustment", amount="7")
    ),
    "ck_invoice_lines_applies_to": Rule(
        line("base", month="'2020-01-01'", amount="7"), line("base", month="'2020-01-31'", amount="7")
    ),
    "uq_invoice_lines_user_id_invoice_id_position": Rule(
        line("base", amount="7"), line("base", position=2, amount="7")
    ),
    # 7 at 0.075 are 0.525: 53 centavos.
    "invoice_lines_amount": Rule(
        line("base", price="0.075", amount="0.53"), line("base", price="0.075", amount="0.525")
    ),
    "invoice_lines_of_drafts": Rule(
        f"DELETE FROM invoice_lines WHERE (user_id, invoice_id) IN (SELECT user_id, id FROM invoices {DRAFT})",
        f"DELETE FROM invoice_lines WHERE (user_id, invoice_id) IN (SELECT user_id, id FROM invoices {FINAL})",
    ),
    "invoice_lines_stay": Rule(
        f"UPDATE invoice_lines SET position = 3 WHERE (user_id, invoice_id, position) = (SELECT user_id, id, 2 FROM invoices {DRAFT})",
        f"UPDATE invoice_lines SET position = 3, invoice_id = (SELECT id FROM invoices {DRAFT})"
        f" WHERE (user_id, invoice_id, position) = (SELECT user_id, id, 2 FROM invoices {FINAL})",
    ),
    # January's total is 230.84, of which 50 are given back: 180.84 are left.
    "credit_notes_within_their_invoice": Rule(
        update("invoices", "status = 'final'", CREDIT),
        "WITH more AS (INSERT INTO invoice_lines (user_id, invoice_id, position, kind, description, unit_price, amount)"
        f" SELECT user_id, id, 2, 'credit', 'x', -180.85, -180.85 FROM invoices {CREDIT} RETURNING 1)"
        f" UPDATE invoices SET status = 'final' FROM more {CREDIT}",
    ),
    "uq_payments_user_id_provider_external_id": Rule(
        "INSERT INTO payments (user_id, invoice_id, amount, external_id) SELECT user_id, invoice_id, 1, 'q' FROM payments",
        "INSERT INTO payments (user_id, invoice_id, amount, external_id) SELECT user_id, invoice_id, 1, 'p' FROM payments",
    ),
    "ck_payments_kind": change("payments", {"kind": "'refund'"}, {"kind": "'gift'"}),
    "ck_payments_status": change("payments", {"status": "'failed'"}, {"status": "'lost'"}),
    "ck_payments_amount": change("payments", {"amount": "0.01"}, {"amount": "0"}),
    "ck_payments_paid_at": change("payments", {"status": "'succeeded'", "paid_at": "now()"}, {"status": "'succeeded'"}),
}
