"""The rules of storage."""

from tests.migrations.rules import Rule, change

EARLIER = "created_at - interval '1 second'"
LATER = "created_at + interval '1 hour'"
FOLDER = "INSERT INTO storage_folders (user_id, id, name, parent_id) VALUES (%(person)s, {}, {}, {})"
FILE = (
    "INSERT INTO storage_files (user_id, filename, original_name, storage_path, mime_type, size, checksum)"
    " SELECT %(person)s, 'y', 'y', 'y', 'text/plain', {}, repeat('0', 64) FROM generate_series(1, {})"
)
"""Files of so many bytes, so many: the free plan has 100 files of 10 MiB at most, and 100 MiB."""
WRONG_NAMES = ("'docs/salud'", "''", "'.'", "'..'")
HASH = "'$scrypt$' || repeat('x', 60)"
LOG = "INSERT INTO file_access_logs (user_id, file_id, action) VALUES (%(person)s, {}, 'DOWNLOAD')"
SHARE = "UPDATE file_shares SET share_token = {} WHERE user_id = %(person)s"


def file(good: dict[str, str], *bad: dict[str, str]) -> Rule:
    return change("storage_files", good, *bad)


def share(good: dict[str, str], *bad: dict[str, str]) -> Rule:
    return change("file_shares", good, *bad)


RULES: dict[str, Rule] = {
    "ck_storage_folders_name": change(
        "storage_folders", {"name": "'salud'"}, *({"name": name} for name in WRONG_NAMES)
    ),
    "uq_storage_folders_path": Rule(
        FOLDER.format("uuidv7()", "'x'", "%(id)s"), FOLDER.format("uuidv7()", "'x'", "NULL")
    ),
    "storage_folders_tree": change("storage_folders", {"parent_id": "NULL"}, {"parent_id": "id"}),
    "ck_storage_files_storage_provider": file({"storage_provider": "'LOCAL'"}, {"storage_provider": "'FTP'"}),
    "ck_storage_files_access_level": file({"access_level": "'SHARED'"}, {"access_level": "'OPEN'"}),
    "ck_storage_files_usage_context": file({"usage_context": "'HEALTH'"}, {"usage_context": "'MUSIC'"}),
    "ck_storage_files_filename": file({"filename": "'y'"}, *({"filename": name} for name in WRONG_NAMES)),
    "ck_storage_files_size": file({"size": "0"}, {"size": "-1"}),
    "ck_storage_files_checksum": file({"checksum": "repeat('f', 64)"}, {"checksum": "repeat('g', 64)"}),
    "ck_storage_files_encryption_key_id": file(
        {"encrypted": "true", "encryption_key_id": "'1'"}, {"encrypted": "true"}
    ),
    "ck_storage_files_virus_scan": file(
        {"virus_scan_status": "'CLEAN'", "virus_scan_date": "now()"}, {"virus_scan_date": "now()"}
    ),
    "ck_storage_files_temporary": file({"usage_context": "'TEMP'", "expires_at": LATER}, {"usage_context": "'TEMP'"}),
    "ck_storage_files_expires_at": file({"expires_at": LATER}, {"expires_at": EARLIER}),
    "storage_quotas_max_file_size": Rule(FILE.format("10485760", "1"), FILE.format("10485761", "1")),
    "storage_quotas_max_files": Rule(FILE.format("0", "99"), FILE.format("0", "100")),
    "storage_quotas_max_storage": Rule(FILE.format("10485760", "9"), FILE.format("10485760", "10")),
    "ck_storage_quotas_subscription_tier": change(
        "storage_quotas", {"subscription_tier": "'PRO'"}, {"subscription_tier": "'GOLD'"}
    ),
    "ck_storage_quotas_limits": change(
        "storage_quotas",
        {"max_files": "0"},
        *({limit: "-1"} for limit in ("max_files", "max_storage", "max_file_size")),
    ),
    "ck_storage_quotas_counts": change(
        "storage_quotas", {"file_count": "0"}, {"file_count": "-1"}, {"used_storage": "-1"}
    ),
    "uq_storage_quotas_user_id": Rule(
        "UPDATE storage_quotas SET max_files = 5 WHERE user_id = %(person)s",
        "INSERT INTO storage_quotas (user_id, max_storage, max_file_size, max_files) VALUES (%(person)s, 1, 1, 1)",
    ),
    "ck_file_access_logs_action": change("file_access_logs", {"action": "'UPLOAD'"}, {"action": "'PRINT'"}),
    "file_access_logs_file": Rule(LOG.format("%(id)s"), LOG.format("%(other)s")),
    "ck_file_shares_share_type": share({"share_type": "'EMAIL'"}, {"share_type": "'FAX'"}),
    "ck_file_shares_share_token": share({"share_token": "repeat('a', 64)"}, {"share_token": "'the-token-itself'"}),
    "ck_file_shares_password": share({"password": HASH}, {"password": "'secreto'"}),
    "ck_file_shares_max_downloads": share({"max_downloads": "1"}, {"max_downloads": "0"}),
    "ck_file_shares_downloads": share(
        {"max_downloads": "2", "download_count": "2"},
        {"max_downloads": "2", "download_count": "3"},
        {"download_count": "-1"},
    ),
    "ck_file_shares_download_count": share(
        {"allow_download": "false"}, {"allow_download": "false", "download_count": "1"}
    ),
    "ck_file_shares_allowed": share({"allow_download": "false"}, {"allow_download": "false", "allow_view": "false"}),
    "ck_file_shares_expires_at": share({"expires_at": LATER}, {"expires_at": EARLIER}),
    "ck_file_shares_revoked_at": share({"revoked_at": LATER}, {"revoked_at": EARLIER}),
    "ck_file_shares_last_accessed": share(
        {"expires_at": LATER, "last_accessed": LATER},
        {"expires_at": LATER, "last_accessed": "created_at + interval '2 hours'"},
        {"last_accessed": EARLIER},
    ),
    "pk_file_share_lookup": Rule(
        SHARE.format("repeat('b', 64)"),
        SHARE.format("(SELECT share_token FROM file_shares WHERE user_id = %(other)s)"),
    ),
    "uq_file_share_lookup_user_id_share_id": Rule(
        SHARE.format("repeat('b', 64)"),
        "INSERT INTO file_share_lookup VALUES (repeat('b', 64), %(person)s, %(id)s)",
    ),
}
