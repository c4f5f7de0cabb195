"""Who may do what to which rows of which relation: `expected.toml` says it, the database is held to it.

Three locks stand before a row, and each is tried with the others open. The **schema**: who may use it. The
**privilege**: every command, and every column, is executed by every role. The **policy**: the role is given the
privilege for the moment of the attempt, and must still reach the rows the file names, and no others. So a slip in one
of them is noticed even while the others hold; `mutants` weakens each in turn, and the matrix must notice.
"""
