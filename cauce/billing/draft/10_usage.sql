-- What people used: one row per person and month. Of a month that is open what the counters say; of a closed one what was
-- published of it, and with it the earlier months of which something was published later, up to this month.
CREATE TEMP TABLE billable_usage ON COMMIT DROP AS
WITH published AS (
  SELECT p.user_id, date_trunc('month', p.local_date::timestamp)::date AS month, p.posted_month, p.events, p.total_tokens
  FROM billing_run r
  JOIN closed_months c ON c.month = r.month
  JOIN published_usage p ON p.posted_month <= r.month
),

months AS (
  SELECT user_id, month, sum(events)::bigint AS events, sum(total_tokens)::bigint AS tokens,
    bool_or(month < posted_month) AS is_adjusted
  FROM published
  GROUP BY user_id, month
)

SELECT t.user_id, r.month, t.total_messages AS messages, t.total_tokens AS tokens
FROM billing_run r
JOIN month_totals t ON make_date(t.year, t.month, 1) = r.month
WHERE NOT EXISTS (SELECT FROM closed_months c WHERE c.month = r.month)
UNION ALL
SELECT m.user_id, m.month, m.events, m.tokens
FROM months m
CROSS JOIN billing_run r
WHERE m.month = r.month OR m.is_adjusted
