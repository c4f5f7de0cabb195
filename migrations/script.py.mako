"""${message}.

Before this runs on data that people use:
- expand first, contract in a later release: the code that is running must work before and after;
- a column is added nullable or with a constant default; what must be filled is filled in batches, not here;
- a CHECK or foreign key of a table that is not new is added NOT VALID and not validated here: `cauce migrate` does it afterwards;
- an index on a table that is not new is made CONCURRENTLY in an `autocommit_block`, first of all, and dropped before it
  is made: an attempt that was killed leaves an invalid one;
- nothing is asked of the database: the SQL is emitted without one, linted, and run as it was linted;
- every table of a person's data has `user_id` first in its primary key, composite foreign keys, and policies for each
  role (`migrations.policies`); `docs/schema-changes.md` has a line for each departure from the specification;
- the downgrade undoes the upgrade, and up, down, up ends equal.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
${imports if imports else ""}
revision: str = ${repr(up_revision)}
down_revision: str | None = ${repr(down_revision)}
branch_labels: Sequence[str] | None = ${repr(branch_labels)}
depends_on: Sequence[str] | None = ${repr(depends_on)}


def upgrade() -> None:
    ${upgrades if upgrades else "pass"}


def downgrade() -> None:
    ${downgrades if downgrades else "pass"}
