-- One row per month and currency.
SELECT
    month,
    currency,
    income,
    expense,
    net,
    transactions
FROM marts.cash_flow_monthly
WHERE %(month)s::date IS NULL OR month = %(month)s
ORDER BY month, currency
