"""What a request leaves in the audit log."""

from dashboard import history
from dashboard.models import Report
from dashboard.views import Request


def taken(request: Request, action: str, report: Report, file: str) -> None:
    """Somebody took a file; who asks for its head alone has not taken it."""
    if request.method == "GET":
        history.log(request.user, action, report, file=file)
