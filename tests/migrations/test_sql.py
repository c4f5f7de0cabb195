"""Squawk on the SQL of every revision, as Alembic emits it without a database."""

import subprocess
import sysconfig
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory

from cauce.database.migrations import emitted_sql, migration_config

SQUAWK = Path(sysconfig.get_path("scripts")) / "squawk"
RULES = Path(__file__).with_name("squawk.toml")
REVISIONS = list(ScriptDirectory.from_config(migration_config()).walk_revisions())[::-1]


def lint(*files: Path) -> subprocess.CompletedProcess[str]:
    program: list[str | Path] = [SQUAWK, "--config", RULES, "--reporter", "gcc", *files]
    return subprocess.run(program, capture_output=True, text=True, check=False)


def test_the_sql_of_every_revision_is_safe_to_run_on_tables_in_use(tmp_path: Path) -> None:
    files = [tmp_path / f"{revision.revision}.sql" for revision in REVISIONS]
    for revision, file in zip(REVISIONS, files, strict=True):
        file.write_text(emitted_sql(revision))
    found = lint(*files)
    assert found.returncode == 0, found.stdout + found.stderr


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE INDEX ix ON users (role);",
        "ALTER TABLE users ADD COLUMN x text NOT NULL;",
        "ALTER TABLE users ADD COLUMN x uuid DEFAULT gen_random_uuid();",
        "ALTER TABLE users ALTER COLUMN bio SET NOT NULL;",
        "ALTER TABLE users ALTER COLUMN bio TYPE varchar(10);",
        "ALTER TABLE users ADD CONSTRAINT c CHECK (bio <> '');",
        "ALTER TABLE users ADD CONSTRAINT c UNIQUE (bio);",
        "ALTER TABLE agents ADD CONSTRAINT c FOREIGN KEY (created_by) REFERENCES users (id);",
        "ALTER TABLE users DROP COLUMN bio;",
        "ALTER TABLE users RENAME COLUMN bio TO about;",
        "BEGIN; ALTER TABLE users ADD CONSTRAINT c CHECK (bio <> '') NOT VALID; ALTER TABLE users VALIDATE CONSTRAINT c; COMMIT;",
    ],
)
def test_a_statement_that_shuts_a_table_in_use_is_found(tmp_path: Path, statement: str) -> None:
    file = tmp_path / "bad.sql"
    file.write_text(f"SET lock_timeout = '200ms'; SET statement_timeout = '10min'; {statement}")
    found = lint(file)
    assert found.returncode == 1, found.stdout + found.stderr
