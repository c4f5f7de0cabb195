"""A person's rows of agents, in an order in which they can be written."""

STATEMENTS: dict[str, str] = {
    "user_agent_permissions": (
        "INSERT INTO user_agent_permissions (user_id, agent_id) VALUES (%(person)s, (SELECT id FROM agents WHERE slug = 'a'))"
    ),
}
