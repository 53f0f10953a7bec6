"""All tables. Importing this package fills ``Base.metadata``."""

from models import (
    accounts,
    activity,
    documents,
    evidence,
    groups,
    items,
    jobs,
    meetings,
    polls,
    suggestions,
    validation,
    versions,
)
from models.base import Base

__all__ = [
    "Base",
    "accounts",
    "activity",
    "documents",
    "evidence",
    "groups",
    "items",
    "jobs",
    "meetings",
    "polls",
    "suggestions",
    "validation",
    "versions",
]
