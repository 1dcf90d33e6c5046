"""What a request leaves in the audit log."""

from dashboard.models import Report
from dashboard.queries import report_history
from dashboard.views import Request


def log_file_taken(request: Request, action: str, report: Report, file: str) -> None:
    """Somebody took a file; who asks for its head alone has not taken it."""
    if request.method == "GET":
        report_history.log_action(request.user, action, report, file=file)
