-- Drafts become what is wanted: those that already are stay untouched, issued invoices are never among them.
CREATE TEMP TABLE draft_changes ON COMMIT DROP AS
WITH drafts AS (
  SELECT i.user_id, i.id, i.currency
  FROM invoices i JOIN billing_run r ON r.month = i.period_start
  WHERE i.kind = 'invoice' AND i.status = 'draft'
),

held AS (
  SELECT d.user_id, d.currency, l.position, l.kind, l.metric, l.description, l.quantity, l.unit_price, l.applies_to
  FROM drafts d JOIN invoice_lines l ON l.user_id = d.user_id AND l.invoice_id = d.id
),

different AS (
  SELECT coalesce(w.user_id, h.user_id) AS user_id, coalesce(w.currency, h.currency) AS currency
  FROM wanted w
  FULL JOIN held h ON h.user_id = w.user_id AND h.currency = w.currency AND h.position = w.position
  WHERE (w.kind, w.metric, w.description, w.quantity, w.unit_price, w.applies_to)
    IS DISTINCT FROM (h.kind, h.metric, h.description, h.quantity, h.unit_price, h.applies_to)
),

outcomes AS (
  SELECT w.user_id, w.currency, d.id,
    CASE WHEN d.id IS NULL THEN 'made' WHEN c.user_id IS NULL THEN 'same' ELSE 'remade' END AS outcome
  FROM (SELECT DISTINCT user_id, currency FROM wanted) w
  LEFT JOIN drafts d ON d.user_id = w.user_id AND d.currency = w.currency
  LEFT JOIN (SELECT DISTINCT user_id, currency FROM different) c ON c.user_id = w.user_id AND c.currency = w.currency
  UNION ALL
  SELECT d.user_id, d.currency, d.id, 'removed'
  FROM drafts d
  WHERE NOT EXISTS (SELECT FROM wanted w WHERE w.user_id = d.user_id AND w.currency = d.currency)
)

SELECT user_id, currency, coalesce(id, uuidv7()) AS id, outcome FROM outcomes;

DELETE FROM invoices i USING draft_changes c
WHERE c.outcome = 'removed' AND i.user_id = c.user_id AND i.id = c.id;

INSERT INTO invoices (user_id, id, period_start, period_end, currency)
SELECT c.user_id, c.id, r.month, r.next_month, c.currency
FROM draft_changes c CROSS JOIN billing_run r WHERE c.outcome = 'made';

-- One statement: between the two an invoice might be negative. The sub-query has the old lines gone before the first new one.
WITH gone AS (
  DELETE FROM invoice_lines l USING draft_changes c
  WHERE c.outcome = 'remade' AND l.user_id = c.user_id AND l.invoice_id = c.id
  RETURNING l.id
)
INSERT INTO invoice_lines (user_id, invoice_id, position, kind, metric, description, quantity, unit_price, applies_to)
SELECT c.user_id, c.id, w.position, w.kind, w.metric, w.description, w.quantity, w.unit_price, w.applies_to
FROM draft_changes c
JOIN wanted w ON w.user_id = c.user_id AND w.currency = c.currency
WHERE c.outcome IN ('made', 'remade') AND (SELECT count(*) FROM gone) >= 0
