"""The audit: it passes what is right, and each of its expectations can fail."""

import pytest

from cauce.cli.failures import explain
from cauce.database import Database, Role
from cauce.errors import FatalError
from expectations.audit import check
from expectations.build import build
from expectations.candidate import read_candidate, write_candidate
from tests.expectations.world import ANA, AS_OF, populate, rows

UNCONSTRAIN = """
SELECT format('ALTER TABLE marts_candidate.%I DROP CONSTRAINT %I', t.relname, c.conname)
FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid
WHERE t.relnamespace = 'marts_candidate'::regnamespace ORDER BY c.contype = 'n'
"""
EVERYTHING_WRONG = """
INSERT INTO {s}.usage_daily (user_id, usage_date, events, failed_events, total_tokens, tokens_input, tokens_output,
  tokens_cache_read, unknown_cost_events) VALUES (NULL, '2099-01-01', -1, 9, -5, 1, 1, 3, 7);
INSERT INTO {s}.usage_daily SELECT * FROM {s}.usage_daily WHERE usage_date = '2025-02-10';
INSERT INTO {s}.billing_monthly (user_id, month, applies_to, events, tokens_input, tokens_output, total_tokens,
  unknown_cost_events, currency, is_adjustment, is_published)
  VALUES (NULL, '2025-01-02', '2025-02-02', -1, -1, 1, 5, 3, 'EUR', false, true);
INSERT INTO {s}.billing_monthly SELECT * FROM {s}.billing_monthly WHERE month = '2025-02-01';
INSERT INTO {s}.billable_daily (month, usage_date, is_adjustment, events) VALUES ('2025-03-01', '2025-03-02', true, 1);
INSERT INTO {s}.billable_daily SELECT * FROM {s}.billable_daily WHERE month = '2025-02-01';
INSERT INTO {s}.latency_daily (calls, failed_calls, error_rate, latency_p50_ms, latency_p95_ms) VALUES (1, 5, 1, 3, 2);
INSERT INTO {s}.latency_daily SELECT * FROM {s}.latency_daily WHERE usage_date = '2025-02-10';
INSERT INTO {s}.usage_forecast (month, messages, projected_messages, messages_run_out_on)
  VALUES ('2025-03-01', -1, -2, '2025-02-01');
INSERT INTO {s}.usage_forecast SELECT * FROM {s}.usage_forecast;
UPDATE {s}.usage_forecast SET tokens = tokens + 1;
INSERT INTO {s}.unusual_activity (measure, observed, expected, spread, score, history_days) VALUES ('luck', 9, 1, 1, 3, 13);
INSERT INTO {s}.unusual_activity SELECT * FROM {s}.unusual_activity;
INSERT INTO {s}.reconciliation_daily (provider, measure, ledger, reported, residual, unexplained, is_explained)
  VALUES ('openai', 'calls', -1, 3, 2, 5, true);
INSERT INTO {s}.reconciliation_daily SELECT * FROM {s}.reconciliation_daily WHERE measure = 'cost';
INSERT INTO {s}.mrr_movements (kind, mrr_before, mrr_after, amount) VALUES ('gift', 1, 5, -1), ('churn', 1, 5, 3);
INSERT INTO {s}.mrr_movements SELECT * FROM {s}.mrr_movements WHERE kind = 'new';
INSERT INTO {s}.revenue_monthly (mrr, arr) VALUES (-1, 5);
INSERT INTO {s}.revenue_monthly SELECT * FROM {s}.revenue_monthly WHERE month = '2025-02-01';
INSERT INTO {s}.margin_monthly (month, events, unknown_cost_events, revenue_mxn, cost_usd, cost_mxn, margin_mxn)
  VALUES ('2025-02-01', 1, 0, 5, 1, 2, 4);
INSERT INTO {s}.cash_flow_monthly VALUES (NULL, '2025-01-02', 'MXN', -1, 1, 5, 0);
INSERT INTO {s}.cash_flow_monthly SELECT * FROM {s}.cash_flow_monthly WHERE currency = 'USD';
INSERT INTO {s}.spending_monthly VALUES (NULL, '2025-01-01', 'x', 'MXN', -1, 0);
INSERT INTO {s}.spending_monthly SELECT * FROM {s}.spending_monthly WHERE currency = 'USD';
INSERT INTO {s}.account_balances (user_id, type) VALUES (NULL, 'piggy bank');
INSERT INTO {s}.account_balances SELECT * FROM {s}.account_balances;
INSERT INTO {s}.budget_status (user_id, budgeted, spent, remaining, period, status, period_start, period_end)
  VALUES (NULL, -1, 5, 3, 'daily', 'fine', '2099-01-02', '2099-01-01');
INSERT INTO {s}.budget_status SELECT * FROM {s}.budget_status WHERE name = 'mes';
UPDATE {s}.budget_status SET period_end = '2025-03-20' WHERE name = 'semana';
UPDATE {s}.budget_status SET status = 'ok' WHERE status = 'exceeded';
INSERT INTO {s}.cash_flow_population VALUES (NULL, 'MXN', 9, -1, 1, 5);
INSERT INTO {s}.cash_flow_population SELECT * FROM {s}.cash_flow_population WHERE currency = 'USD';
INSERT INTO {s}.adherence_daily (user_id, local_date, scheduled, taken, late, missed, as_needed_taken, adherence_ratio)
  VALUES (NULL, '2099-01-01', 3, 1, 2, 7, -1, 2);
INSERT INTO {s}.adherence_daily SELECT * FROM {s}.adherence_daily WHERE local_date = '2025-03-08';
UPDATE {s}.measurements_latest SET measured_at = '2025-03-01', value = NULL WHERE type = 'weight';
DELETE FROM {s}.measurements_latest WHERE type = 'blood_pressure';
INSERT INTO {s}.measurements_latest SELECT * FROM {s}.measurements_latest;
INSERT INTO {s}.measurements_latest (user_id) VALUES (NULL);
INSERT INTO {s}.measurement_readings (user_id, type, value) VALUES (NULL, 'blood_pressure', -1);
INSERT INTO {s}.measurement_readings SELECT * FROM {s}.measurement_readings WHERE measured_at = '2025-03-08 12:00+00';
INSERT INTO {s}.adherence_population VALUES (NULL, 9, 0, 1, 2);
INSERT INTO {s}.adherence_population SELECT * FROM {s}.adherence_population;
UPDATE intermediate.int_usage_control SET counter_events = counter_events + 1;
"""


@pytest.fixture
def candidate(copy: Database) -> Database:
    """The world with what was published as a candidate again, not audited yet."""
    with copy.transaction(Role.TRANSFORM) as conn:
        conn.execute("ALTER SCHEMA marts RENAME TO marts_candidate")
        found = read_candidate(conn)
        assert found
        write_candidate(conn, found.audited(None))
    return copy


def tamper(database: Database, statements: str) -> None:
    with database.transaction(Role.TRANSFORM) as conn:
        for (statement,) in conn.execute(UNCONSTRAIN).fetchall():
            conn.execute(statement)
        conn.execute(statements.format(s="marts_candidate"))


def test_every_expectation_holds_of_a_good_candidate_and_fails_of_a_bad_one(candidate: Database) -> None:
    good = check(candidate)
    assert good.passed > 70
    assert (good.failures, good.warnings) == ([], [])

    tamper(candidate, EVERYTHING_WRONG)
    bad = check(candidate)
    assert bad.passed == 0, "some expectation did not notice"
    assert len(bad.failures) + len(bad.warnings) == good.passed
    assert [str(warning) for warning in bad.warnings] == ["usage: usage_daily: not_from_the_future: 1 row"]


def test_one_wrong_row_is_named_without_its_values(candidate: Database) -> None:
    tamper(
        candidate,
        "UPDATE {s}.billing_monthly SET total_cost = total_cost + 0.000000000001 WHERE month = '2025-03-01' AND model = 'gpt'",
    )
    report = check(candidate)
    assert [str(failure) for failure in report.failures] == [
        "usage: billing_monthly: equals_the_usage_logs: 12 rows",
    ]
    recorded = rows(candidate, "SELECT last_status, failures, failing_since IS NOT NULL FROM publication_status")
    assert recorded[0][0] == "failed"
    assert recorded[0][1][0]["expectation"] == "equals_the_usage_logs"  # type: ignore[index]
    assert recorded[0][2] is True
    assert ANA not in str(recorded)


def test_nothing_to_check_is_said(db: Database, world: Database) -> None:
    with pytest.raises(FatalError, match="cauce build"):
        check(db)
    report = check(world)
    assert (report.candidate, report.failures) == (None, [])


def test_rows_loaded_during_a_build_do_not_fail_its_audit(db: Database) -> None:
    """The marts and what they are held against are of one moment, whatever is loaded in the meantime."""
    populate(db)
    loaded: list[str] = []

    def load_more(told: str) -> None:
        if "int_usage_daily" in told and not loaded:
            loaded.append(told)
            with db.transaction(Role.OWNER) as conn:
                conn.execute("DELETE FROM usage_logs WHERE local_date = '2025-02-10'")
                conn.execute("UPDATE transactions SET amount = amount * 2")
                conn.execute("DELETE FROM medication_logs WHERE status = 'tomado'")

    build(db, as_of=AS_OF, on_progress=load_more)
    assert loaded
    assert rows(db, "SELECT sum(events) FROM marts_candidate.usage_daily") == [(60,)]
    assert check(db).failures == []
    build(db, as_of=AS_OF)
    assert rows(db, "SELECT sum(events) FROM marts_candidate.usage_daily") == [(48,)]
    assert check(db).failures == []


def test_a_database_lost_during_an_audit_is_told_in_one_line(
    candidate: Database,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    there = candidate.url
    gone = "postgresql+psycopg://cauce_transform@127.0.0.1:1/cauce"  # the audit's own engine names its driver
    monkeypatch.setattr(candidate, "url", lambda role, driver=None: gone if driver else there(role))
    with pytest.raises(Exception, match="Attempt to connect") as failed:
        check(candidate)
    assert explain(failed.value) == 1
    said = capsys.readouterr().err
    assert said.startswith("cauce: the database went away: ")
    assert said.count("\n") == 1
    assert "Traceback" not in caplog.text


def test_the_library_of_the_audit_prints_no_traceback_of_a_query_that_failed(
    candidate: Database, caplog: pytest.LogCaptureFixture
) -> None:
    with candidate.transaction(Role.TRANSFORM) as conn:
        conn.execute("ALTER TABLE marts_candidate.usage_daily RENAME COLUMN failed_events TO gone")
    report = check(candidate)
    assert "could not be checked" in {failure.observed for failure in report.failures}
    assert "Traceback" not in caplog.text
