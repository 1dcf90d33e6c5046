"""The lines of the log: one line, without a traceback, for a request that was refused in words."""

import copy
import logging

DEFECT_STATUS = 500
MAXIMUM_TEXT = 300  # characters of a text that may have come from outside
REQUEST_LOGGERS = ("django.request", "django.security.")


class LineFormatter(logging.Formatter):
    """Format a record; shorten what Django logs about requests that are no defect of the program.

    Django logs a traceback for every request that it refuses, and a visitor could fill the
    disk with them; also for one that cannot be served now because a disk is full or a database is
    away.
    """

    def format(self, record: logging.LogRecord) -> str:
        return super().format(shorten_refusal(record) if is_refusal(record) else record)


def is_refusal(record: logging.LogRecord) -> bool:
    """Return whether Django logs a request that it, or a page of this site, refused in words."""
    status = getattr(record, "status_code", DEFECT_STATUS)
    return record.name.startswith(REQUEST_LOGGERS) and status != DEFECT_STATUS


def shorten_refusal(record: logging.LogRecord) -> logging.LogRecord:
    """Return the record as a warning of one line, with the error's own words and no traceback."""
    short_record = copy.copy(record)
    message = shorten_text(record.getMessage())
    if record.exc_info and record.exc_info[1]:
        error = record.exc_info[1]
        error_text = shorten_text(str(error))
        message += f" ({type(error).__name__}{'' if error_text in message else ': ' + error_text})"
    short_record.msg, short_record.args = message, None
    short_record.levelno, short_record.levelname = logging.WARNING, "WARNING"
    short_record.exc_info = short_record.exc_text = None
    return short_record


def shorten_text(text: str) -> str:
    """Return the beginning of a text as one line."""
    return " ".join(text[:MAXIMUM_TEXT].split())
