"""Usage: every event is billed once, and an unknown cost stays unknown."""

from datetime import datetime

from expectations.suites.rules import Rules, always, at_least, balances, no_rows, one_of, one_row_per

COUNTS = ("tokens_input", "tokens_output", "total_tokens", "total_cost", "unknown_cost_events")
TOTALS = {
    "events": "sum(events)",
    "total_tokens": "sum(total_tokens)",
    "total_cost": "sum(total_cost)",
    "unknown_cost_events": "sum(unknown_cost_events)",
}
COUNTERS_DIFFER = """
SELECT 1 FROM intermediate.int_usage_control
LEFT JOIN (SELECT DISTINCT user_id FROM {batch} AS read) AS mart USING (user_id)
WHERE (events, total_tokens, total_cost, unknown_cost_events)
  IS DISTINCT FROM (counter_events, counter_tokens, counter_cost, counter_unknown_cost_events)
"""
PARTS_EXCEED = "tokens_cache_read + tokens_cache_write <= tokens_input AND tokens_reasoning <= tokens_output"
POSITIVE = f"is_adjustment OR (events >= 1 AND coalesce(least({', '.join(COUNTS)}), 0) >= 0)"
MOVED = """
SELECT 1 FROM (SELECT user_id, month, sum(events) AS events, sum(total_tokens) AS total_tokens,
    coalesce(sum(total_cost), 0) AS total_cost
  FROM {batch} AS read WHERE is_published GROUP BY user_id, month) AS mart
FULL JOIN (SELECT user_id, posted_month AS month, sum(events) AS events, sum(total_tokens) AS total_tokens,
    coalesce(sum(total_cost), 0) AS total_cost
  FROM intermediate.int_published_usage GROUP BY user_id, posted_month) AS published USING (user_id, month)
WHERE (mart.events, mart.total_tokens, mart.total_cost)
  IS DISTINCT FROM (published.events, published.total_tokens, published.total_cost)
"""
DAYS_DIFFER = """
SELECT 1 FROM (
  SELECT user_id, month, sum(events) AS events, sum(total_tokens) AS tokens, sum(coalesce(total_cost, 0)) AS cost
  FROM {batch} AS read GROUP BY user_id, month
) AS days
FULL JOIN (
  SELECT user_id, posted_month AS month, sum(events) AS events, sum(total_tokens) AS tokens,
    sum(coalesce(total_cost, 0)) AS cost
  FROM intermediate.int_billable_usage_daily GROUP BY user_id, posted_month
) AS billable USING (user_id, month)
WHERE (days.events, days.tokens, days.cost) IS DISTINCT FROM (billable.events, billable.tokens, billable.cost)
"""
CALLS_DIFFER = """
SELECT 1 FROM {batch} AS latency
FULL JOIN (
  SELECT usage_date, agent_id, provider, model, sum(events) AS events, sum(failed_events) AS failed
  FROM intermediate.int_usage_daily GROUP BY usage_date, agent_id, provider, model
) AS daily USING (usage_date, agent_id, provider, model)
WHERE (calls, failed_calls) IS DISTINCT FROM (events, failed)
"""
MONTHS_DIFFER = """
SELECT 1 FROM {batch} AS forecast
JOIN (
  SELECT user_id, month, sum(events) AS events, sum(total_tokens) AS total_tokens, sum(coalesce(total_cost, 0)) AS usd
  FROM intermediate.int_usage_daily GROUP BY user_id, month
) AS used USING (user_id, month)
WHERE (messages, tokens, cost) IS DISTINCT FROM (events, total_tokens, usd)
"""
UNUSUAL_DIFFER = """
SELECT 1 FROM {batch} AS unusual
LEFT JOIN (
  SELECT user_id, usage_date, sum(coalesce(total_cost, 0)) AS cost, sum(total_tokens) AS tokens, sum(events) AS calls
  FROM intermediate.int_usage_daily GROUP BY user_id, usage_date
) AS used USING (user_id, usage_date)
WHERE observed IS DISTINCT FROM CASE measure WHEN 'cost' THEN cost WHEN 'tokens' THEN tokens WHEN 'calls' THEN calls END
"""
SCORE = "abs(score - (observed - expected) / nullif(spread, 0)) < 0.001"
AT_LEAST_USED = (
    "(projected_messages >= messages AND projected_tokens >= tokens AND projected_cost >= cost) IS NOT FALSE"
)
WITHOUT_PROJECTION = "(projected_messages IS NULL, projected_tokens IS NULL, projected_cost IS NULL)"
WITHOUT_ERROR = "(messages_wape IS NULL, tokens_wape IS NULL, cost_wape IS NULL)"
RUN_OUT_ON = "least(messages_run_out_on, tokens_run_out_on) >= month"
PARTS = "time_boundary + unmatched + unknown_cost + price + unexplained"
PARTS_OF_RESIDUAL = f"residual = reported - ledger AND residual = {PARTS}"
UNKNOWN_ONLY = "(total_cost IS NULL) = (unknown_cost_events = events) AND unknown_cost_events <= events"


def suite(as_of: datetime) -> dict[str, Rules]:
    """The expectations of each mart of the domain, for a candidate that speaks about this instant."""
    return {
        "usage_daily": [
            *one_row_per("user_id", "usage_date", "agent_id", "provider", "model"),
            *at_least(1, "events"),
            *at_least(0, "failed_events", "tokens_cache_read", "tokens_cache_write", "tokens_reasoning", *COUNTS),
            *always("total_is_input_and_output", "total_tokens = tokens_input + tokens_output"),
            *always("parts_lie_within_their_totals", PARTS_EXCEED),
            *always("failed_events_are_events", "failed_events <= events"),
            *always("cost_is_unknown_only_when_all_are", UNKNOWN_ONLY),
            *balances("equals_the_usage_logs", "int_usage_control", ["user_id"], TOTALS),
            *no_rows("counters_equal_a_recount", COUNTERS_DIFFER),
            *always("not_from_the_future", f"usage_date <= '{as_of:%F}'::date + 1", warning=True),
        ],
        "billing_monthly": [
            *one_row_per("user_id", "month", "applies_to", "agent_id", "provider", "model"),
            *always("usage_is_positive", POSITIVE),
            *always("begins_on_the_first", "extract(day FROM month) = 1 AND extract(day FROM applies_to) = 1"),
            *always("adjusts_the_past", "is_adjustment = (applies_to < month) AND applies_to <= month"),
            *always("total_is_input_and_output", "total_tokens = tokens_input + tokens_output"),
            *always("cost_is_unknown_only_when_all_are", f"is_adjustment OR {UNKNOWN_ONLY}"),
            *one_of("currency", ["USD"]),
            *no_rows("closed_months_stay", MOVED),
            *balances("equals_the_usage_logs", "int_usage_control", ["user_id"], TOTALS),
        ],
        "billable_daily": [
            *one_row_per("user_id", "month", "usage_date", "agent_id", "provider", "model"),
            *always("adjusts_the_past", "is_adjustment = (date_trunc('month', usage_date) < month)"),
            *no_rows("is_all_that_is_billed", DAYS_DIFFER),
        ],
        "latency_daily": [
            *one_row_per("usage_date", "agent_id", "provider", "model"),
            *always("failed_and_unmeasured_calls_are_calls", "greatest(failed_calls, unmeasured_calls) <= calls"),
            *always("rate_is_failed_calls", "abs(error_rate * calls - failed_calls) <= calls * 0.00000001"),
            *always("percentiles_are_in_order", "(latency_p50_ms <= latency_p95_ms) IS NOT FALSE"),
            *no_rows("counts_every_call", CALLS_DIFFER),
        ],
        "usage_forecast": [
            *one_row_per("user_id"),
            *at_least(0, "messages", "tokens", "cost", "messages_wape", "tokens_wape", "cost_wape"),
            *always("is_at_least_what_was_used", AT_LEAST_USED),
            *always("is_shown_with_its_error", f"{WITHOUT_PROJECTION} = {WITHOUT_ERROR}"),
            *always("runs_out_within_the_month", f"({RUN_OUT_ON}) IS NOT FALSE"),
            *no_rows("equals_the_days_of_the_month", MONTHS_DIFFER),
        ],
        "unusual_activity": [
            *one_row_per("user_id", "usage_date", "measure"),
            *one_of("measure", ("cost", "tokens", "calls")),
            *always("is_above_the_threshold", "score > 3.5 AND history_days BETWEEN 14 AND 28"),
            *always("score_is_that_of_its_parts", SCORE),
            *no_rows("observed_is_the_day", UNUSUAL_DIFFER),
        ],
        "reconciliation_daily": [
            *one_row_per("usage_date", "provider", "model", "measure"),
            *at_least(0, "ledger", "ledger_events", "reported_requests"),
            *one_of("measure", ["tokens_input", "tokens_output", "cost"]),
            *always("residual_is_the_sum_of_its_parts", PARTS_OF_RESIDUAL),
            *always("unexplained_is_said_so", "is_explained = (unexplained = 0)"),
        ],
    }
