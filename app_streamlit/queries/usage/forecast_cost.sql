-- One row per month under way: what models will have cost at the present rate, what such projections were off by for a
-- person (weighted by what each will cost), and of how many people only what they used so far is known.
SELECT
    month,
    sum(coalesce(projected_cost, cost)) AS projected_cost,
    sum(projected_cost * cost_wape) / nullif(sum(projected_cost), 0) AS error,
    count(projected_cost) AS projected_people,
    count(*) - count(projected_cost) AS other_people
FROM marts.usage_forecast
GROUP BY month
ORDER BY month
