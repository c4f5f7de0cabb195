"""What the counters cost somebody who writes usage one row at a time: transactions a second, with and without them.

    python -m benchmarks.row_insert --seconds 8 --rounds 3

A transaction is one INSERT into `usage_logs`, prepared, committed durably, by the server's own `pgbench`. Without the
counters' triggers it is the same INSERT into the same table with the same constraints and indexes. The two take turns
on one server, and each round's two rates make one ratio; the median of the ratios is what counts. Many people: one
client, each row is of another of 500 people, about fifty of each, the first of which begins their month; at most 1.5
times the cost. One person: 8 clients write rows of the same person and month at once; at least 0.6 of the rate.
Where the medians of the rates say something else than the median of the ratios, the machine had other work: no result.
"""

import argparse
import re
import statistics
import subprocess
import tempfile
from dataclasses import dataclass

from psycopg import sql

from benchmarks.usage_events import PEOPLE
from benchmarks.usage_load import scratch_database, superuser
from cauce.database import Database, Role
from cauce.database.server import server_binaries

AGREEMENT = 0.1
"""How far the ratio of the medians may lie from the median of the ratios."""
COUNTERS = ("count_inserted", "count_updated", "count_deleted")
INSERT = """
\\set person random(1, {people})
\\set agent random(1, 6)
\\set tokens random(1, 9000)
INSERT INTO usage_logs (user_id, agent_id, source, event_id, model, tokens_input, tokens_output, total_tokens,
  total_cost, local_date)
VALUES (('00000000-0000-7000-8000-' || lpad(:person, 12, '0'))::uuid,
  ('00000000-0000-7000-8000-' || lpad(:agent, 12, '0'))::uuid,
  'bench', 'event', 'model', :tokens, 100, :tokens + 100, 0.000525, current_date);
"""
PREPARE = [
    "DELETE FROM users",
    """
    INSERT INTO users (id, email)
    SELECT ('00000000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, n || '@example.com'
    FROM generate_series(1, {people}) AS n
    """,
    """
    INSERT INTO agents (id, name, slug)
    SELECT ('00000000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, n, n FROM generate_series(1, 6) AS n
    """,
]


@dataclass(frozen=True, slots=True)
class Case:
    """Who writes: so many clients, rows of so many people, and what ratio of rates is asked for."""

    name: str
    clients: int
    people: int
    at_least: float


CASES = (Case("500 people, 1 client", 1, PEOPLE, 1 / 1.5), Case("1 person, 8 clients", 8, 1, 0.6))


def rate(database: Database, case: Case, seconds: int, *, counted: bool) -> float:
    """Transactions a second of single inserts into an empty table."""
    with superuser(database) as conn:
        conn.execute("TRUNCATE usage_logs, monthly_usage, usage_slots")
        conn.execute("VACUUM ANALYZE users")
        for trigger in COUNTERS:
            verb = sql.SQL("ENABLE" if counted else "DISABLE")
            conn.execute(sql.SQL("ALTER TABLE usage_logs {} TRIGGER {}").format(verb, sql.Identifier(trigger)))
        conn.execute("CHECKPOINT")
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as script:
        script.write(INSERT.format(people=case.people))
        script.flush()
        options = f"--no-vacuum --protocol=prepared --client={case.clients} --jobs=2 --time={seconds}".split()
        said = subprocess.run(
            [server_binaries() / "pgbench", *options, f"--file={script.name}", database.url(Role.OWNER)],
            check=True,
            capture_output=True,
            text=True,
        ).stdout
    found = re.search(r"tps = ([\d.]+)", said)
    assert found, said
    return float(found[1])


@dataclass(frozen=True, slots=True)
class Result:
    """Rates without and with the counters, in transactions a second, a pair for each round."""

    pairs: list[tuple[float, float]]

    @property
    def medians(self) -> tuple[float, float]:
        """Of the rates without, and of those with the counters."""
        bare, counted = zip(*self.pairs, strict=True)
        return statistics.median(bare), statistics.median(counted)

    @property
    def ratio(self) -> float:
        """The median of the rounds' ratios."""
        return statistics.median(counted / bare for bare, counted in self.pairs)

    @property
    def is_quiet(self) -> bool:
        """Whether rates and ratios say the same: each round's pair was measured on the same machine."""
        bare, counted = self.medians
        return abs(counted / bare / self.ratio - 1) <= AGREEMENT


def main() -> None:
    """Measure and print a small table; says no by its exit when a bound is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    missed, disturbed = [], []
    with scratch_database() as database:
        with database.transaction(Role.OWNER) as conn:
            for statement in PREPARE:
                conn.execute(statement.format(people=PEOPLE).encode())
        print(f"{'':24}{'without':>10}{'with':>10}{'ratio':>8}{'cost':>8}{'bound':>8}")
        for case in CASES:
            result = Result(
                [
                    (
                        rate(database, case, options.seconds, counted=False),
                        rate(database, case, options.seconds, counted=True),
                    )
                    for _ in range(options.rounds)
                ]
            )
            (bare, counted), ratio = result.medians, result.ratio
            print(f"{case.name:24}{bare:10,.0f}{counted:10,.0f}{ratio:8.2f}{1 / ratio:8.2f}{case.at_least:8.2f}")
            if not result.is_quiet:
                rounds = ", ".join(f"{after / before:.2f}" for before, after in result.pairs)
                print(f"{'':24}the medians say {counted / bare:.2f}, the rounds {rounds}")
                disturbed.append(case.name)
            elif ratio < case.at_least:
                missed.append(case.name)
    if disturbed:
        raise SystemExit(f"the machine was not quiet, measure again: {', '.join(disturbed)}")
    if missed:
        raise SystemExit(f"too slow with the counters: {', '.join(missed)}")


if __name__ == "__main__":
    main()
