"""Who signs in or changes their settings does not wait for a load of their events."""

from collections.abc import Sequence
from importlib import import_module

from alembic import op

audit = import_module("migrations.versions.2026_11_23_audit")
slots = import_module("migrations.versions.2026_11_23_slots")
agent_slots = import_module("migrations.versions.2026_11_23_agent_slots")
lean_counters = import_module("migrations.versions.2026_11_29_lean_counters")

revision: str = "counter_lock"
down_revision: str | None = "erased_addresses"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

# Counters guard a person's months by the row of their first zone instead of the one of `users`: each person has it from the
# start, nothing changes it, and whoever changes the person is not in the way.
BEFORE = (
    lean_counters.UPDATE_USAGE_COUNTERS,
    next(function for function in slots.FUNCTIONS if "FUNCTION refresh_usage_limits(" in function),
    next(function for function in agent_slots.FUNCTIONS if "FUNCTION recount_usage(" in function),
)
FIRST_ZONE = {
    "FROM users u WHERE u.id = added.user_id FOR": "FROM user_timezones z WHERE z.user_id = added.user_id"
    " AND z.valid_from = '-infinity' FOR",
    "FROM users WHERE id = event.user_id FOR": "FROM user_timezones WHERE user_id = event.user_id AND valid_from = '-infinity' FOR",
    "FROM users WHERE id = ANY (changed.people) ORDER BY id FOR": "FROM user_timezones WHERE user_id = ANY (changed.people)"
    " AND valid_from = '-infinity' ORDER BY user_id FOR",
    "FROM users WHERE id = ANY (people) ORDER BY id FOR": "FROM user_timezones WHERE user_id = ANY (people)"
    " AND valid_from = '-infinity' ORDER BY user_id FOR",
}
CONSUME_SIGN_IN = audit.CONSUME_SIGN_IN.replace("SET search_path = pg_catalog, public AS", f"{slots.PATH} AS")
# An address that is verified is not verified anew: the row stays as it is.
VERIFY = "SET email_verified = coalesce(email_verified, now()) WHERE id = person"
VERIFY_ONCE = "SET email_verified = now() WHERE id = person AND email_verified IS NULL"
# Nobody counts under the one lock while another counts under the other.
NOBODY_COUNTS = "LOCK TABLE usage_logs, subscriptions, plan_limits IN SHARE ROW EXCLUSIVE MODE"


def upgrade() -> None:
    op.execute(NOBODY_COUNTS)
    for function in BEFORE:
        for person, first_zone in FIRST_ZONE.items():
            function = function.replace(person, first_zone)
        op.execute(function)
    op.execute(CONSUME_SIGN_IN.replace(VERIFY, VERIFY_ONCE))


def downgrade() -> None:
    op.execute(NOBODY_COUNTS)
    for function in BEFORE:
        op.execute(function)
    op.execute(CONSUME_SIGN_IN)
