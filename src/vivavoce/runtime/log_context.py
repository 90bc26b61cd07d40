"""The id of the session on every line that is logged on its behalf."""

import logging
from contextvars import ContextVar

SESSION_ID: ContextVar[str] = ContextVar("session_id", default="-")
"""Set by the runner; tasks started by a session inherit it."""


class SessionIdFilter(logging.Filter):
    """Gives each record a `session_id`; to be added to a handler, not to a logger."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Add the field and let the record pass."""
        record.session_id = SESSION_ID.get()
        return True
