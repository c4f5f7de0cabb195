"""A person's rows of usage, in an order in which they can be written."""

STATEMENTS: dict[str, str] = {
    "usage_logs": (
        "INSERT INTO usage_logs (user_id, id, agent_id, source, event_id, model, tokens_input, tokens_output, total_tokens,"
        " total_cost) VALUES (%(person)s, %(id)s, (SELECT id FROM agents WHERE slug = 'a'), 's', 'e', 'm', 7, 3, 10, 0.5)"
    ),
    "usage_event_keys": (
        "INSERT INTO usage_event_keys (event_key, user_id, usage_id, timestamp, content_hash)"
        " VALUES (%(id)s, %(person)s, %(id)s, now(), %(id)s)"
    ),
}
