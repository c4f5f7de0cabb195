-- One row per price of a plan and the days it holds for, the cheapest plan first and its newest price; `valid_to` is the first day after them.
SELECT
    plan_name(plans.code, %(language)s) AS name,
    prices.currency,
    prices.billing_interval,
    prices.amount,
    prices.valid_from,
    prices.valid_to,
    CASE
        WHEN prices.valid_to <= %(today)s THEN 'past'
        WHEN prices.valid_from > %(today)s THEN 'coming'
        ELSE 'now'
    END AS state
FROM public.plan_prices AS prices
INNER JOIN public.plans ON prices.plan_code = plans.code
ORDER BY
    min(prices.amount) OVER (PARTITION BY prices.plan_code), plans.code, prices.currency, prices.billing_interval, prices.valid_from DESC
