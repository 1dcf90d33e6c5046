"""Show the progress of a report that is being generated, and cancel it.

The page polls report_status: it asks every few seconds for a fragment with the current step.
"""

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from django_htmx.http import (
    HttpResponseClientRedirect,
    reswap,
    retarget,
    trigger_client_event,
)

from dashboard.generation import requests
from dashboard.generation.repeated_readings import read_again
from dashboard.models import AuditEntry, Report
from dashboard.views import Request
from dashboard.views.fragments import (
    build_run_status_context,
    get_reading_permission,
    render_run_status,
)
from dashboard.views.home_rows import render_pack_row


@require_GET
def report_status(request: Request, pk: int) -> HttpResponse:
    """Answer a poll with the steps of the run or, if the run has ended, with the outcome.

    The page adds ?acts to the address if the user may cancel. So a poll needs no query of the
    permissions; report_cancel checks them.
    """
    report = get_object_or_404(Report.objects.with_status_fields(), pk=pk)
    can_act = "acts" in request.GET
    if not request.htmx:
        return redirect("report-detail", pk)
    if report.under_way:
        context = build_run_status_context(report, can_act)
        return render(request, "report/status.html#steps", context)
    return render_ended_run(request, report, can_act)


def render_ended_run(request: Request, report: Report, can_act: bool) -> HttpResponse:
    """Return the outcome, which replaces the steps on the page.

    The event `report-ended` makes the lists on the page reload themselves.
    """
    response = render_run_status(request, report, can_act)
    response = reswap(retarget(response, f"#report-{report.pk}"), "outerHTML")
    return trigger_client_event(response, "report-ended")


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("dashboard.generate_report", raise_exception=True)
def report_cancel(request: Request, pk: int) -> HttpResponse:
    """Cancel a run; ask first if another user requested it.

    A press in the first seconds is the second press on Generate and changes nothing.
    """
    report = get_object_or_404(Report.objects.select_related("pack", "requested_by"), pk=pk)
    if request.method == "POST":
        is_own_run = report.requested_by_id == request.user.pk
        if not report.under_way or report.is_just_requested:
            return render_after_cancel(request, report)
        if is_own_run or "confirmed" in request.POST:
            if requests.cancel_report(report, request.user):
                AuditEntry.objects.record(request.user, "cancel", report)
            return render_after_cancel(request, report)
        if request.htmx:
            return HttpResponseClientRedirect(reverse("report-cancel", args=[pk]))
    if not report.under_way:
        return redirect("report-detail", pk)
    return render(request, "report/cancel.html", {"report": report})


@require_POST
def report_read_again(request: Request, pk: int) -> HttpResponse:
    """Read the kept file of a failed or cancelled report again.

    Those may do it who may generate the report or, if it is an import, import it.
    """
    report = get_object_or_404(Report.objects.select_related("pack"), pk=pk)
    if not request.user.has_perm(get_reading_permission(report)):
        raise PermissionDenied
    if not read_again(report, request.user):
        text = _("The file is not read again: the report, or another one of the pack, has changed.")
        messages.error(request, text)
    return redirect("report-detail", pk)


def render_after_cancel(request: Request, report: Report) -> HttpResponse:
    """Return the page or the fragment on which Cancel was pressed."""
    if not request.htmx:
        return redirect("report-detail", report.pk)
    if request.htmx.target == f"pack-{report.pack_id}":
        return render_pack_row(request, report.pack)
    if report.under_way:
        return render_run_status(request, report, can_act=True)
    return render_ended_run(request, report, can_act=True)
