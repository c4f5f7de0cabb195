"""A person's rows of billing, in an order in which they can be written.

The invoice of January 2020 is final, that of February a draft, and so is a credit note for January.
"""

STATEMENTS: dict[str, str] = {
    "subscriptions": (
        "INSERT INTO subscriptions (user_id, id, plan_code, status, valid_from, valid_to)"
        " VALUES (%(person)s, %(id)s, 'BASIC', 'ended', '2020-01-01Z', '2020-02-01Z')"
    ),
    "invoices": (
        "INSERT INTO invoices (user_id, id, kind, credited_invoice_id, period_start, period_end) VALUES"
        " (%(person)s, %(id)s, 'invoice', NULL, '2020-01-01', '2020-02-01'),"
        " (%(person)s, uuidv7(), 'invoice', NULL, '2020-02-01', '2020-03-01'),"
        " (%(person)s, uuidv7(), 'credit_note', %(id)s, '2020-01-01', '2020-02-01')"
    ),
    "invoice_lines": (
        "INSERT INTO invoice_lines (user_id, invoice_id, position, kind, description, quantity, unit_price, amount)"
        " SELECT user_id, id, line.* FROM invoices i, (VALUES"
        " (1::smallint, 'base', 'Plan', 1, 199, 199), (2, 'tax', 'IVA', 199, 0.16, 31.84)) AS line (n, line_kind, what, q, p, a)"
        " WHERE user_id = %(person)s AND kind = 'invoice'"
        " UNION ALL SELECT user_id, id, 1::smallint, 'credit', 'Bonificación', 1, -50, -50 FROM invoices"
        " WHERE user_id = %(person)s AND kind = 'credit_note'"
    ),
    "payments": (
        "WITH issued AS (UPDATE invoices SET status = 'final' WHERE (user_id, id) = (%(person)s, %(id)s) RETURNING user_id, id, total)"
        " INSERT INTO payments (user_id, id, invoice_id, amount, external_id) SELECT user_id, id, id, total, 'p' FROM issued"
    ),
    "published_usage": (
        "WITH closed AS (INSERT INTO closed_months (month)"
        " SELECT coalesce(max(month) + interval '1 month', '2020-01-01') FROM closed_months RETURNING month)"
        " INSERT INTO published_usage (user_id, posted_month, local_date, agent_id, provider, model, events, failed_events,"
        " unknown_cost_events, tokens_input, tokens_output, tokens_cache_read, tokens_cache_write, tokens_reasoning,"
        " total_tokens, total_cost) SELECT %(person)s, month, month, (SELECT id FROM agents WHERE slug = 'a'), 'p', 'm',"
        " 1, 0, 0, 7, 3, 0, 0, 0, 10, 0.5 FROM closed"
    ),
}
