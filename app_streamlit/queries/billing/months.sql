-- One row per month from the first with usage or an invoice to the one under way, the newest first: when it was closed, what
-- was used of it (of a closed one what was published with it), and its invoices by state; for admins.
WITH days AS (
    SELECT
        coalesce(least(
            (
                SELECT min(make_date(year, month, 1)) FROM public.month_totals
                WHERE total_messages > 0
            ),
            (SELECT min(period_start) FROM public.invoices)
        ), %(today)s::date) AS first_day
),

months AS (
    SELECT month::date AS month
    FROM days, generate_series(date_trunc('month', days.first_day::timestamp), %(today)s::date, interval '1 month') AS month
),

counted AS (
    SELECT
        make_date(year, month, 1) AS month,
        sum(total_messages)::bigint AS events,
        sum(total_cost) AS cost
    FROM public.month_totals
    GROUP BY year, month
),

published AS (
    SELECT
        posted_month AS month,
        sum(events)::bigint AS events,
        coalesce(sum(total_cost), 0) AS cost,
        coalesce(sum(total_cost) FILTER (WHERE local_date < posted_month), 0) AS adjusted
    FROM public.published_usage
    GROUP BY posted_month
),

invoiced AS (
    SELECT
        invoices.period_start AS month,
        count(*) FILTER (WHERE invoices.status = 'draft') AS drafts,
        count(*) FILTER (WHERE invoices.status IN ('final', 'paid')) AS issued,
        count(*) FILTER (WHERE invoices.status = 'paid') AS paid,
        count(*) FILTER (WHERE balances.due > 0 AND invoices.due_on < %(today)s) AS overdue
    FROM public.invoices
    INNER JOIN public.invoice_balances AS balances
        ON invoices.user_id = balances.user_id AND invoices.id = balances.invoice_id
    WHERE invoices.kind = 'invoice'
    GROUP BY invoices.period_start
)

SELECT
    months.month,
    closed_months.closed_at,
    CASE WHEN closed_months.month IS NULL THEN counted.events ELSE published.events END AS events,
    CASE WHEN closed_months.month IS NULL THEN counted.cost ELSE published.cost END AS cost,
    published.adjusted,
    coalesce(invoiced.drafts, 0) AS drafts,
    coalesce(invoiced.issued, 0) AS issued,
    coalesce(invoiced.paid, 0) AS paid,
    coalesce(invoiced.overdue, 0) AS overdue
FROM months
LEFT JOIN public.closed_months ON months.month = closed_months.month
LEFT JOIN counted ON months.month = counted.month
LEFT JOIN published ON months.month = published.month
LEFT JOIN invoiced ON months.month = invoiced.month
ORDER BY months.month DESC
