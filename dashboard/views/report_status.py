"""A run on its way: the fragment that shows it and asks for itself again, Cancel."""

from typing import Any

from django.contrib.auth.decorators import permission_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST
from django_htmx.http import reswap, retarget, trigger_client_event

from dashboard.generation import requests
from dashboard.models import Report
from dashboard.queries import pack_overview, report_history
from dashboard.text import error_messages
from dashboard.views import Request, home

STEPS = (*Report.UNDER_WAY, Report.State.READY)
# What the fragment tells: it is asked for so often that the other fifty columns would be most of its cost.
NEEDED = (
    "pack__gone_at",
    "pack_name",
    "state",
    "requested_at",
    "joined",
    "error_code",
    "error_facts",
)


def status_context(report: Report, acts: bool) -> dict[str, Any]:
    """What report_status.html needs; a page that includes it loads itself anew where nothing can ask in the page.

    `acts` offers Cancel and Try again. Asking again says so in its address, which spares each the look at who may what;
    whether it may be done is decided where it is done.
    """
    told: dict[str, Any] = {"report": report, "acts": acts}
    if report.error_code:
        told["cause"] = error_messages.explain_error(report.error_code, report.error_facts)
    if report.under_way:
        here = STEPS.index(Report.State(report.state))
        told["steps"] = [
            {"words": step.label, "here": i == here, "done": i < here}
            for i, step in enumerate(STEPS)
        ]
        told["pause"] = told["refresh"] = pack_overview.poll_delay([report])
    return told


@require_GET
def report_status(request: Request, pk: int) -> HttpResponse:
    """The steps, while they are being taken; once the run has ended, what came of it, which asks no more."""
    report = get_object_or_404(Report.objects.select_related("pack").only(*NEEDED), pk=pk)
    acts = "acts" in request.GET
    if not request.htmx:
        return redirect(f"/reports/{pk}/")
    if report.under_way:
        return render(request, "report/status.html#steps", status_context(report, acts))
    return render_ended(request, report, acts)


def render_ended(request: Request, report: Report, acts: bool) -> HttpResponse:
    """The whole fragment in place of the steps; lists in the page hear of it and bring themselves up to date."""
    response = render(request, "report/status.html#status", status_context(report, acts))
    return trigger_client_event(
        reswap(retarget(response, f"#report-{report.pk}"), "outerHTML"), "report-ended"
    )


@require_POST
@permission_required("dashboard.generate_report", raise_exception=True)
def report_cancel(request: Request, pk: int) -> HttpResponse:
    report = get_object_or_404(Report.objects.select_related("pack"), pk=pk)
    if requests.cancel_report(report):
        report_history.log_action(request.user, "cancel", report)
    if not request.htmx:
        return redirect(f"/reports/{pk}/")
    if request.htmx.target == f"pack-{report.pack_id}":
        return home.render_pack_row(request, report.pack)
    return render_ended(request, report, acts=True)
