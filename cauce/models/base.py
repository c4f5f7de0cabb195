"""What all models share: naming, the tenant key, timestamps, and enumerations kept as CHECK constraints."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, ClassVar
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    LargeBinary,
    MetaData,
    Numeric,
    String,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

Money = Annotated[Decimal, mapped_column(Numeric(19, 4))]
Cost = Annotated[Decimal, mapped_column(Numeric(24, 12))]
Count = Annotated[int, mapped_column(BigInteger, server_default=text("0"))]
Currency = Annotated[str, mapped_column(String(3))]
Sealed = Annotated[bytes, mapped_column(LargeBinary, info={"sealed": True})]
"""An envelope of `cauce.security.envelope`, never plain text. Key rotation finds these columns by their type."""


class Base(DeclarativeBase):
    """Root of the models. Every table of a person's data starts its primary key with `user_id`."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: DateTime(timezone=True),
        UUID: Uuid(),
        dict[str, Any]: JSONB(),
        list[Any]: JSONB(),
    }


class Created:
    """When the row was written."""

    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"), sort_order=98)


class Timestamps(Created):
    """When the row was written and last changed (a trigger keeps `updated_at`)."""

    updated_at: Mapped[datetime] = mapped_column(server_default=text("now()"), sort_order=99)


class Recoverable:
    """A row its owner deleted stays until it is purged, and can be brought back."""

    deleted_at: Mapped[datetime | None] = mapped_column(sort_order=100)


class Tenant:
    """The tenant key: whose row it is, then which. Rows of one person lie together and can be sharded by person."""

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, sort_order=-2)
    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=text("uuidv7()"), sort_order=-1)


def one_of(column: str, values: type[StrEnum]) -> CheckConstraint:
    """A CHECK that `column` holds a value of the enumeration, named after the column."""
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=column)


def currency_code(column: str = "currency") -> ForeignKeyConstraint:
    """A column that holds a code of ISO 4217. It needs no index of its own: no currency is ever deleted."""
    return ForeignKeyConstraint([column], ["currencies.code"])


def owned(column: str, table: str, *, ondelete: str = "CASCADE") -> ForeignKeyConstraint:
    """A foreign key along the tenant key, so that a row cannot point at another person's."""
    if ondelete == "SET NULL":
        ondelete = f"SET NULL ({column})"
    return ForeignKeyConstraint(["user_id", column], [f"{table}.user_id", f"{table}.id"], ondelete=ondelete)
