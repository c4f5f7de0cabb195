-- What people used in the month: one row per person and month. Until the month is closed, live.
CREATE TEMP TABLE billable_usage ON COMMIT DROP AS
SELECT t.user_id, r.month, t.total_messages AS messages, t.total_tokens AS tokens
FROM billing_run r
JOIN month_totals t ON make_date(t.year, t.month, 1) = r.month
