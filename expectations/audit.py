"""Audit a built candidate with Great Expectations, and write the result into its passport."""

import logging
import os
import time
import warnings
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from cauce.database import Database, Role, locks
from cauce.errors import FatalError
from expectations.candidate import CANDIDATE, MARTS, Audit, Candidate, read_candidate, write_candidate
from expectations.publications import record_failure


@dataclass(frozen=True, slots=True)
class Failure:
    """An expectation that does not hold: of which mart and column, and how many rows break it. No value of a row."""

    suite: str
    expectation: str
    mart: str
    column: str | None
    observed: str

    def __str__(self) -> str:
        """One line a person can act on."""
        place = f"{self.mart}.{self.column}" if self.column else self.mart
        return f"{self.suite}: {place}: {self.expectation}: {self.observed}"


@dataclass(frozen=True, slots=True)
class AuditReport:
    """What an audit found. `warnings` do not stop a publication. `candidate` is None when nothing was left to audit."""

    candidate: str | None
    passed: int
    failed: int
    failures: list[Failure]
    warnings: list[Failure]
    seconds: float


def check(database: Database) -> AuditReport:
    """Check every expectation on the candidate; when one fails, a failed publication is recorded, too.

    With no candidate but published marts there is nothing to audit, and nothing fails. Raises `FatalError` when
    nothing was ever built.
    """
    began = time.monotonic()
    with database.lock(locks.MARTS):
        with database.transaction(Role.TRANSFORM) as conn:
            candidate, published = read_candidate(conn), read_candidate(conn, MARTS)
        if candidate is None:
            if published is None:
                raise FatalError("there is no candidate to check", action="run `cauce build` first")
            return AuditReport(None, 0, 0, [], [], time.monotonic() - began)
        results = _validate(database, candidate)
        broken = [(failure, critical) for failure, critical in results if failure]
        failures = [failure for failure, critical in broken if failure and critical]
        warned = [failure for failure, critical in broken if failure and not critical]
        passed = len(results) - len(broken)
        audit = Audit(passed, len(failures), len(warned), [asdict(failure) for failure in failures])
        with database.transaction(Role.TRANSFORM) as conn:
            write_candidate(conn, candidate.audited(audit))
            if failures:
                record_failure(conn, candidate.audited(audit))
        return AuditReport(candidate.id, passed, len(failures), failures, warned, time.monotonic() - began)


def _validate(database: Database, candidate: Candidate) -> list[tuple[Failure | None, bool]]:
    """Each expectation's failure, or None where it holds, and whether it would be critical."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the library's own, which nobody here can act on
        import great_expectations as gx

        # It prints tracebacks of what it also raises, and (by a logger of its own level) each temporary folder.
        for name in ("great_expectations", "great_expectations.data_context.types.base"):
            logging.getLogger(name).setLevel(logging.CRITICAL)

        from expectations.suites import billing, finance, health, usage

        suites = {"usage": usage, "billing": billing, "finance": finance, "health": health}
        context = gx.get_context(mode="ephemeral")
        context.variables.progress_bars = {"globally": False}  # type: ignore[assignment]
        source = context.data_sources.add_sql(
            name="candidate", connection_string=database.url(Role.TRANSFORM, driver="psycopg")
        )
        results: list[tuple[Failure | None, bool]] = []
        try:
            for domain, module in suites.items():
                for mart, rules in module.suite(candidate.as_of).items():
                    asset = source.add_table_asset(name=mart, table_name=mart, schema_name=CANDIDATE)
                    batch = asset.add_batch_definition_whole_table("all").get_batch()
                    found = batch.validate(
                        gx.ExpectationSuite(name=mart, expectations=rules),
                        result_format={"result_format": "BASIC", "partial_unexpected_count": 0},
                    )
                    results += [_result(domain, mart, result.to_json_dict()) for result in found.results]
        finally:
            source.get_execution_engine().close()
            source.get_engine().dispose()
    return results


def _result(suite: str, mart: str, result: Mapping[str, Any]) -> tuple[Failure | None, bool]:
    config = result["expectation_config"]
    critical = config.get("severity", "critical") == "critical"
    if result["success"]:
        return None, critical
    kwargs = config["kwargs"]
    column = kwargs.get("column") or ", ".join(kwargs.get("column_list", ())) or config["meta"].get("column")
    return Failure(suite, config["meta"]["name"], mart, column, _observed(result["result"])), critical


def _observed(result: Mapping[str, Any]) -> str:
    """How many rows break it: a count is all that is told of them."""
    count = result.get("unexpected_count", result.get("observed_value"))
    if not isinstance(count, int):
        return "could not be checked"
    return "1 row" if count == 1 else f"{count} rows"
