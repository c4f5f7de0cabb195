"""The rules of usage."""

from tests.migrations.rules import Rule, change

MONTH = "INSERT INTO monthly_usage (user_id, year, month) VALUES"


def _archive(month: str = "2024-01-01", rows: int = 1, tokens: int = 0, cost: int = 0) -> str:
    return (
        "INSERT INTO usage_archives (file, month, rows, total_tokens, total_cost, content_hash)"
        f" VALUES ('x', '{month}', {rows}, {tokens}, {cost}, 0)"
    )


ALERT = (
    "INSERT INTO usage_alerts (user_id, type, threshold, metric, year, month) VALUES (%(person)s, 'LIMIT_WARNING', 90,"
)


ALERTS = {"APPROACHING_LIMIT": 80, "LIMIT_WARNING": 90, "LIMIT_EXCEEDED": 100}


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
KINDS = (
    "input",
    "output",
    "cache_read",
    "cache_write",
    "cache_write_1h",
    "reasoning",
    "input_audio",
    "output_audio",
    "request",
)


def _price(kind: str, price: str) -> str:
    return (
        f"INSERT INTO model_prices (provider, model, valid_from, {kind}_price) VALUES ('p', 'm', '2020-01-01', {price})"
    )


RULES: dict[str, Rule] = {
    "ck_usage_logs_tokens": change(
        "usage_logs",
        {"tokens_input": "0", "tokens_output": "0", "total_tokens": "0"},
        *({tokens: "-1"} for tokens in ("tokens_cache_read", "tokens_cache_write", "tokens_reasoning")),
    ),
    "ck_usage_logs_total_tokens": change("usage_logs", {"total_tokens": "10"}, {"total_tokens": "11"}),
    # The row has 7 tokens in and 3 out.
    "ck_usage_logs_cache_within_input": change(
        "usage_logs",
        {"tokens_cache_read": "4", "tokens_cache_write": "3"},
        {"tokens_cache_read": "4", "tokens_cache_write": "4"},
    ),
    "ck_usage_logs_reasoning_within_output": change("usage_logs", {"tokens_reasoning": "3"}, {"tokens_reasoning": "4"}),
    "ck_usage_logs_costs": change(
        "usage_logs",
        {"cost_input": "0"},
        *({cost: "-0.000001"} for cost in ("cost_input", "cost_output", "total_cost")),
    ),
    "ck_usage_logs_duration": change("usage_logs", {"duration": "0"}, {"duration": "-1"}),
    "ck_model_prices_provider": Rule(
        f"{OWN_PRICE} ('openai', 'm', '2020-01-01', NULL, 1)",
        *(f"{OWN_PRICE} ('{provider}', 'm', '2020-01-01', NULL, 1)" for provider in ("OpenAI", "")),
    ),
    "ck_model_prices_model": Rule(
        f"{OWN_PRICE} ('p', 'm*', '2020-01-01', NULL, 1), ('p', '*', '2020-01-01', NULL, 1)",
        *(f"{OWN_PRICE} ('p', '{model}', '2020-01-01', NULL, 1)" for model in ("m*n", "M", "")),
    ),
    # A price that ends when it began was never in force.
    "ck_model_prices_period": Rule(
        f"{OWN_PRICE} ('p', 'm', '2020-01-02', '2020-01-02', 1)",
        f"{OWN_PRICE} ('p', 'm', '2020-01-02', '2020-01-01', 1)",
        f"{OWN_PRICE} ('p', 'm', '-infinity', NULL, 1)",
        f"{OWN_PRICE} ('p', 'm', '2020-01-01', 'infinity', 1)",
    ),
    "ck_model_prices_prices": Rule(
        _price("input", "0"),
        _price("input", "NULL"),
        *(_price(kind, price) for kind in KINDS for price in ("-0.01", "1000000.01")),
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
    "ck_monthly_usage_month": Rule(
        f"{MONTH} (%(person)s, 2020, 12)", f"{MONTH} (%(person)s, 2020, 0)", f"{MONTH} (%(person)s, 2020, 13)"
    ),
    "ck_monthly_usage_totals": change(
        "monthly_usage",
        {"total_cost": "0"},
        {"total_cost": "-0.01"},
        *({total: "-1"} for total in ("total_messages", "total_tokens", "unknown_cost_events")),
    ),
    # Without a kind that is known the figures are held to be costs.
    "ck_provider_reports_kind": Rule(
        _report("cost", NO_TOKENS, "NULL", "1, 'USD'"), _report("cast", NO_TOKENS, "NULL", "1, 'USD'")
    ),
    "ck_provider_reports_period": Rule(_report(), _report(end="01-01"), _report(end="01-03")),
    "ck_provider_reports_figures": Rule(
        _report(),
        _report(amount="1, 'USD'"),
        _report(tokens="7, 3, 2, NULL"),
        _report("cost", NO_TOKENS, "NULL"),
        _report("cost", amount="1, 'USD'"),
    ),
    "ck_provider_reports_tokens": Rule(
        _report(requests="0"),
        _report(requests="-1"),
        *(_report(tokens=tokens) for tokens in ("7, -1, 2, 1", "7, 3, -1, 1", "7, 3, 2, -1")),
    ),
    "ck_provider_reports_cache_within_input": Rule(_report(tokens="7, 3, 4, 3"), _report(tokens="7, 3, 4, 4")),
    "ck_usage_archives_month": Rule(_archive(), _archive(month="2024-01-02")),
    "ck_usage_archives_totals": Rule(_archive(), _archive(rows=0), _archive(tokens=-1), _archive(cost=-1)),
    "ck_archived_usage_daily_events": change(
        "archived_usage_daily",
        {"failed_events": "1"},
        {"failed_events": "2"},
        {"failed_events": "-1"},
        {"events": "0", "total_cost": "NULL"},
    ),
    "ck_archived_usage_daily_unknown_cost": change(
        "archived_usage_daily",
        {"unknown_cost_events": "1", "total_cost": "NULL"},
        {"total_cost": "NULL"},
        {"unknown_cost_events": "-1"},
        {"unknown_cost_events": "2"},
    ),
    "ck_archived_usage_daily_total_tokens": change(
        "archived_usage_daily", {"tokens_input": "8", "total_tokens": "11"}, {"tokens_input": "8"}
    ),
    "uq_usage_alerts_user_id_year_month_metric_threshold": Rule(
        f"{ALERT} 'messages', 2020, 1)", f"{ALERT} 'tokens', 2020, 1)"
    ),
    "ck_usage_alerts_type": change("usage_alerts", {"triggered": "true"}, {"type": "'PANIC'", "metric": "NULL"}),
    "ck_usage_alerts_metric": change("usage_alerts", {"metric": "'storage'"}, {"metric": "'words'"}),
    "ck_usage_alerts_month": change("usage_alerts", {"month": "12"}, {"month": "0"}, {"month": "13"}),
    "ck_usage_alerts_threshold": change(
        "usage_alerts",
        {"type": "'LIMIT_EXCEEDED'", "threshold": "100"},
        *({"type": f"'{kind}'", "threshold": f"{limit + 1}"} for kind, limit in ALERTS.items()),
        *({"type": f"'{kind}'", "threshold": f"{limit}", "metric": "NULL"} for kind, limit in ALERTS.items()),
        {"type": "'UNUSUAL_ACTIVITY'", "threshold": "0", "metric": "NULL"},
        {"type": "'UNUSUAL_ACTIVITY'"},
    ),
}
