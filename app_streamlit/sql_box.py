"""Running an analyst's own SQL: the database refuses what the role may not do; here it is only read and cut."""

from dataclasses import dataclass
from itertools import islice
from time import monotonic
from typing import Final

import polars as pl
import psycopg
from psycopg.rows import TupleRow

from app_streamlit import provider
from app_streamlit.page import Page
from app_streamlit.queries import to_frame

MOST_ROWS: Final = 10_000
SECONDS: Final = 30


@dataclass(frozen=True, slots=True)
class Answer:
    """Rows of a query, `cut` when there were more, and how long it took."""

    frame: pl.DataFrame
    cut: bool
    seconds: float


@dataclass(frozen=True, slots=True)
class Refused:
    """Why there is no answer: a kind the texts explain, and PostgreSQL's own message with the place."""

    kind: str
    message: str


def run(page: Page, sql: str) -> Answer | Refused:
    """Run one statement as the analyst, for at most 30 s, and keep at most 10,000 rows."""
    statement = sql.strip().rstrip(";").strip()
    if not statement:
        return Refused("empty", "")
    began = monotonic()
    try:
        # A connection of its own, closed afterwards: whatever the statement sets or locks ends with it.
        with provider.database().connect(page.role) as conn:
            conn.execute("SELECT set_config('cauce.session_token', %s, true)", (page.token,))
            conn.execute("SET TRANSACTION READ ONLY")
            conn.execute(f"SET LOCAL statement_timeout = '{SECONDS}s'")
            frame, cut = _read(conn, statement.encode())
            conn.rollback()
    except psycopg.Error as error:
        return Refused(_kind(error), _message(error, statement))
    return Answer(frame, cut, monotonic() - began)


def _read(conn: psycopg.Connection[TupleRow], statement: bytes) -> tuple[pl.DataFrame, bool]:
    """The first rows of the answer, and whether there were more."""
    with conn.cursor() as cursor:
        # stream() speaks the extended protocol, in which the server takes one statement only.
        rows = list(islice(cursor.stream(statement), MOST_ROWS + 1))
        if rows:
            return to_frame(cursor, rows[:MOST_ROWS]), len(rows) > MOST_ROWS
        # Of an answer without rows stream() does not tell the columns.
        cursor.execute(statement, prepare=True)
        return to_frame(cursor, []), False


def _kind(error: psycopg.Error) -> str:
    match error:
        case psycopg.errors.QueryCanceled():
            return "timeout"
        case psycopg.errors.InsufficientPrivilege() | psycopg.errors.ReadOnlySqlTransaction():
            return "forbidden"
        case psycopg.errors.UndefinedTable() | psycopg.errors.UndefinedColumn() | psycopg.errors.InvalidSchemaName():
            return "unknown_name"
        case psycopg.errors.SyntaxError():
            return "syntax"
        case psycopg.ProgrammingError() if error.sqlstate is None:
            return "no_rows"
        case _:
            return "other"


def _message(error: psycopg.Error, statement: str) -> str:
    """PostgreSQL's message and hint, and the line it points at."""
    said = [error.diag.message_primary or str(error).strip().partition("\n")[0]]
    said += [hint for hint in (error.diag.message_detail, error.diag.message_hint) if hint]
    if error.diag.statement_position:
        before = statement[: int(error.diag.statement_position) - 1]
        line, column = before.count("\n"), len(before) - (before.rfind("\n") + 1)
        said += ["", statement.split("\n")[line], " " * column + "^"]
    return "\n".join(said)
