"""One run of dbt in this process."""

import os
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.conninfo import conninfo_to_dict

from cauce.database import Database, Role
from cauce.errors import FatalError
from cauce.progress import Progress
from expectations.fingerprint import DBT_PROJECT

NO_TELEMETRY = {
    "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    "DO_NOT_TRACK": "1",
    "DBT_VERSION_CHECK": "false",
    "DBT_USE_COLORS": "false",
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """How many models were built and tests of theirs passed."""

    models: int
    tests: int


def run_dbt(
    database: Database,
    command: list[str],
    *,
    as_of: datetime | None = None,
    snapshot: str | None = None,
    on_progress: Progress | None = None,
) -> Outcome:
    """Run a dbt command (`["build"]`) as `cauce_transform` on this database.

    Models read operational tables as of the exported `snapshot`, and speak of the instant `as_of`. Parsed models are
    kept under the home folder, one set per database, so that the next run need not parse them.
    Raises `FatalError` naming the first model or test that failed.
    """
    home = database.settings.home / "dbt" / database.address.name
    home.mkdir(parents=True, exist_ok=True)
    places = ["--project-dir", str(DBT_PROJECT), "--profiles-dir", str(DBT_PROJECT)]
    places += ["--target-path", str(home / "target"), "--log-path", str(home / "logs")]
    quiet = ["--quiet", "--no-print", "--log-level", "none", "--log-level-file", "info", "--no-write-json"]
    environment = _connection(database) | NO_TELEMETRY
    environment |= {"CAUCE_AS_OF": as_of.isoformat() if as_of else "", "CAUCE_SNAPSHOT": snapshot or ""}
    with _environment(environment), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # dbt's and its libraries' own, which nobody here can act on
        from dbt.cli.main import dbtRunner

        runner = dbtRunner(callbacks=[_reporter(on_progress)] if on_progress else [])
        result = runner.invoke([*quiet, *command, *places])
    nodes = list(getattr(result.result, "results", None) or [])
    failed = next((node for node in nodes if node.status in ("error", "fail", "runtime error")), None)
    if failed is not None:
        raise FatalError(
            f"{failed.node.resource_type} {failed.node.name} failed: {_reason(failed.message)}",
            where=f"dbt_project/{failed.node.original_file_path}",
            action="the published marts stay as they are; correct the data or the model, then run `cauce build`",
        )
    if not result.success:
        reason = _reason(str(result.exception or "dbt ended without a result"))
        raise FatalError(
            f"the marts could not be built: {reason}", where="dbt_project", action="run `cauce doctor`, then try again"
        )
    kinds = [str(node.node.resource_type) for node in nodes]
    return Outcome(models=kinds.count("model"), tests=len(kinds) - kinds.count("model"))


def _connection(database: Database) -> dict[str, str]:
    parts = conninfo_to_dict(database.url(Role.TRANSFORM))
    return {
        "CAUCE_DBT_HOST": str(parts["host"]),
        "CAUCE_DBT_PORT": str(parts["port"]),
        "CAUCE_DBT_USER": str(parts["user"]),
        "CAUCE_DBT_DATABASE": str(parts["dbname"]),
        "CAUCE_DBT_SSLMODE": str(parts.get("sslmode", "prefer")),
        "DBT_ENV_SECRET_CAUCE_PASSWORD": str(parts.get("password", "")),
    }


@contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    """Set variables for a while: dbt reads its connection and flags from nowhere else."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _reporter(on_progress: Progress) -> Callable[[Any], None]:
    def report(event: Any) -> None:  # noqa: ANN401 — dbt's events have no common type
        if event.info.name == "LogStartLine":
            on_progress(f"{event.data.index}/{event.data.total} {event.data.description}")

    return report


HEADINGS = ("Database Error", "Parsing Error", "Compilation Error", "Runtime Error", "compiled", "DETAIL", "CONTEXT")


def _reason(message: str | None) -> str:
    """The line that says what is wrong, without the detail in which PostgreSQL quotes values of a row."""
    lines = [line.strip() for line in (message or "").splitlines() if line.strip()]
    telling = [line for line in lines if not line.startswith(HEADINGS)]
    return (telling or lines or ["no reason given"])[0]
