"""The list of the reports of all packs, and the page of a report's label, note and hold.

A held report is never deleted. The audit log lists who changed, exported or downloaded a report.
"""

from collections.abc import Callable
from typing import Any

from django.contrib.auth.decorators import permission_required
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from dashboard.comparison.comparison_filter import ComparisonFilter
from dashboard.generation.queue import schedule_step
from dashboard.ledger.withdrawal import restore_report, withdraw_report
from dashboard.models import Report
from dashboard.queries.pack_choices import clean_search_text, suggest_choices
from dashboard.queries.report_list import build_report_rows, get_figure_labels, paginate_reports
from dashboard.text.audit_lines import list_audit_lines
from dashboard.views import Request
from dashboard.views.forms import AnnotationForm, ReasonForm
from dashboard.views.report_list_forms import HistoryForm


@require_safe
def report_list(request: Request) -> HttpResponse:
    form = HistoryForm(request.GET)
    reports = form.filter_reports(Report.objects.all())
    count = form.count_reports(reports)
    page = paginate_reports(reports, request.GET.get("page"), count=count, with_packs=True)
    context = {
        "form": form,
        "page": page,
        "rows": build_report_rows(page),
        "labels": get_figure_labels(),
    }
    return render(request, "report/list.html", context)


@require_safe
def report_suggestions(request: Request) -> HttpResponse:
    """Suggest accounts and packs for what is typed into the field of the history's filter."""
    suggestions = suggest_choices(clean_search_text(request.GET.get("q")))
    return render(request, "report/suggestions.html", {"suggestions": suggestions})


@require_safe
def report_changes(request: Request, report_id: int) -> HttpResponse:
    """Redirect to the comparison with the report before; the first one is compared with itself."""
    report = get_object_or_404(Report.objects.ready(), pk=report_id)
    earlier = Report.objects.ready().filter(pack=report.pack_id, position__lt=report.position)
    previous_id = earlier.order_by("-position").values_list("pk", flat=True).first()
    url = reverse("comparison-detail", args=[report.pack_id, previous_id or report.pk, report.pk])
    query = ComparisonFilter.parse(request.GET).query_string()
    return redirect(url if query == "?" else url + query)


def report_notes(request: Request, report_id: int) -> HttpResponse:
    """Show or save the label, note and hold of a report; the page also shows the audit log."""
    report = get_object_or_404(
        Report.objects.select_related("pack__account", "withdrawn_by"), pk=report_id
    )
    if request.method == "POST":
        return save_notes(request, report)
    return render_notes(request, report, AnnotationForm(instance=report, label_suffix=""))


@permission_required("dashboard.change_report", raise_exception=True)
def save_notes(request: Request, report: Report) -> HttpResponse:
    # Validation writes the form's values into the instance. The form gets an instance of its own,
    # so that `report` keeps the stored values, which the audit log needs.
    form = AnnotationForm(request.POST, instance=Report(pk=report.pk), label_suffix="")
    if not form.is_valid():
        return render_notes(request, report, form, status=422)
    report.update_annotations(request.user, **form.cleaned_data)
    return redirect("report-notes", report.pk)


@require_POST
@permission_required("dashboard.import_report", raise_exception=True)
def report_withdraw(request: Request, report_id: int) -> HttpResponse:
    """Withdraw an imported report, for the reason that the form gives."""
    return act_for_reason(request, report_id, Report.State.READY, withdraw_report)


@require_POST
@permission_required("dashboard.import_report", raise_exception=True)
def report_restore(request: Request, report_id: int) -> HttpResponse:
    """Take back the withdrawal of a report, for the reason that the form gives."""
    return act_for_reason(request, report_id, Report.State.WITHDRAWN, restore_report)


def act_for_reason(
    request: Request,
    report_id: int,
    state: Report.State,
    act: Callable[[Report, User, str], bool],
) -> HttpResponse:
    """Call `act` with the reason of the form; 404 if the report is no import in this state."""
    reports = Report.objects.select_related("pack__account", "withdrawn_by").filter(state=state)
    report = get_object_or_404(reports, pk=report_id, source=Report.Source.IMPORTED)
    form = ReasonForm(request.POST, label_suffix="")
    if not form.is_valid():
        notes_form = AnnotationForm(instance=report, label_suffix="")
        return render_notes(request, report, notes_form, form, status=422)
    act(report, request.user, form.cleaned_data["reason"])
    if report.under_way:
        schedule_step(report.pk)
    return redirect("report-notes", report.pk)


def render_notes(
    request: Request,
    report: Report,
    form: AnnotationForm,
    reason_form: ReasonForm | None = None,
    status: int = 200,
) -> HttpResponse:
    can_withdraw_or_restore = (
        report.source == Report.Source.IMPORTED
        and report.state in Report.IN_HISTORY
        and request.user.has_perm("dashboard.import_report")
    )
    context: dict[str, Any] = {
        "report": report,
        "form": form,
        "log": list_audit_lines(report.audit.select_related("by")),
    }
    if can_withdraw_or_restore:
        context["reason_form"] = reason_form or ReasonForm(label_suffix="")
    return render(request, "report/notes.html", context, status=status)
