"""The rules of usage."""

from tests.migrations.rules import Rule, change

MONTH = "INSERT INTO monthly_usage (user_id, year, month) VALUES"


def _archive(month: str = "2024-01-01", rows: int = 1) -> str:
    return (
        "INSERT INTO usage_archives (file, month, rows, total_tokens, total_cost, content_hash)"
        f" VALUES ('x', '{month}', {rows}, 0, 0, 0)"
    )


ALERT = (
    "INSERT INTO usage_alerts (user_id, type, threshold, metric, year, month) VALUES (%(person)s, 'LIMIT_WARNING', 90,"
)


def _report(
    kind: str = "usage", tokens: str = "7, 3, 2, 1", requests: str = "1", amount: str = "NULL, NULL", end: str = "01-02"
) -> str:
    return (
        "INSERT INTO provider_reports (report_key, provider, kind, report, starts_at, ends_at, grouping, dimensions,"
        " tokens_input, tokens_output, tokens_cache_read, tokens_cache_write, requests, amount, currency) VALUES"
        f" (uuidv7(), 'p', '{kind}', 'r', '2024-01-01Z', '2024-{end}Z', '', '{{}}', {tokens}, {requests}, {amount})"
    )


NO_TOKENS = "NULL, NULL, NULL, NULL"

OWN_PRICE = "INSERT INTO model_prices (provider, model, valid_from, valid_to, input_price) VALUES"

RULES: dict[str, Rule] = {
    "ck_usage_logs_tokens": change(
        "usage_logs",
        {"tokens_input": "0", "tokens_output": "0", "total_tokens": "0"},
        {"tokens_input": "-5", "tokens_cache_read": "-5", "total_tokens": "-2"},
    ),
    "ck_usage_logs_total_tokens": change("usage_logs", {"total_tokens": "10"}, {"total_tokens": "11"}),
    # The row has 7 tokens in and 3 out.
    "ck_usage_logs_cache_within_input": change(
        "usage_logs",
        {"tokens_cache_read": "4", "tokens_cache_write": "3"},
        {"tokens_cache_read": "4", "tokens_cache_write": "4"},
    ),
    "ck_usage_logs_reasoning_within_output": change("usage_logs", {"tokens_reasoning": "3"}, {"tokens_reasoning": "4"}),
    "ck_usage_logs_costs": change("usage_logs", {"cost_input": "0"}, {"cost_input": "-0.000001"}),
    "ck_usage_logs_duration": change("usage_logs", {"duration": "0"}, {"duration": "-1"}),
    "ck_model_prices_provider": Rule(
        f"{OWN_PRICE} ('openai', 'm', '2020-01-01', NULL, 1)", f"{OWN_PRICE} ('OpenAI', 'm', '2020-01-01', NULL, 1)"
    ),
    "ck_model_prices_model": Rule(
        f"{OWN_PRICE} ('p', 'm*', '2020-01-01', NULL, 1), ('p', '*', '2020-01-01', NULL, 1)",
        f"{OWN_PRICE} ('p', 'm*n', '2020-01-01', NULL, 1)",
    ),
    # A price that ends when it began was never in force.
    "ck_model_prices_period": Rule(
        f"{OWN_PRICE} ('p', 'm', '2020-01-02', '2020-01-02', 1)",
        f"{OWN_PRICE} ('p', 'm', '2020-01-02', '2020-01-01', 1)",
    ),
    "ck_model_prices_prices": Rule(
        f"{OWN_PRICE} ('p', 'm', '2020-01-01', NULL, 0)", f"{OWN_PRICE} ('p', 'm', '2020-01-01', NULL, NULL)"
    ),
    # The instant at which one price ends is the first of the next; a pattern may lie over a name.
    "ex_model_prices_period": Rule(
        f"{OWN_PRICE} ('p', 'm', '2020-01-01', '2020-02-01', 1), ('p', 'm', '2020-02-01', NULL, 2),"
        " ('p', 'm*', '2020-01-01', NULL, 3), ('q', 'm', '2020-01-01', NULL, 3)",
        f"{OWN_PRICE} ('p', 'm', '2020-01-01', '2020-02-01', 1), ('p', 'm', '2020-01-31 23:00Z', NULL, 2)",
    ),
    "uq_monthly_usage_user_id_year_month": Rule(
        f"{MONTH} (%(person)s, 2020, 1), (%(person)s, 2020, 2)",
        f"{MONTH} (%(person)s, 2020, 1), (%(person)s, 2020, 1)",
    ),
    "ck_monthly_usage_month": Rule(f"{MONTH} (%(person)s, 2020, 12)", f"{MONTH} (%(person)s, 2020, 13)"),
    "ck_monthly_usage_totals": change("monthly_usage", {"total_cost": "0"}, {"total_cost": "-0.01"}),
    # Without a kind that is known the figures are held to be costs.
    "ck_provider_reports_kind": Rule(
        _report("cost", NO_TOKENS, "NULL", "1, 'USD'"), _report("cast", NO_TOKENS, "NULL", "1, 'USD'")
    ),
    "ck_provider_reports_period": Rule(_report(), _report(end="01-03")),
    "ck_provider_reports_figures": Rule(_report(), _report(amount="1, 'USD'")),
    "ck_provider_reports_tokens": Rule(_report(requests="0"), _report(requests="-1")),
    "ck_provider_reports_cache_within_input": Rule(_report(tokens="7, 3, 4, 3"), _report(tokens="7, 3, 4, 4")),
    "ck_usage_archives_month": Rule(_archive(), _archive(month="2024-01-02")),
    "ck_usage_archives_totals": Rule(_archive(), _archive(rows=0)),
    "ck_archived_usage_daily_events": change("archived_usage_daily", {"failed_events": "1"}, {"failed_events": "2"}),
    "ck_archived_usage_daily_unknown_cost": change(
        "archived_usage_daily", {"unknown_cost_events": "1", "total_cost": "NULL"}, {"total_cost": "NULL"}
    ),
    "ck_archived_usage_daily_total_tokens": change(
        "archived_usage_daily", {"tokens_input": "8", "total_tokens": "11"}, {"tokens_input": "8"}
    ),
    "uq_usage_alerts_user_id_year_month_metric_threshold": Rule(
        f"{ALERT} 'messages', 2020, 1)", f"{ALERT} 'tokens', 2020, 1)"
    ),
    "ck_usage_alerts_type": change("usage_alerts", {"triggered": "true"}, {"type": "'PANIC'", "metric": "NULL"}),
    "ck_usage_alerts_metric": change("usage_alerts", {"metric": "'storage'"}, {"metric": "'words'"}),
    "ck_usage_alerts_month": change("usage_alerts", {"month": "12"}, {"month": "0"}),
    "ck_usage_alerts_threshold": change(
        "usage_alerts", {"type": "'LIMIT_EXCEEDED'", "threshold": "100"}, {"threshold": "95"}
    ),
}
