"""The log has one line for a request that was refused in words, and all of a defect."""

import errno
import logging
import sys

import pytest
from django.core.exceptions import DisallowedHost

from dashboard.text.log_lines import MAXIMUM_TEXT, LineFormatter


def format_record(name: str, message: str, error: Exception, status: int) -> str:
    """Return the text of the log for a request that raised an error."""
    try:
        raise error
    except type(error):
        record = logging.LogRecord(name, logging.ERROR, "", 0, message, None, sys.exc_info())
    record.status_code = status
    return LineFormatter("%(levelname)s %(name)s: %(message)s").format(record)


def test_a_full_disk_is_told_in_one_line() -> None:
    error = OSError(errno.ENOSPC, "No space left on device")
    line = format_record("django.request", "Service Unavailable: /imports/", error, 503)
    assert line == (
        "WARNING django.request: Service Unavailable: /imports/ "
        "(OSError: [Errno 28] No space left on device)"
    )


def test_a_guest_cannot_write_much_into_the_log() -> None:
    text = "Invalid HTTP_HOST header: 'a\n" + "x" * 50_000
    line = format_record("django.security.DisallowedHost", text, DisallowedHost(text), 400)
    assert "\n" not in line
    assert len(line) < MAXIMUM_TEXT + 100
    assert line.endswith("(DisallowedHost)")


@pytest.mark.parametrize("name", ["django.request", "dashboard.imports.outcomes"])
def test_a_defect_has_its_traceback(name: str) -> None:
    lines = format_record(name, "Internal Server Error: /", ZeroDivisionError("zero"), 500)
    assert lines.startswith("ERROR")
    assert "Traceback" in lines


def test_the_record_itself_keeps_its_traceback() -> None:
    record = logging.LogRecord(
        "django.request", logging.ERROR, "", 0, "Bad", None, (ValueError, ValueError("x"), None)
    )
    record.status_code = 400
    LineFormatter().format(record)
    assert record.exc_info
    assert record.levelname == "ERROR"
