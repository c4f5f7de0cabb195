"""The operational schema as SQLAlchemy models, a module per domain. Migrations make the tables; these describe them."""

from cauce.models import agents, chats, finance, health, identity, pipeline, usage
from cauce.models.base import Base

__all__ = ["Base", "agents", "chats", "finance", "health", "identity", "pipeline", "usage"]
