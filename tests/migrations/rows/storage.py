"""A person's rows of storage, in an order in which they can be written. The first file makes the quota."""

STATEMENTS: dict[str, str] = {
    "storage_folders": "INSERT INTO storage_folders (user_id, id, name) VALUES (%(person)s, %(id)s, 'x')",
    "storage_files": (
        "INSERT INTO storage_files (user_id, id, filename, original_name, storage_path, mime_type, size, checksum, folder_id)"
        " VALUES (%(person)s, %(id)s, 'x.txt', 'x.txt', 'x', 'text/plain', 1, repeat('0', 64), %(id)s)"
    ),
    "file_access_logs": (
        "INSERT INTO file_access_logs (user_id, id, file_id, accessed_by, action)"
        " VALUES (%(person)s, %(id)s, %(id)s, %(person)s, 'VIEW')"
    ),
    "file_shares": (
        "INSERT INTO file_shares (user_id, id, file_id, shared_by, share_token)"
        " VALUES (%(person)s, %(id)s, %(id)s, %(person)s, encode(sha256(%(id)s::text::bytea), 'hex'))"
    ),
}
