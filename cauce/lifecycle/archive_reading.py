"""Reading archived calls, alone or together with those still in the table."""

from pathlib import Path

import polars as pl
from psycopg import sql

from cauce.database import Database, Role
from cauce.errors import FatalError
from cauce.lifecycle import rows
from cauce.lifecycle.archive import TABLE, archives, folder
from cauce.lifecycle.parquet import PART

_READABLE = """
SELECT attname FROM pg_attribute
WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped AND has_column_privilege(attrelid, attnum, 'SELECT')
ORDER BY attnum
"""


def scan_archive(database: Database) -> pl.LazyFrame:
    """The archived rows of `usage_logs`, in the columns the table has today."""
    with database.transaction(Role.OWNER) as conn:
        columns = rows.columns_of(conn, TABLE)
        files = [_path(database, archive.file) for archive in archives(conn)]
    schema = {column.name: column.dtype for column in columns}
    if not files:
        return pl.LazyFrame(schema=schema)
    return pl.scan_parquet(files, schema=schema, missing_columns="insert", extra_columns="ignore", glob=False)


def scan_usage(database: Database) -> pl.LazyFrame:
    """Every row of `usage_logs`, archived or not, each once."""
    # One snapshot: a month that is archived meanwhile is in the manifest or in the table, never in both.
    with database.connect(Role.OWNER) as conn:
        conn.execute("LOCK TABLE usage_archives IN SHARE MODE")
        columns = rows.columns_of(conn, TABLE)
        live = list(rows.chunks(conn, columns, TABLE, sql.SQL("true")))
        archived = scan_archive(database)
    return pl.concat([archived, *(frame.lazy() for frame in live)])


def query(database: Database, statement: str, *, live: bool = False) -> pl.DataFrame:
    """Answer an SQL query over archived rows of `usage_logs`, with `live` over all, in the columns admins may read."""
    with database.transaction(Role.ADMIN) as conn:
        readable = [name for (name,) in conn.execute(_READABLE, (TABLE,)).fetchall()]
    frame = (scan_usage(database) if live else scan_archive(database)).select(readable)
    try:
        return pl.SQLContext({TABLE: frame}).execute(statement).collect()
    except pl.exceptions.PolarsError as error:
        raise FatalError(
            f"the query cannot be answered: {str(error).splitlines()[0]}",
            action="ask for columns of usage_logs that admins may read, such as `SELECT count(*) FROM usage_logs`",
        ) from error


def _path(database: Database, file: str) -> Path:
    for path in (folder(database) / file, folder(database) / (file + PART)):
        if path.exists():
            return path
    raise FatalError(
        "an archive of usage is missing", where=file, action=f"bring it back to {folder(database).name} from a backup"
    )
