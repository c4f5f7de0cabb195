-- The days of each person on each plan, in their zone, half-open: a change counts from the day on which it was made, and of
-- several on one day the last counts. `is_charged`: neither a trial nor a pause, and with a price, also of 0:
-- what is used beyond a free plan may have one.
CREATE TEMP TABLE plan_days ON COMMIT DROP AS
WITH began AS (
  SELECT s.user_id, s.plan_code, s.currency, s.amount, s.billing_interval, s.valid_from,
    s.amount IS NOT NULL AND coalesce(s.last_status, s.status) NOT IN ('trialing', 'paused') AS is_charged,
    local_date(s.user_id, s.valid_from) AS first_day,
    local_date(s.user_id, s.valid_to) AS left_on
  FROM subscriptions s
),

-- Who moves to a zone further west may begin a later period on an earlier day: the later one has that day.
placed AS (
  SELECT *,
    coalesce(least(left_on, min(first_day) OVER (
      PARTITION BY user_id ORDER BY valid_from ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING
    )), 'infinity') AS end_day
  FROM began
)

SELECT user_id, plan_code, currency, amount, billing_interval, is_charged, first_day, end_day
FROM placed WHERE first_day < end_day
