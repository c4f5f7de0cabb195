"""Counters equal a recount, whatever happened and however many wrote at once."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from pathlib import Path
from threading import Barrier
from uuid import UUID

import psycopg
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from psycopg import sql

from cauce.database import Database, Role, locks
from cauce.security.people import person as signed_in
from cauce.security.people import save_settings
from cauce.security.sign_in import revoke
from tests.conftest import drop_database, make_person_in, sign_in_to

MONTHLY = (
    "SELECT user_id, year, month, total_messages, total_tokens, total_cost, unknown_cost_events, agent_usage, limit_messages,"
    " limit_tokens, exceeded_limit FROM monthly_usage WHERE total_messages > 0 ORDER BY 1, 2, 3"
)
# From the events alone, and the plans: people have theirs now in this month, and had their first, FREE, in those before.
RECOUNT = """
WITH by_agent AS (
  SELECT user_id, date_trunc('month', local_date)::date AS month, agent_id, count(*) AS n, sum(total_tokens) AS tokens,
    coalesce(sum(total_cost), 0) AS cost, count(*) FILTER (WHERE total_cost IS NULL) AS unknown
  FROM usage_logs GROUP BY 1, 2, 3
),
by_month AS (
  SELECT user_id, month, sum(n) AS n, sum(tokens) AS tokens, sum(cost) AS cost, sum(unknown) AS unknown,
    jsonb_object_agg(agent_id, jsonb_build_object('messages', n, 'tokens', tokens, 'cost', cost)) AS agents
  FROM by_agent GROUP BY 1, 2
),
limited AS (
  SELECT m.*,
    CASE WHEN now.custom_limits ? 'messages' THEN (now.custom_limits ->> 'messages')::bigint ELSE p.included_messages END AS may_messages,
    CASE WHEN now.custom_limits ? 'tokens' THEN (now.custom_limits ->> 'tokens')::bigint ELSE p.included_tokens END AS may_tokens
  FROM by_month m
  LEFT JOIN users now ON now.id = m.user_id AND m.month = date_trunc('month', now() AT TIME ZONE now.timezone)
  JOIN plan_limits p ON p.plan_code = coalesce(now.subscription_tier, 'FREE')
)
SELECT user_id, extract(year FROM month)::int, extract(month FROM month)::int, n::bigint, tokens::bigint, cost, unknown::bigint, agents,
  may_messages, may_tokens, coalesce(n >= may_messages, false) OR coalesce(tokens >= may_tokens AND tokens > 0, false)
FROM limited ORDER BY 1, 2, 3
"""
OPEN_ALERTS = (
    "SELECT user_id, year, month, metric, threshold FROM usage_alerts WHERE resolved_at IS NULL ORDER BY 1, 2, 3, 4, 5"
)
REACHED = """
SELECT user_id, year, month, metric, threshold
FROM monthly_usage m JOIN users u ON u.id = m.user_id,
  LATERAL (VALUES ('messages', total_messages, limit_messages), ('tokens', total_tokens, limit_tokens)) AS v (metric, used, allowed),
  (VALUES (80), (90), (100)) AS t (threshold)
WHERE used > 0 AND used * 100 >= allowed * threshold
  AND (%(all)s OR (year, month) = (SELECT extract(year FROM now() AT TIME ZONE u.timezone), extract(month FROM now() AT TIME ZONE u.timezone)))
ORDER BY 1, 2, 3, 4, 5
"""
TOTALS = "SELECT user_id, total_messages, total_tokens_used FROM user_totals WHERE total_messages > 0 ORDER BY 1"
TOTALS_RECOUNT = "SELECT user_id, count(*), sum(total_tokens) FROM usage_logs GROUP BY 1 ORDER BY 1"
AGENTS = "SELECT agent_id, people, total_messages, total_tokens, total_cost FROM agent_totals ORDER BY 1"
AGENTS_RECOUNT = (
    "SELECT agent_id, count(DISTINCT user_id), count(*), sum(total_tokens), coalesce(sum(total_cost), 0) FROM usage_logs"
    " GROUP BY 1 ORDER BY 1"
)
INSERT = (
    "INSERT INTO usage_logs (user_id, agent_id, timestamp, source, event_id, model, tokens_input, tokens_output, total_tokens,"
    " total_cost) SELECT p, (SELECT id FROM agents WHERE slug = CASE i %% 2 WHEN 0 THEN 'a' ELSE 'b' END), t, 's', 'e', 'm', i, 1,"
    " i + 1, c"
    " FROM unnest(%s::uuid[], %s::timestamptz[], %s::bigint[], %s::numeric[]) AS x (p, t, i, c)"
)

INSTANTS = [
    "2025-01-01T05:59:59Z",
    "2025-01-01T06:00:00Z",
    "2025-01-31T12:00:00Z",
    "2025-03-01T00:30:00Z",
    datetime.now(UTC).isoformat(),
]
LIMITS = [
    None,
    '{"messages": 4}',
    '{"tokens": 10000}',
    '{"messages": null, "tokens": 0}',
    '{"messages": 9, "tokens": 30000}',
]
rows = st.tuples(
    st.integers(0, 2),
    st.sampled_from(INSTANTS),
    st.integers(0, 10_000),
    st.one_of(st.none(), st.decimals(0, 5, places=12)),
)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("insert"), st.lists(rows, min_size=1, max_size=8)),
        st.tuples(st.just("delete"), st.integers(0, 3)),
        st.tuples(st.just("update"), st.integers(0, 10_000)),
        st.tuples(st.just("move"), st.sampled_from(INSTANTS)),
        st.tuples(st.just("limit"), st.sampled_from(LIMITS)),
        st.tuples(st.just("tier"), st.sampled_from(["FREE", "PRO", "CUSTOM"])),
        st.tuples(st.just("zone"), st.sampled_from(["America/Mexico_City", "Asia/Tokyo"])),
        st.tuples(st.just("plan"), st.integers(0, 6)),
    ),
    max_size=8,
)


def now() -> datetime:
    """Asked for anew each time: the month may end while tests run, and limits that change count for the one that began."""
    return datetime.now(UTC)


def prepare(db: Database) -> list[UUID]:
    people = [make_person_in(db, f"p{n}@example.com") for n in range(3)]
    with db.transaction(Role.OWNER) as conn:
        conn.execute("INSERT INTO agents (name, slug) VALUES ('A', 'a'), ('B', 'b') ON CONFLICT DO NOTHING")
        # From the first day on, so that all the months of the tests have these limits; and whatever they become, counters
        # follow.
        conn.execute("ALTER TABLE plan_limits DISABLE TRIGGER frozen_terms")
        conn.execute("UPDATE plan_limits SET valid_from = '2024-01-01'")
        conn.execute("SELECT ensure_month_partitions('2024-12-01', '2025-04-01')")
    return people


def assert_counted(conn: psycopg.Connection) -> None:
    assert conn.execute(MONTHLY).fetchall() == conn.execute(RECOUNT).fetchall()
    assert conn.execute(TOTALS).fetchall() == conn.execute(TOTALS_RECOUNT).fetchall()
    assert conn.execute(AGENTS).fetchall() == conn.execute(AGENTS_RECOUNT).fetchall()
    # What is reached now is open; what was reached once was raised, once.
    assert conn.execute(OPEN_ALERTS).fetchall() == conn.execute(REACHED, {"all": False}).fetchall()
    raised = conn.execute("SELECT user_id, year, month, metric, threshold FROM usage_alerts").fetchall()
    assert set(conn.execute(REACHED, {"all": True}).fetchall()) <= set(raised)
    assert len(raised) == len(set(raised))
    warned = conn.execute("SELECT sum(warnings_sent) FROM monthly_usage").fetchone()
    assert warned in ((len(raised),), (None,))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=steps)
def test_counters_equal_a_recount_after_any_history(shared_db: Database, steps: list[tuple[str, object]]) -> None:
    people = prepare(shared_db)
    with shared_db.connect(Role.OWNER) as conn:
        for kind, what in steps:
            if kind == "insert":
                assert isinstance(what, list)
                conn.execute(
                    INSERT,
                    ([people[r[0]] for r in what], [r[1] for r in what], [r[2] for r in what], [r[3] for r in what]),
                )
            elif kind == "delete":
                conn.execute(
                    "DELETE FROM usage_logs WHERE id IN (SELECT id FROM usage_logs ORDER BY id LIMIT %s)", (what,)
                )
            elif kind == "update":
                conn.execute(
                    "UPDATE usage_logs SET tokens_input = %(n)s, total_tokens = %(n)s + tokens_output, total_cost = NULL"
                    " WHERE tokens_input %% 2 = 0",
                    {"n": what},
                )
            elif kind == "limit":
                conn.execute("UPDATE users SET custom_limits = %s WHERE email < 'p2'", (what,))
            elif kind == "tier":
                conn.execute("UPDATE users SET subscription_tier = %s WHERE email > 'p1'", (what,))
            elif kind == "zone":
                conn.execute("UPDATE users SET timezone = %s WHERE email > 'p1'", (what,))
            elif kind == "plan":
                conn.execute("UPDATE plan_limits SET included_messages = %s WHERE plan_code = 'FREE'", (what,))
            else:
                conn.execute(
                    "UPDATE usage_logs SET timestamp = %(t)s, local_date = local_date(user_id, %(t)s)"
                    " WHERE tokens_input %% 3 = 0",
                    {"t": what},
                )
            assert_counted(conn)
        kept = conn.execute(MONTHLY).fetchall()
        conn.execute("SELECT recount_usage(%s)", (people,))
        assert conn.execute(MONTHLY).fetchall() == kept
        assert_counted(conn)
        conn.rollback()


# What one of eight writers does to events of its own, whose model has the writer's name.
BY = INSERT.replace("'m'", "%s")
OWN = {
    "delete": "DELETE FROM usage_logs WHERE model = %s AND tokens_input %% 3 = %s",
    "update": "UPDATE usage_logs SET total_cost = 2 WHERE model = %s AND tokens_input %% 3 = %s",
    "move": "UPDATE usage_logs SET timestamp = '2025-01-31', local_date = local_date(user_id, '2025-01-31')"
    " WHERE model = %s AND tokens_input %% 3 = %s",
}
Statement = tuple[str, object]
statements = st.lists(
    st.one_of(
        st.tuples(st.just("insert"), st.lists(rows, min_size=1, max_size=4)),
        st.tuples(st.just("insert"), st.lists(rows, min_size=1, max_size=1)),
        st.tuples(st.sampled_from(sorted(OWN)), st.integers(0, 2)),
    ),
    min_size=1,
    max_size=9,
)


@pytest.fixture(scope="module")
def crowded(
    new_database: Callable[[Path], Database], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Database, list[UUID]]]:
    """A database and its people. Deadlocks are looked for at once, so that they cost no second each."""
    db = new_database(tmp_path_factory.mktemp("crowded"))
    with psycopg.connect(db.address.superuser_url, autocommit=True) as conn:
        name = sql.Identifier(db.address.name)
        conn.execute(sql.SQL("ALTER DATABASE {} SET deadlock_timeout = '20ms'").format(name))
    yield db, prepare(db)
    drop_database(db)


@pytest.mark.parametrize("together", [1, 3], ids=["one statement a transaction", "three statements a transaction"])
# What fails in one order of threads is not made smaller by others.
@settings(max_examples=15, deadline=None, phases=[Phase.generate])
@given(
    workers=st.lists(statements, min_size=8, max_size=8),
    limits=st.lists(st.sampled_from(LIMITS), min_size=3, max_size=3),
)
def test_eight_writers_do_not_miscount_and_single_statements_do_not_deadlock(
    crowded: tuple[Database, list[UUID]], together: int, workers: list[list[Statement]], limits: list[str | None]
) -> None:
    db, people = crowded
    start = Barrier(len(workers))

    def transaction(conn: psycopg.Connection, worker: str, batch: list[Statement]) -> None:
        with conn.transaction():
            for kind, what in batch:
                if isinstance(what, list):
                    who, *columns = zip(*what, strict=True)
                    conn.execute(BY, (worker, [people[n] for n in who], *map(list, columns)))
                else:
                    conn.execute(OWN[kind].encode(), (worker, what))

    def write(number: int, todo: list[Statement]) -> None:
        pauses = () if together == 1 else [0.01 * (number + 1)] * 50
        with db.connect(Role.OWNER, autocommit=True) as conn:
            start.wait(30)
            for n in range(0, len(todo), together):
                batch = todo[n : n + together]
                locks.persistently(partial(transaction, conn, f"w{number}", batch), pauses)

    with db.transaction(Role.OWNER) as conn:
        for table in ("usage_logs", "usage_slots", "monthly_usage", "usage_alerts"):
            conn.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(table)))
        conn.cursor().executemany(
            "UPDATE users SET custom_limits = %s WHERE id = %s", list(zip(limits, people, strict=True))
        )
    with ThreadPoolExecutor(len(workers)) as pool:
        for future in [pool.submit(write, *todo) for todo in enumerate(workers)]:
            future.result()
    with db.transaction(Role.OWNER) as conn:
        # Who writes several takes in what is in slots, and raises what nobody saw coming.
        conn.execute(INSERT, (people * 2, [now()] * 6, [1] * 6, ["1"] * 6))
        assert_counted(conn)


@pytest.mark.parametrize(("events", "is_far", "refused"), [(1, False, 1), (2, True, 1), (1, True, 0)])
def test_of_two_who_write_for_two_people_in_opposite_order_one_goes_again(
    db: Database, events: int, is_far: bool, refused: int
) -> None:
    """Whose months have begun and whose limits are far, of single events none is even refused."""
    people = prepare(db)[:2]
    if is_far:
        with db.transaction(Role.OWNER) as conn:
            conn.execute(INSERT, (people, [now()] * 2, [1] * 2, ["1"] * 2))
    both_at_work = Barrier(2)
    refusals: list[psycopg.Error] = []

    def log(order: list[UUID]) -> None:
        with db.transaction(Role.OWNER) as conn:
            try:
                conn.execute(INSERT, ([order[0]] * events, [now()] * events, [1] * events, ["0.5"] * events))
                if not refusals:
                    both_at_work.wait(30)
                conn.execute(INSERT, ([order[1]] * events, [now()] * events, [1] * events, [None] * events))
            except locks.HELD_UP as error:
                refusals.append(error)
                raise

    with ThreadPoolExecutor(2) as pool:
        orders = (people, people[::-1])
        for future in [pool.submit(locks.persistently, partial(log, order), [0.1] * 5) for order in orders]:
            future.result()
    assert len(refusals) == refused
    with db.transaction(Role.OWNER) as conn:
        before = 1 if is_far else 0
        counted = conn.execute("SELECT user_id, total_messages, unknown_cost_events FROM month_totals").fetchall()
        assert sorted(counted) == sorted((person, before + 2 * events, events) for person in people)


ONE = "SELECT total_messages, total_tokens, total_cost, unknown_cost_events, exceeded_limit FROM {} WHERE user_id = %s"


def test_who_writes_one_event_far_from_a_limit_does_not_wait_for_another(db: Database) -> None:
    person = prepare(db)[0]
    with db.connect(Role.OWNER) as first, db.connect(Role.OWNER) as second:
        first.execute(INSERT, ([person], [INSTANTS[2]], [10], ["1"]))
        first.commit()
        first.execute(INSERT, ([person], [INSTANTS[2]], [20], ["0.5"]))
        second.execute("SET lock_timeout = '50ms'")
        second.execute(INSERT, ([person], [INSTANTS[2]], [30], [None]))
        second.commit()
        month = second.execute(ONE.format("monthly_usage"), (person,)).fetchall()
        with_slots = second.execute(ONE.format("month_totals"), (person,)).fetchall()
        assert (month, with_slots) == ([(1, 11, 1, 0, False)], [(2, 42, 1, 1, False)])
        second.rollback()
        first.commit()
        # Who writes several takes in what is in slots.
        first.execute(INSERT, ([person] * 2, [INSTANTS[2]] * 2, [1, 2], ["1", "1"]))
        first.commit()
        month = first.execute(ONE.format("monthly_usage"), (person,)).fetchall()
        assert month == [(5, 68, Decimal("3.5"), 1, False)]
        assert first.execute("SELECT sum(total_messages) FROM usage_slots").fetchall() == [(0,)]
        assert_counted(first)


@pytest.mark.parametrize(
    "change",
    [
        f"{INSERT} LIMIT 1",
        INSERT,
        "DELETE FROM usage_logs",
        "UPDATE users SET custom_limits = '{\"messages\": 1}'",
        "SELECT recount_usage(ARRAY(SELECT id FROM users))",
    ],
    ids=["one event", "several events", "deletion", "other limits", "recount"],
)
def test_whatever_changes_a_month_changes_when_it_was_counted(db: Database, change: str) -> None:
    """Builds find by it what to compute anew."""
    person = prepare(db)[0]
    events = ([person] * 2, [now()] * 2, [1] * 2, ["1"] * 2)
    with db.connect(Role.OWNER) as conn:
        conn.execute(INSERT, events)
        conn.commit()
        before = conn.execute("SELECT updated_at FROM monthly_usage").fetchall()
        conn.commit()
        conn.execute(change.encode(), events if "%s" in change else None)
        conn.commit()
        assert conn.execute("SELECT updated_at FROM monthly_usage").fetchall() > before
        assert conn.execute("SELECT updated_at FROM month_totals").fetchall() > before


def test_who_is_near_a_limit_waits_and_raises_the_alert(db: Database) -> None:
    person = prepare(db)[0]
    with db.connect(Role.OWNER) as first, db.connect(Role.OWNER) as second:
        first.execute("UPDATE users SET custom_limits = '{\"messages\": 5}' WHERE id = %s", (person,))
        first.execute(INSERT, ([person] * 2, [now()] * 2, [1] * 2, ["1"] * 2))
        first.commit()
        first.execute(INSERT, ([person], [now()], [1], ["1"]))
        second.execute("SET lock_timeout = '50ms'")
        with pytest.raises(psycopg.errors.LockNotAvailable):
            second.execute(INSERT, ([person], [now()], [1], ["1"]))
        second.rollback()
        first.commit()
        second.execute(INSERT, ([person], [now()], [1], ["1"]))
        second.commit()
        assert second.execute("SELECT threshold FROM usage_alerts").fetchall() == [(80,)]
        assert_counted(second)


@pytest.mark.parametrize("limit", ['{"messages": 3}', '{"messages": null, "tokens": 5}'])
def test_the_single_event_that_reaches_a_limit_marks_its_month(db: Database, limit: str) -> None:
    person = prepare(db)[0]
    with db.connect(Role.OWNER) as conn:
        conn.execute("UPDATE users SET custom_limits = %s WHERE id = %s", (limit, person))
        for exceeded in (False, False, True, True):
            conn.execute(INSERT, ([person], [now()], [1], ["1"]))
            conn.commit()
            assert conn.execute("SELECT exceeded_limit FROM monthly_usage").fetchall() == [(exceeded,)]
        assert_counted(conn)


def test_a_single_event_near_a_limit_takes_in_what_is_in_slots(db: Database) -> None:
    person = prepare(db)[0]
    with db.connect(Role.OWNER) as first, db.connect(Role.OWNER) as second:
        first.execute(INSERT, ([person], [now()], [1], ["1"]))
        first.commit()
        first.execute(INSERT, ([person], [now()], [1], ["1"]))
        second.execute(INSERT, ([person], [now()], [1], ["1"]))
        second.commit()
        first.commit()
        first.execute("UPDATE users SET custom_limits = '{\"messages\": 4}' WHERE id = %s", (person,))
        first.commit()
        assert first.execute("SELECT sum(total_messages) FROM usage_slots").fetchall() == [(1,)]
        first.execute(INSERT, ([person], [now()], [1], ["1"]))
        first.commit()
        assert first.execute(ONE.format("monthly_usage"), (person,)).fetchall() == [(4, 8, 4, 0, True)]
        assert_counted(first)


def test_events_in_slots_can_be_taken_away(db: Database) -> None:
    person = prepare(db)[0]
    with db.connect(Role.OWNER) as first, db.connect(Role.OWNER) as second:
        first.execute(INSERT, ([person], [INSTANTS[2]], [10], ["1"]))
        first.commit()
        first.execute(INSERT, ([person], [INSTANTS[2]], [20], ["0.5"]))
        for _ in range(3):
            second.execute(INSERT, ([person], [INSTANTS[2]], [30], ["2"]))
            second.commit()
        first.commit()
        second.execute("DELETE FROM usage_logs WHERE tokens_input <> 10")
        assert_counted(second)
        second.execute("DELETE FROM usage_logs")
        assert_counted(second)


def test_eight_writers_of_single_events_of_one_person_lose_none_and_raise_each_alert_once(db: Database) -> None:
    person = prepare(db)[0]
    with db.transaction(Role.OWNER) as conn:
        conn.execute("UPDATE users SET custom_limits = '{\"messages\": 240}' WHERE id = %s", (person,))

    def write(worker: int) -> None:
        with db.connect(Role.OWNER) as conn:
            for turn in range(40):
                conn.execute(INSERT, ([person], [now()], [worker], [None if turn % 7 == 0 else "0.1"]))
                conn.commit()

    with ThreadPoolExecutor(8) as pool:
        for future in [pool.submit(write, worker) for worker in range(8)]:
            future.result()
    with db.transaction(Role.OWNER) as conn:
        assert conn.execute(ONE.format("month_totals"), (person,)).fetchall() == [
            (320, 1440, Decimal("27.2"), 48, True)
        ]
        conn.execute("SELECT recount_usage(%s)", ([person],))
        assert_counted(conn)
        raised = conn.execute("SELECT threshold FROM usage_alerts ORDER BY 1").fetchall()
    assert raised == [(80,), (90,), (100,)]


@pytest.mark.parametrize("events", [1, 2])
def test_who_has_no_plan_is_counted_without_a_limit(db: Database, events: int) -> None:
    person = prepare(db)[0]
    with db.transaction(Role.OWNER) as conn:
        conn.execute("DELETE FROM subscriptions WHERE user_id = %s", (person,))
        conn.execute("SET LOCAL statement_timeout = '5s'")
        conn.execute(INSERT, ([person] * events, [now()] * events, [1] * events, ["1"] * events))
        assert conn.execute(ONE.format("month_totals"), (person,)).fetchall() == [
            (events, events * 2, Decimal(events), 0, False)
        ]


@pytest.mark.parametrize(
    "change",
    [
        f"{INSERT} LIMIT 1",
        INSERT,
        "UPDATE usage_logs SET total_cost = 2",
        "DELETE FROM usage_logs",
        "SELECT recount_usage(ARRAY(SELECT id FROM users))",
    ],
    ids=["one event", "several events", "other costs", "deletion", "recount"],
)
@pytest.mark.parametrize("is_verified", [False, True])
def test_whose_events_are_being_written_signs_in_and_changes_what_is_theirs(
    db: Database, change: str, is_verified: bool
) -> None:
    person = prepare(db)[0]
    email = "p0@example.com"
    events = ([person] * 2, [now()] * 2, [1] * 2, ["1"] * 2)
    with db.transaction(Role.OWNER) as conn:
        conn.execute(INSERT, events)
    if is_verified:
        sign_in_to(db, email)
    # Who waits fails.
    with psycopg.connect(db.address.superuser_url, autocommit=True) as conn:
        conn.execute(sql.SQL("ALTER DATABASE {} SET lock_timeout = '50ms'").format(sql.Identifier(db.address.name)))
    db.close()
    with db.connect(Role.OWNER) as writer:
        writer.execute(change.encode(), events if "%s" in change else None)
        token = sign_in_to(db, email)
        with db.transaction(Role.OWNER) as conn:
            conn.execute("UPDATE auth_sessions SET idle_expires = now() + interval '1 minute'")
        who = signed_in(db, token)
        assert who is not None
        assert who.id == person
        save_settings(db, token, language="en", timezone="Asia/Tokyo", theme="dark")
        with db.transaction(Role.USER, session_token=token) as conn:
            conn.execute("UPDATE users SET display_name = 'x', avatar = 'y'")
        changed = signed_in(db, token)
        assert changed is not None
        assert (changed.language, changed.timezone, changed.theme, changed.display_name) == (
            "en",
            "Asia/Tokyo",
            "dark",
            "x",
        )
        revoke(db, token)
        writer.commit()
        assert_counted(writer)


def test_signing_in_leaves_an_address_that_is_verified_as_it_is(db: Database) -> None:
    make_person_in(db, "ana@example.com")
    verified = "SELECT email_verified, updated_at FROM users"
    with db.connect(Role.OWNER, autocommit=True) as conn:
        assert conn.execute("SELECT email_verified FROM users").fetchall() == [(None,)]
        sign_in_to(db, "ana@example.com")
        first = conn.execute(verified).fetchall()
        sign_in_to(db, "ana@example.com")
        assert conn.execute(verified).fetchall() == first
        assert first[0][0] is not None


def test_an_event_leaves_the_indexes_of_its_month_as_they_are(db: Database) -> None:
    """Its counters are a heap-only update: an index on a column that they write would undo that."""
    people = prepare(db)
    with db.connect(Role.OWNER, autocommit=True) as conn:
        for turn in range(9):  # as many as their page takes: what others still see is not cleared from it
            conn.execute(INSERT, ([people[turn % 3]], [now()], [1], ["1"]))
        conn.execute("SELECT pg_stat_force_next_flush()")
        updates = conn.execute(
            "SELECT n_tup_upd, n_tup_upd - n_tup_hot_upd FROM pg_stat_user_tables WHERE relname = 'monthly_usage'"
        ).fetchall()
    assert updates == [(9, 0)]


def test_small_costs_add_up_exactly(db: Database) -> None:
    """A thousand calls of 0.0049 USD are 4.90, and seven tokens at 0.075 USD a million are not rounded away."""
    people = prepare(db)
    with db.transaction(Role.OWNER) as conn:
        conn.execute(INSERT, ([people[0]] * 1000, [INSTANTS[2]] * 1000, [1] * 1000, ["0.0049"] * 1000))
        conn.execute(INSERT, ([people[1]], [INSTANTS[2]], [7], ["0.000000525"]))
        costs = conn.execute("SELECT total_cost FROM monthly_usage ORDER BY total_cost").fetchall()
    assert [str(cost[0].normalize()) for cost in costs] == ["5.25E-7", "4.9"]


@pytest.mark.parametrize(("zone", "month"), [("America/Mexico_City", 10), ("UTC", 11), ("Asia/Tokyo", 11)])
def test_the_month_is_the_persons(db: Database, zone: str, month: int) -> None:
    """31 October 20:00 in Mexico City is 1 November 02:00 UTC."""
    person = make_person_in(db, timezone=zone)
    with db.transaction(Role.OWNER) as conn:
        conn.execute("INSERT INTO agents (name, slug) VALUES ('A', 'a'), ('B', 'b')")
        conn.execute("SELECT ensure_month_partitions('2025-10-01', '2025-11-30')")
        conn.execute(INSERT, ([person], ["2025-11-01T02:00:00Z"], [1], ["1"]))
        assert conn.execute("SELECT month FROM monthly_usage").fetchall() == [(month,)]


def test_a_change_of_zone_leaves_earlier_days_where_they_were(db: Database) -> None:
    person = make_person_in(db, timezone="America/Mexico_City")
    with db.transaction(Role.OWNER) as conn:
        conn.execute("INSERT INTO user_timezones VALUES (%s, '2025-06-01T00:00:00Z', 'Asia/Tokyo')", (person,))
        days = conn.execute(
            "SELECT local_date(%(p)s, '2025-05-31T23:00:00Z')::text, local_date(%(p)s, '2025-06-01T20:00:00Z')::text",
            {"p": person},
        ).fetchone()
    assert days == ("2025-05-31", "2025-06-02")


def test_recount_repairs_what_was_meddled_with(db: Database) -> None:
    people = prepare(db)
    with db.transaction(Role.OWNER) as conn:
        conn.execute(INSERT, (people, INSTANTS[:3], [1, 2, 3], ["1", "2", None]))
        conn.execute("UPDATE monthly_usage SET total_messages = 99, total_cost = 0")
        conn.execute("UPDATE monthly_usage SET agent_usage = '{}', limit_tokens = 1, exceeded_limit = true")
        conn.execute("SELECT recount_usage(%s)", (people,))
        assert_counted(conn)
