-- The lines of every invoice of the month, in their order. Credits that somebody entered in a draft stay. What would make an
-- invoice negative is carried to the next: a line of credit that names the month adds it here and takes it off there.
CREATE TEMP TABLE wanted ON COMMIT DROP AS
WITH lines AS (
  SELECT l.user_id, l.currency, CASE l.kind WHEN 'base' THEN 1 ELSE 2 END AS rank, l.day::text || (l.unit_price > 0)::text AS sort, l.kind,
    NULL AS metric, pg_temp.plan_text(u.language, plan_name(l.plan_code, u.language), l.billing_interval, l.day, l.cycle_end, l.cycle_days, l.unit_price) AS description,
    l.quantity::numeric AS quantity, l.unit_price, NULL::date AS applies_to
  FROM plan_lines l
  JOIN users u ON u.id = l.user_id
  UNION ALL
  SELECT o.user_id, o.currency, 3, o.metric, 'overage', o.metric, pg_temp.overage_text(u.language, o.metric, o.month),
    o.over, o.price, o.month
  FROM overage o
  JOIN billing_run r ON r.month = o.month
  JOIN users u ON u.id = o.user_id
  WHERE o.amount <> 0
  UNION ALL
  SELECT a.user_id, a.currency, 4, a.month::text || a.metric, 'adjustment', a.metric,
    pg_temp.adjustment_text(u.language, a.metric, a.month, a.over), 1, a.amount, a.month
  FROM adjustments a
  JOIN users u ON u.id = a.user_id
  UNION ALL
  SELECT l.user_id, i.currency, 5, lpad(l.position::text, 5, '0'), l.kind, l.metric, l.description, l.quantity, l.unit_price, NULL
  FROM invoice_lines l
  JOIN invoices i ON i.user_id = l.user_id AND i.id = l.invoice_id
  JOIN billing_run r ON r.month = i.period_start
  WHERE i.kind = 'invoice' AND i.status = 'draft' AND l.kind = 'credit' AND l.applies_to IS NULL
),

-- An invoice that was issued is not drafted again.
due AS (
  SELECT l.*, round(l.quantity * l.unit_price, c.minor_units) AS amount
  FROM lines l
  JOIN currencies c ON c.code = l.currency
  CROSS JOIN billing_run r
  WHERE NOT EXISTS (
    SELECT FROM invoices i
    WHERE i.user_id = l.user_id AND i.currency = l.currency AND i.period_start = r.month AND i.kind = 'invoice'
      AND i.status IN ('final', 'paid')
  )
),

balances AS (
  SELECT l.user_id, i.currency, sum(l.amount) AS amount
  FROM invoice_lines l
  JOIN invoices i ON i.user_id = l.user_id AND i.id = l.invoice_id
  JOIN billing_run r ON i.period_start < r.month
  WHERE l.kind = 'credit' AND l.applies_to IS NOT NULL AND i.kind = 'invoice' AND i.status <> 'void'
  GROUP BY l.user_id, i.currency
),

people AS (
  SELECT d.user_id, d.currency, u.language, sum(d.amount) AS amount, coalesce(max(b.amount), 0) AS balance
  FROM due d
  JOIN users u ON u.id = d.user_id
  LEFT JOIN balances b ON b.user_id = d.user_id AND b.currency = d.currency
  GROUP BY d.user_id, d.currency, u.language
),

taxed AS (
  SELECT p.user_id, p.currency, p.language, greatest(p.amount - p.balance, 0) AS subtotal
  FROM people p
  CROSS JOIN billing_run r
  WHERE (
    SELECT z.timezone FROM user_timezones z
    WHERE z.user_id = p.user_id AND z.valid_from < r.next_month ORDER BY z.valid_from DESC LIMIT 1
  ) = ANY (r.iva_zones)
),

every AS (
  SELECT user_id, currency, rank, sort, kind, metric, description, quantity, unit_price, applies_to FROM due
  UNION ALL
  SELECT p.user_id, p.currency, 6, '', 'credit', NULL, pg_temp.balance_text(p.language, true), 1, -p.balance, r.month
  FROM people p CROSS JOIN billing_run r WHERE p.balance <> 0
  UNION ALL
  SELECT p.user_id, p.currency, 7, '', 'credit', NULL, pg_temp.balance_text(p.language, false), 1, p.balance - p.amount, r.month
  FROM people p CROSS JOIN billing_run r WHERE p.amount < p.balance
  UNION ALL
  SELECT t.user_id, t.currency, 8, '', 'tax', NULL, pg_temp.tax_text(t.language, r.iva_rate), t.subtotal, r.iva_rate, NULL
  FROM taxed t CROSS JOIN billing_run r WHERE t.subtotal > 0
)

SELECT user_id, currency, (row_number() OVER invoice)::smallint AS position, kind, metric, description,
  quantity::numeric(24, 12) AS quantity, unit_price::numeric(24, 12) AS unit_price, applies_to
FROM every
WINDOW invoice AS (PARTITION BY user_id, currency ORDER BY rank, sort, description, quantity, unit_price)
