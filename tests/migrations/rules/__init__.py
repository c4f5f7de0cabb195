"""For each rule of the schema, by its name: a statement that must pass, and those that the rule must refuse.

Statements run as the owner, after `rows.fill` gave Ana and Luis a row in every table. Parameters: `person` and `id` are
Ana's, `other` is Luis's.
"""


class Rule:
    """A right statement, and wrong ones that differ from it in what the rule is about: one for each of its conditions."""

    def __init__(self, good: str, bad: str, *others: str) -> None:
        self.good, self.bad = good, (bad, *others)


def change(table: str, good: dict[str, str], *bad: dict[str, str]) -> Rule:
    """The same update of the person's row with good and with bad values; values are SQL expressions."""
    return Rule(_update(table, good), *(_update(table, values) for values in bad))


def twice(table: str, good: tuple[str, str], bad: tuple[str, str]) -> Rule:
    """Two more rows like the person's, each with what its JSON says: a pair that goes together, and one that does not."""
    return Rule(_copies(table, good), _copies(table, bad))


def _copies(table: str, changes: tuple[str, str]) -> str:
    values = ", ".join(f"(jsonb '{change}' || jsonb_build_object('id', uuidv7()))" for change in changes)
    return (
        f"INSERT INTO {table} SELECT (jsonb_populate_record(t, v.change)).* FROM {table} t, (VALUES {values}) v (change)"
        " WHERE t.user_id = %(person)s"
    )


def _update(table: str, values: dict[str, str]) -> str:
    key = "id" if table in GLOBAL else "user_id"
    return f"UPDATE {table} SET {', '.join(f'{c} = {v}' for c, v in values.items())} WHERE {key} = %(person)s"


GLOBAL = {"users"}
"""Tables whose row of the person has the person's id and no tenant key."""
