"""The rules of chats."""

from tests.migrations.rules import Rule, change

RULES: dict[str, Rule] = {
    "ck_conversations_counts": change(
        "conversations", {"token_count": "0"}, {"token_count": "-1"}, {"message_count": "-1"}
    ),
    "ck_messages_role": change("messages", {"role": "'assistant'"}, {"role": "'tool'"}),
    "ck_messages_tokens": change("messages", {"tokens_input": "0"}, {"tokens_input": "-1"}, {"tokens_output": "-1"}),
}
