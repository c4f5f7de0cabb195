"""A person's rows of support, in an order in which they can be written."""

STATEMENTS: dict[str, str] = {
    "support_tickets": (
        "INSERT INTO support_tickets (user_id, id, title, description, category)"
        " VALUES (%(person)s, %(id)s, 'x', 'x', 'BUG')"
    ),
    "support_messages": (
        "INSERT INTO support_messages (user_id, id, ticket_id, content, author_id)"
        " VALUES (%(person)s, %(id)s, %(id)s, 'x', %(person)s)"
    ),
}
