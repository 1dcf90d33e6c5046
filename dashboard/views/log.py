"""Write downloads to the audit log, the list of who did what with a report."""

from dashboard.models import AuditEntry, Report
from dashboard.views import Request


def log_download(request: Request, action: str, report: Report, file_name: str) -> None:
    """Log that a user downloads a file of a report; `action` is "export" or "download".

    Only a GET request is logged: a HEAD request downloads nothing.
    """
    if request.method == "GET":
        AuditEntry.objects.record(request.user, action, report, file=file_name)
