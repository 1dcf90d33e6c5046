"""The pages for requests that failed: the machine is full, busy, away or damaged, or CSRF.

Django calls show_failure for every exception that no view handles. The page reads no database.
"""

import errno
import sys
from typing import TYPE_CHECKING, NamedTuple

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.translation import gettext_lazy as _

from dashboard.archive.disk import find_write_refusal
from dashboard.archive.location import ArchiveMissingError
from dashboard.archive.originals import DamagedOriginalError
from dashboard.database.faults import find_database_fault
from dashboard.text.error_messages import explain_error
from dashboard.views.request_origin import (
    describe_arrival,
    find_origin_problems,
    find_proxy_problems,
)
from dashboard.workbook import DamagedFormError

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise


class Failure(NamedTuple):
    """How a failed request is answered; `retry_after` in seconds, 0 if it is of no use."""

    status: int
    title: "StrPromise | str"
    explanation: "StrPromise | str"
    retry_after: int = 0


DATABASE_FAILURE = Failure(
    503,
    _("The database is busy"),
    _("It did not answer in time, or it is being restarted. Nothing is lost. Try again."),
    retry_after=5,
)
FORM_FAILURE = Failure(
    503,
    _("This report is being read again"),
    _("What had been read from its file was damaged. The file itself is kept. Try again."),
    retry_after=1,
)
DEFECT = Failure(
    500,
    _("Something went wrong"),
    _(
        "This is our error and has been logged. Nothing in the archive is lost. "
        "Try again or tell your administrator what you did and when."
    ),
)

# The disk does not answer, a folder on the network is away, the process has too many files open, or
# something else has the place of a folder of the archive.
PASSING_OS_ERRORS = {
    *(errno.EAGAIN, errno.EIO, errno.EMFILE, errno.ENFILE, errno.ENODEV, errno.ENOMEM),
    *(errno.ENOTCONN, errno.ENXIO, errno.EHOSTDOWN, errno.EHOSTUNREACH, errno.ESTALE),
    *(errno.ETIMEDOUT, errno.EEXIST, errno.EISDIR, errno.ENOTDIR, errno.ELOOP),
}


def show_failure(_request: HttpRequest) -> HttpResponse:
    """Answer a request whose view raised an exception; it is the exception being handled."""
    return render_failure(find_failure(sys.exception()))


def render_failure(failure: Failure) -> HttpResponse:
    """Return the page of a failure; a plain one where the static files were never collected."""
    # Without the request: its user and session are in the database, which may be away.
    try:
        page = render_to_string("500.html", {"failure": failure})
    except ValueError:  # of the storage of static files
        page = render_to_string("500_plain.html", {"failure": failure})
    response = HttpResponse(page, status=failure.status)
    if failure.retry_after:
        response["Retry-After"] = str(failure.retry_after)
    return response


def show_csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answer a form whose token, cookie or origin does not fit, and say which of them."""
    problems = find_origin_problems(request) + find_proxy_problems(request)
    context = {"problems": problems, "arrival": describe_arrival(request), "reason": reason}
    return render(request, "403_csrf.html", context, status=403)


def find_failure(error: BaseException | None) -> Failure:
    """Return how to answer a request that raised this error."""
    match error:
        case DamagedOriginalError():
            return describe_failure(409, error.code)
        case ArchiveMissingError():
            return describe_failure(503, "archive_missing", folder=str(error.folder))
        case DamagedFormError():
            return FORM_FAILURE
        case _ if refusal := find_write_refusal(error):
            return describe_failure(503, refusal)
        case _ if error and (fault := find_database_fault(error)):
            return describe_failure(503, fault)
        case OperationalError() | InterfaceError():
            return DATABASE_FAILURE
        case OSError(errno=code) if code in PASSING_OS_ERRORS:
            return describe_failure(503, "machine")
        case MemoryError():
            return describe_failure(503, "machine")
    return DEFECT


def describe_failure(status: int, code: str, **facts: str) -> Failure:
    """Return the failure with the words of an error code."""
    message = explain_error(code, facts)
    return Failure(status, message.title, f"{message.meaning} {message.next_step}")
