-- One row per month with money, the latest first.
SELECT month FROM marts.cash_flow_monthly
UNION
SELECT month FROM marts.spending_monthly
ORDER BY month DESC
