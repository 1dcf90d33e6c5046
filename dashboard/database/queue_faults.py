"""What the worker logs while its queue does not answer: a line a minute and no tracebacks.

huey logs a traceback at every try, several a second. Where the queue is away because the disk is
full, these would take the room that an administrator makes.
"""

import logging
import time

# The beginnings of huey's messages about its queue, not about a task.
QUEUE_MESSAGES = ("Error reading", "Error enqueueing")
PAUSE_SECONDS = 60


class QueueFaultFilter(logging.Filter):
    """Shorten huey's messages that its queue does not answer, and pass one a minute."""

    def __init__(self) -> None:
        super().__init__()
        self.silent_until = 0.0

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether the record is logged."""
        error = record.exc_info and record.exc_info[1]
        if not error or not str(record.msg).startswith(QUEUE_MESSAGES):
            return True
        if time.monotonic() < self.silent_until:
            return False
        self.silent_until = time.monotonic() + PAUSE_SECONDS
        record.levelno, record.levelname = logging.WARNING, "WARNING"
        record.msg, record.args = "The queue does not answer; it is tried again: %s", (error,)
        record.exc_info = record.exc_text = None
        return True
