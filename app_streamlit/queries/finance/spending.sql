-- One row per category and currency of a month, the largest first.
SELECT
    category,
    currency,
    spent,
    transactions
FROM marts.spending_monthly
WHERE month = %(month)s
ORDER BY spent DESC, category
