"""Who may do what to which rows of which relation: `expected.toml` says it, the database is held to it.

Two locks stand before a row, and each is tried without the other. The **privilege**: every command, and every column,
is executed by every role against the relation as it is. The **policy**: the same role is given the privilege for the
moment of the attempt, and must still reach the rows the file names, and no others. So a slip in one of them is noticed
even while the other still holds.
"""
