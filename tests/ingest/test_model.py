"""Any files, in any order, with anything in them twice: the tables equal what a few lines of Python say."""

import json
from collections import Counter
from dataclasses import dataclass, field

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cauce.database import Role
from ingest import load_file
from tests.ingest.inputs import event, rows, write_events

PEOPLE = ("ana@example.com", "leo@example.com")


@dataclass
class Model:
    """What the engine has to do, one record after the other."""

    events: dict[str, dict[str, object]] = field(default_factory=dict)
    quarantine: set[object] = field(default_factory=set)

    def load(self, lines):
        outcomes, seen = Counter(), Counter()
        for line in lines:
            outcomes["read"] += 1
            known = self.events.get(line["event_id"])
            if line["input_tokens"] < 0:
                outcome = self.refuse(line, "rule", seen)
            elif line["user"] not in PEOPLE:
                outcome = self.refuse(line, "unattributed", seen)
            elif known is None:
                self.events[line["event_id"]] = line
                outcome = "loaded"
            else:
                outcome = "duplicate" if known == line else self.refuse(line, "conflict", seen)
            outcomes[outcome] += 1
        return outcomes

    def refuse(self, line, rule, seen):
        text = (json.dumps(line), rule)
        seen[text] += 1
        if (text, seen[text]) in self.quarantine:
            return "duplicate"
        self.quarantine.add((text, seen[text]))
        return "quarantined"


lines = st.builds(
    lambda number, person, tokens, month: event(
        number,
        user=person,
        input_tokens=tokens,
        timestamp=f"2026-{month:02}-28T23:00:00Z",
        conversation=f"c{number % 3}",
    ),
    st.integers(1, 12),
    st.sampled_from([*PEOPLE, *PEOPLE, "nobody@example.com"]),
    st.sampled_from([5, 5, 5, 6, -1]),
    st.sampled_from([3, 3, 4]),
)
files = st.lists(st.lists(lines, min_size=1, max_size=12), min_size=1, max_size=5)


def empty(db):
    with db.transaction(Role.OWNER) as conn:
        conn.execute("TRUNCATE users, agents, ingest_batches, usage_event_keys CASCADE")
        for email in PEOPLE:
            conn.execute("INSERT INTO users (email) VALUES (%s)", (email,))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(files)
def test_tables_equal_the_model(db, tmp_path, files):
    empty(db)
    model, loaded_before = Model(), set()
    for content in files:
        path = write_events(tmp_path / "a.jsonl", content)
        report, expected = load_file(db, path), model.load(content)
        if path.read_bytes() in loaded_before:
            assert report.duplicate == report.read
        assert {name: getattr(report, name) for name in expected} == expected
        assert report.conserved
        loaded_before.add(path.read_bytes())
    found = rows(
        db,
        "SELECT l.event_id, u.email, l.tokens_input, to_char(l.timestamp AT TIME ZONE 'UTC', 'YYYY-MM')"
        " FROM usage_logs l JOIN users u ON u.id = l.user_id",
    )
    assert sorted(found) == sorted(
        (line["event_id"], line["user"], line["input_tokens"], line["timestamp"][:7]) for line in model.events.values()
    )
    assert rows(db, "SELECT count(*) FROM quarantined_rows") == [len(model.quarantine)]
    assert rows(db, "SELECT count(*) FROM usage_event_keys") == [len(model.events)]
    months = Counter()
    for line in model.events.values():
        months[line["user"], int(line["timestamp"][5:7])] += line["input_tokens"] + line["output_tokens"]
    counted = rows(
        db,
        "SELECT u.email, m.month, m.total_tokens::bigint FROM monthly_usage m JOIN users u ON u.id = m.user_id"
        " WHERE m.total_messages > 0",
    )
    assert {(email, month): tokens for email, month, tokens in counted} == dict(months)
