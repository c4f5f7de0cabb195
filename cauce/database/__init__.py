"""PostgreSQL as the layers see it: a `Database` with one connection pool per role."""

from cauce.database.database import Database
from cauce.database.roles import Role

__all__ = ["Database", "Role"]
