"""The rules of agents."""

from tests.migrations.rules import Rule

AGENT = "UPDATE agents SET {} WHERE slug = 'a'"
GRANT = "INSERT INTO user_agent_permissions (user_id, agent_id) SELECT %(person)s, id FROM"

RULES: dict[str, Rule] = {
    "ck_agents_slug": Rule(AGENT.format("slug = 'mi-agente-2'"), AGENT.format("slug = 'Mi--agente'")),
    "ck_agents_average_rating": Rule(
        AGENT.format("average_rating = 5"),
        *(AGENT.format(f"average_rating = {rating}") for rating in ("-0.01", "5.01")),
    ),
    "uq_agents_slug": Rule(
        "INSERT INTO agents (name, slug) VALUES ('B', 'b')", "INSERT INTO agents (name, slug) VALUES ('B', 'a')"
    ),
    "uq_user_agent_permissions_user_id_agent_id": Rule(
        f"WITH b AS (INSERT INTO agents (name, slug) VALUES ('B', 'b') RETURNING id) {GRANT} b",
        f"{GRANT} agents WHERE slug = 'a'",
    ),
}
