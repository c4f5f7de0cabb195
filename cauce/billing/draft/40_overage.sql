-- What was used beyond what is included, in all, of each month that is due: by the plan and the limits in force at the
-- month's end, at that day's price. Not sold, unlimited, on trial or paused: nothing.
CREATE TEMP TABLE overage ON COMMIT DROP AS
WITH included AS (
  SELECT l.user_id, l.month, l.limit_messages, l.limit_tokens
  FROM (
    SELECT array_agg(user_id ORDER BY user_id, month) AS people, array_agg(month ORDER BY user_id, month) AS months
    FROM billable_usage
  ) due
  CROSS JOIN LATERAL usage_limits(due.people, due.months) l
),

plans AS (
  SELECT DISTINCT ON (u.user_id, u.month) u.user_id, u.month, u.messages, u.tokens, p.plan_code, p.is_charged, last_day
  FROM billable_usage u
  CROSS JOIN LATERAL (SELECT (u.month + interval '1 month' - interval '1 day')::date AS last_day) d
  JOIN plan_days p ON p.user_id = u.user_id AND p.first_day <= last_day
  ORDER BY u.user_id, u.month, p.first_day DESC
),

used AS (
  SELECT p.user_id, p.month, t.overage_currency AS currency, m.metric,
    CASE WHEN p.is_charged AND m.price IS NOT NULL THEN greatest(m.used - m.included, 0) END AS over, m.price
  FROM plans p
  JOIN included i ON i.user_id = p.user_id AND i.month = p.month
  JOIN plan_limits t ON t.plan_code = p.plan_code AND daterange(t.valid_from, t.valid_to) @> p.last_day
  CROSS JOIN LATERAL (VALUES
    ('messages', p.messages, i.limit_messages, t.overage_message_price),
    ('tokens', p.tokens, i.limit_tokens, t.overage_token_price)
  ) AS m (metric, used, included, price)
)

SELECT u.user_id, u.month, u.currency, u.metric, coalesce(u.over, 0) AS over, coalesce(u.price, 0) AS price,
  round(coalesce(u.over, 0) * coalesce(u.price, 0), c.minor_units) AS amount
FROM used u
JOIN currencies c ON c.code = u.currency
