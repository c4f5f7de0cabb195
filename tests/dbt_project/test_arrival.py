"""Usage facts grow by arrival: late, undone and corrected events touch their own months, and no others."""

from cauce.database import Database, Role
from expectations.build import build
from tests.expectations.world import AGENT, ANA, AS_OF, id_of, populate, rows

CHANGES = """
SELECT ensure_month_partitions('2024-12-01', '2024-12-31');
INSERT INTO usage_logs (user_id, timestamp, agent_id, source, event_id, provider, model, tokens_input, tokens_output,
  total_tokens, total_cost, local_date)
VALUES ('{ana}', '2024-12-31 20:00+00', '{agent}', 'world', 'late', 'openai', 'gpt', 5, 5, 10, 1, '2024-12-31');
DELETE FROM usage_logs WHERE user_id = '{beto}' AND local_date >= '2025-03-02';
UPDATE usage_logs SET model = 'gpt-new' WHERE user_id = '{carla}' AND local_date = '2025-02-10';
"""
OPERATIONAL = """
SELECT user_id, local_date, model, count(*), sum(total_tokens), sum(total_cost) FROM usage_logs GROUP BY 1, 2, 3
"""
FACTS = "SELECT user_id, usage_date, model, events, total_tokens, total_cost FROM marts_candidate.usage_daily"
KEPT = "SELECT count(*) FROM intermediate.int_usage_daily WHERE xmin::text = '{xmin}'"


def test_late_undone_and_corrected_events(db: Database) -> None:
    populate(db)
    build(db, as_of=AS_OF)
    xmin = rows(db, "SELECT DISTINCT xmin::text FROM intermediate.int_usage_daily")[0][0]
    everything = rows(db, KEPT.format(xmin=xmin))[0][0]
    people = {"ana": id_of(db, ANA), "beto": id_of(db, "beto@example.com"), "carla": id_of(db, "p03@example.com")}
    with db.transaction(Role.OWNER) as conn:
        conn.execute(CHANGES.format(agent=AGENT, **people))

    report = build(db, as_of=AS_OF)

    assert not report.skipped
    assert sorted(map(str, rows(db, FACTS))) == sorted(
        map(str, [(*r[:3], r[3], int(str(r[4])), r[5]) for r in rows(db, OPERATIONAL)])
    )
    # March of Beto (two days in Madrid's zone) and February of the third were counted again, nothing else was.
    assert everything - rows(db, KEPT.format(xmin=xmin))[0][0] <= 5  # type: ignore[operator]
    assert rows(db, "SELECT count(*) FROM marts_candidate.usage_daily WHERE model = 'gpt-new'") == [(1,)]
