-- Months that were billed before and whose usage was posted later: what they come to now, less what was billed for them.
-- A month that nobody was billed for is none of them.
CREATE TEMP TABLE adjustments ON COMMIT DROP AS
WITH earlier AS (
  SELECT o.user_id, o.month, o.currency, o.metric, o.over, o.amount
  FROM overage o
  JOIN billing_run r ON o.month < r.month
  WHERE o.month IN (
    SELECT i.period_start FROM invoices i WHERE i.kind = 'invoice' AND i.status IN ('final', 'paid')
  )
),

billed AS (
  SELECT l.user_id, l.applies_to AS month, i.currency, l.metric, sum(l.amount) AS amount
  FROM invoice_lines l
  JOIN invoices i ON i.user_id = l.user_id AND i.id = l.invoice_id
  JOIN billing_run r ON i.period_start < r.month
  WHERE l.kind IN ('overage', 'adjustment') AND i.kind = 'invoice' AND i.status <> 'void'
  GROUP BY l.user_id, l.applies_to, i.currency, l.metric
)

SELECT e.user_id, e.month, e.currency, e.metric, e.over, e.amount - coalesce(b.amount, 0) AS amount
FROM earlier e
LEFT JOIN billed b ON b.user_id = e.user_id AND b.month = e.month AND b.currency = e.currency AND b.metric = e.metric
WHERE e.amount <> coalesce(b.amount, 0)
