"""All tables. Importing this package fills ``Base.metadata``."""

from models import (
    accounts,
    activity,
    calendars,
    comments,
    documents,
    evidence,
    groups,
    homework,
    items,
    jobs,
    meetings,
    notifications,
    polls,
    suggestions,
    validation,
    versions,
    visits,
)
from models.base import Base

__all__ = [
    "Base",
    "accounts",
    "activity",
    "calendars",
    "comments",
    "documents",
    "evidence",
    "groups",
    "homework",
    "items",
    "jobs",
    "meetings",
    "notifications",
    "polls",
    "suggestions",
    "validation",
    "versions",
    "visits",
]
