"""A person's rows of usage, in an order in which they can be written."""

STATEMENTS: dict[str, str] = {
    "usage_logs": (
        "INSERT INTO usage_logs (user_id, id, agent_id, source, event_id, model, tokens_input, tokens_output, total_tokens,"
        " total_cost) VALUES (%(person)s, %(id)s, (SELECT id FROM agents WHERE slug = 'a'), 's', 'e', 'm', 7, 3, 10, 0.5)"
    ),
    "usage_slots": (
        "INSERT INTO usage_slots (user_id, id, agent_id, year, month, total_messages, last_interaction)"
        " VALUES (%(person)s, %(id)s, (SELECT id FROM agents WHERE slug = 'a'), 2020, 1, 1, '2020-01-31')"
    ),
    "usage_alerts": (
        "INSERT INTO usage_alerts (user_id, id, type, threshold, metric, year, month)"
        " VALUES (%(person)s, %(id)s, 'LIMIT_WARNING', 90, 'tokens', 2020, 1)"
    ),
    "usage_event_keys": (
        "INSERT INTO usage_event_keys (event_key, user_id, usage_id, timestamp, content_hash)"
        " VALUES (%(id)s, %(person)s, %(id)s, now(), %(id)s)"
    ),
    "usage_reversals": (
        "INSERT INTO usage_reversals (user_id, id, timestamp, local_date, agent_id, source, event_id, call, reversal_batch_id)"
        " SELECT user_id, id, timestamp, local_date, agent_id, source, 'back', to_jsonb(u), %(id)s FROM usage_logs u"
        " WHERE user_id = %(person)s LIMIT 1"
    ),
    "archived_usage_daily": (
        "INSERT INTO archived_usage_daily (user_id, local_date, agent_id, provider, model, events, failed_events,"
        " unknown_cost_events, tokens_input, tokens_output, tokens_cache_read, tokens_cache_write, tokens_reasoning,"
        " total_tokens, total_cost) VALUES (%(person)s, '2024-01-31', (SELECT id FROM agents WHERE slug = 'a'), 'p', 'm',"
        " 1, 0, 0, 7, 3, 0, 0, 0, 10, 0.5)"
    ),
}
