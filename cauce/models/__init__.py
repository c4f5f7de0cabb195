"""The operational schema as SQLAlchemy models, a module per domain. Migrations make the tables; these describe them."""

from cauce.models import (
    agents,
    artifacts,
    billing,
    chats,
    documents,
    finance,
    health,
    identity,
    integrations,
    pipeline,
    security,
    storage,
    support,
    usage,
)
from cauce.models.base import Base

__all__ = [
    "Base",
    "agents",
    "artifacts",
    "billing",
    "chats",
    "documents",
    "finance",
    "health",
    "identity",
    "integrations",
    "pipeline",
    "security",
    "storage",
    "support",
    "usage",
]
