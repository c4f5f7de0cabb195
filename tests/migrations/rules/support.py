"""The rules of support."""

from tests.migrations.rules import Rule, change

NUMBER = "UPDATE support_tickets SET ticket_number = {} WHERE user_id = %(person)s"


def ticket(good: dict[str, str], *bad: dict[str, str]) -> Rule:
    return change("support_tickets", good, *bad)


def message(good: dict[str, str], *bad: dict[str, str]) -> Rule:
    return change("support_messages", good, *bad)


RULES: dict[str, Rule] = {
    "ck_support_tickets_category": ticket({"category": "'BILLING'"}, {"category": "'LOVE'"}),
    "ck_support_tickets_priority": ticket({"priority": "'URGENT'"}, {"priority": "'NOW'"}),
    "ck_support_tickets_status": ticket({"status": "'WAITING_USER'"}, {"status": "'LOST'"}),
    "ck_support_tickets_ticket_number": ticket({"ticket_number": "'TICK-1000000'"}, {"ticket_number": "'TICK-1'"}),
    "ck_support_tickets_title": ticket({"title": "'y'"}, {"title": "''"}, {"description": "''"}),
    "ck_support_tickets_resolved_at": ticket(
        {"status": "'RESOLVED'", "resolved_at": "now()"}, {"status": "'RESOLVED'"}
    ),
    "ck_support_tickets_closed_at": ticket({"status": "'CLOSED'", "closed_at": "now()"}, {"status": "'CLOSED'"}),
    "ck_support_tickets_times": ticket(
        {"status": "'CLOSED'", "resolved_at": "now()", "closed_at": "now()"},
        {"status": "'CLOSED'", "resolved_at": "now()", "closed_at": "now() - interval '1 second'"},
        {"status": "'RESOLVED'", "resolved_at": "created_at - interval '1 second'"},
    ),
    "ck_support_tickets_ai_resolved": ticket(
        {"status": "'RESOLVED'", "resolved_at": "now()", "ai_resolved": "true"}, {"ai_resolved": "true"}
    ),
    "pk_support_ticket_lookup": Rule(
        NUMBER.format("'TICK-1000000'"),
        NUMBER.format("(SELECT ticket_number FROM support_tickets WHERE user_id = %(other)s)"),
    ),
    "uq_support_ticket_lookup_user_id_ticket_id": Rule(
        NUMBER.format("'TICK-1000000'"),
        "INSERT INTO support_ticket_lookup VALUES ('TICK-1000000', %(person)s, %(id)s)",
    ),
    "ck_support_messages_content": message({"content": "'y'"}, {"content": "''"}),
    "ck_support_messages_author_id": message({"is_ai": "true", "author_id": "NULL"}, {"author_id": "NULL"}),
    "ck_support_messages_kind": message(
        {"is_ai": "true", "author_id": "NULL"}, {"is_ai": "true", "is_staff": "true", "author_id": "NULL"}
    ),
    "ck_support_messages_person": message({"is_staff": "true", "author_id": "%(other)s"}, {"author_id": "%(other)s"}),
    "ck_support_messages_attachments": message({"attachments": "'[]'"}, {"attachments": "'{}'"}),
}
