"""The rules of artifacts."""

from tests.migrations.rules import Rule, change

TOMORROW = "now() + interval '1 day'"
NEXT = (
    "INSERT INTO artifacts (user_id, agent_id, name, type, content, parent_id, version)"
    " SELECT user_id, agent_id, name, type, content, id, {} FROM artifacts WHERE user_id = %(person)s"
)
SHARE = "UPDATE artifacts SET share_token = {} WHERE user_id = %(person)s"

RULES: dict[str, Rule] = {
    "ck_artifacts_type": change("artifacts", {"type": "'CODE'"}, {"type": "'VIDEO'"}),
    "ck_artifacts_language": change("artifacts", {"language": "'en'"}, {"language": "'fr'"}),
    "ck_artifacts_name": change("artifacts", {"name": "'y'"}, {"name": "''"}),
    "ck_artifacts_version": change("artifacts", {"version": "2"}, {"version": "0"}),
    "ck_artifacts_metadata": change("artifacts", {"metadata": "'{}'"}, {"metadata": "'[]'"}),
    "ck_artifacts_tags": change("artifacts", {"tags": "'[\"x\"]'"}, {"tags": "'\"x\"'"}),
    "ck_artifacts_blob": change(
        "artifacts", {"blob_url": "'u'", "blob_size": "0"}, {"blob_url": "'u'"}, {"blob_url": "'u'", "blob_size": "-1"}
    ),
    "ck_artifacts_share_token": change(
        "artifacts", {"share_token": "repeat('a', 64)"}, {"share_token": "'the-token-itself'"}
    ),
    "ck_artifacts_share_ends": change(
        "artifacts", {"share_token": "NULL", "share_expires_at": "NULL"}, {"share_expires_at": "NULL"}
    ),
    "ck_artifacts_share_expires_at": change(
        "artifacts", {"share_expires_at": TOMORROW}, {"share_expires_at": "created_at"}
    ),
    "fk_artifacts_parent_version": Rule(NEXT.format("version + 1"), NEXT.format("version + 2")),
    "pk_artifact_share_lookup": Rule(
        SHARE.format("repeat('b', 64)"),
        SHARE.format("(SELECT share_token FROM artifacts WHERE user_id = %(other)s)"),
    ),
    "uq_artifact_share_lookup_user_id_artifact_id": Rule(
        SHARE.format("repeat('b', 64)"),
        "INSERT INTO artifact_share_lookup VALUES (repeat('b', 64), %(person)s, %(id)s)",
    ),
}
