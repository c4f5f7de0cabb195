-- One row per person and measure of the month under way at the build: what was used, what the month will come to and how far
-- off that formula was before, what is included and the day on which it runs out; with `limited` only those that run out.
SELECT
    users.email,
    forecast.month,
    measures.metric,
    measures.used,
    measures.projected,
    measures.included,
    measures.run_out_on,
    measures.error,
    forecast.backtest_months
FROM marts.usage_forecast AS forecast
INNER JOIN public.users ON forecast.user_id = users.id
CROSS JOIN LATERAL (
    VALUES
    (
        'messages', forecast.messages, forecast.projected_messages, forecast.limit_messages,
        forecast.messages_run_out_on, forecast.messages_wape
    ),
    (
        'tokens', forecast.tokens, forecast.projected_tokens, forecast.limit_tokens,
        forecast.tokens_run_out_on, forecast.tokens_wape
    )
) AS measures (metric, used, projected, included, run_out_on, error)
WHERE NOT %(limited)s OR measures.run_out_on IS NOT NULL
ORDER BY measures.run_out_on NULLS LAST, users.email, measures.metric
