from datetime import UTC, date, datetime

import polars as pl

from cauce.database import Database, Role
from cauce.lifecycle.archive import archive_month
from cauce.lifecycle.archive_reading import query, scan_archive, scan_usage
from tests.cauce.lifecycle.usage import OLD, add_usage, people

MARCH = date(2024, 3, 1)


def test_a_month_moves_whole_and_stays_queryable(db: Database) -> None:
    ana, luis = people(db)
    with db.transaction(Role.OWNER) as conn:
        for person in (ana, luis):
            add_usage(conn, person, OLD)
            add_usage(conn, person, datetime.now(UTC))
    before = scan_usage(db).collect().sort("id")
    assert archive_month(db, MARCH) == 24
    after = scan_usage(db).collect().sort("id")
    assert before.equals(after)
    assert scan_archive(db).select(pl.len()).collect().item() == 24
    assert query(db, "SELECT sum(total_tokens) AS t FROM usage_logs")["t"].to_list() == [
        2 * sum(10 + 2 * n for n in range(12))
    ]
