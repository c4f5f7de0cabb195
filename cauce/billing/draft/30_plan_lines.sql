-- What the plans of the month cost: the whole price on the first day of a cycle, and for a change within one
-- (new − old price) × days left ÷ days in the cycle. Without a plan before or after, that price is 0. A cycle is the
-- calendar month, or a week or year from the day on which plans of that interval began.
CREATE TEMP TABLE plan_lines ON COMMIT DROP AS
WITH linked AS (
  SELECT *, lag(amount) OVER person AS amount_before,
    (lag(end_day) OVER person, lag(currency) OVER person, lag(billing_interval) OVER person)
      IS NOT DISTINCT FROM (first_day, currency, billing_interval) AS goes_on
  FROM plan_days WHERE is_charged
  WINDOW person AS (PARTITION BY user_id ORDER BY first_day)
),

counted AS (
  SELECT *, count(*) FILTER (WHERE NOT goes_on) OVER (PARTITION BY user_id ORDER BY first_day) AS chain
  FROM linked
),

chained AS (
  SELECT *, min(first_day) OVER chained AS anchor, max(first_day) OVER chained = first_day AS is_last,
    CASE WHEN goes_on THEN amount_before ELSE 0 END AS old_amount
  FROM counted
  WINDOW chained AS (PARTITION BY user_id, chain)
),

cycles AS (
  SELECT c.*, r.month, r.next_month, cycle.*
  FROM billing_run r
  JOIN chained c ON c.first_day < r.next_month AND c.end_day >= r.month
  CROSS JOIN LATERAL (
    SELECT r.month AS cycle_start, r.next_month AS cycle_end WHERE c.billing_interval = 'month'
    UNION ALL
    SELECT c.anchor + 7 * n, c.anchor + 7 * (n + 1)
    FROM generate_series(greatest((r.month - c.anchor) / 7 - 1, 0), (r.next_month - c.anchor) / 7) n
    WHERE c.billing_interval = 'week'
    UNION ALL
    SELECT (c.anchor + n * interval '1 year')::date, (c.anchor + (n + 1) * interval '1 year')::date
    FROM generate_series(0, extract(year FROM r.month)::int - extract(year FROM c.anchor)::int) n
    WHERE c.billing_interval = 'year'
  ) cycle
),

whole AS (
  SELECT user_id, currency, plan_code, billing_interval, 'base' AS kind, cycle_start AS day, cycle_end, 0 AS days_left,
    1 AS quantity, amount AS unit_price
  FROM cycles
  WHERE cycle_start >= month AND cycle_start < next_month AND first_day <= cycle_start AND cycle_start < end_day
),

changes AS (
  SELECT user_id, currency, plan_code, billing_interval, cycle_start, cycle_end, first_day AS day, amount - old_amount AS difference
  FROM cycles
  WHERE first_day >= month AND first_day < next_month AND cycle_start < first_day AND first_day < cycle_end
  UNION ALL
  SELECT user_id, currency, plan_code, billing_interval, cycle_start, cycle_end, end_day, -amount
  FROM cycles
  WHERE is_last AND end_day >= month AND end_day < next_month AND cycle_start < end_day AND end_day < cycle_end
),

-- The price of a day is rounded away from zero at the twelfth decimal: days × price then rounds as the exact product does,
-- also where that is half of the smallest unit.
prorated AS (
  SELECT user_id, currency, plan_code, billing_interval, 'proration' AS kind, day, cycle_end, cycle_end - cycle_start AS cycle_days,
    cycle_end - day AS quantity,
    sign(difference) * div(abs(difference) * 1e12 + (cycle_end - cycle_start) - 1, cycle_end - cycle_start) / 1e12 AS unit_price
  FROM changes
)

SELECT user_id, currency, plan_code, billing_interval, kind, day, cycle_end, NULL::int AS cycle_days, quantity, unit_price
FROM whole WHERE unit_price <> 0
UNION ALL
SELECT user_id, currency, plan_code, billing_interval, kind, day, cycle_end, cycle_days, quantity, unit_price
FROM prorated WHERE unit_price <> 0
