"""The audit log of requests."""

from dashboard.models import AuditEntry, Report
from dashboard.views import Request


def log_download(request: Request, action: str, report: Report, file: str) -> None:
    """Log that a user downloads a file of a report; a HEAD request downloads nothing."""
    if request.method == "GET":
        AuditEntry.objects.record(request.user, action, report, file=file)
