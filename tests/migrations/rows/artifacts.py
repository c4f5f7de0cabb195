"""A person's rows of artifacts, in an order in which they can be written."""

STATEMENTS: dict[str, str] = {
    "artifacts": (
        "INSERT INTO artifacts (user_id, id, agent_id, conversation_id, name, type, content, share_token, share_expires_at)"
        " VALUES (%(person)s, %(id)s, (SELECT id FROM agents WHERE slug = 'a'), %(id)s, 'x', 'MARKDOWN', 'x',"
        " encode(sha256(%(id)s::text::bytea), 'hex'), now() + interval '1 day')"
    ),
}
