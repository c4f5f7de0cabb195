"""A person's rows of chats, in an order in which they can be written."""

STATEMENTS: dict[str, str] = {
    "chat_sessions": "INSERT INTO chat_sessions (user_id, id, title) VALUES (%(person)s, %(id)s, 'x')",
    "conversations": (
        "INSERT INTO conversations (user_id, id, chat_session_id, agent_id, title)"
        " VALUES (%(person)s, %(id)s, %(id)s, (SELECT id FROM agents WHERE slug = 'a'), 'x')"
    ),
    "messages": (
        "INSERT INTO messages (user_id, id, conversation_id, role, content) VALUES (%(person)s, %(id)s, %(id)s, 'user', 'hola')"
    ),
}
