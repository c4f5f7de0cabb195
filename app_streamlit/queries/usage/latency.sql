-- One row per provider and model of the days and of what was chosen: calls, how many failed, and of the days' medians and
-- 95th percentiles the middle one and the worst (percentiles of days cannot be put together); for admins.
SELECT
    latency.provider,
    latency.model,
    sum(latency.calls)::bigint AS events,
    sum(latency.failed_calls)::bigint AS failed_events,
    sum(latency.failed_calls) / sum(latency.calls) AS error_rate,
    percentile_cont(0.5) WITHIN GROUP (ORDER BY latency.latency_p50_ms)::numeric / 1000 AS median_s,
    percentile_cont(0.5) WITHIN GROUP (ORDER BY latency.latency_p95_ms)::numeric / 1000 AS p95_s,
    max(latency.latency_p95_ms) / 1000 AS worst_p95_s
FROM marts.latency_daily AS latency
WHERE
    latency.usage_date BETWEEN %(first)s AND %(last)s
    AND (%(agents)s::uuid[] IS NULL OR latency.agent_id = ANY (%(agents)s))
    AND (%(providers)s::text[] IS NULL OR latency.provider = ANY (%(providers)s))
    AND (%(models)s::text[] IS NULL OR latency.model = ANY (%(models)s))
GROUP BY latency.provider, latency.model
ORDER BY events DESC, latency.provider, latency.model
