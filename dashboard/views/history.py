"""The history of everything, newest first; and what people write on a report: label, note, hold."""

from django.contrib.auth.decorators import permission_required
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from dashboard.models import AuditEntry, Report
from dashboard.queries import report_history
from dashboard.views import Request
from dashboard.views.figures import build_entry, list_labels, with_list_columns
from dashboard.views.forms import AnnotationForm, HistoryForm

PER_PAGE = 25


@require_safe
def report_list(request: Request) -> HttpResponse:
    """Every report, run and import that the filter leaves."""
    every = Report.objects.select_related("pack__account")
    form = HistoryForm(request.GET)
    found = with_list_columns(form.narrow(every), "pack__account__name")
    page = Paginator(found, PER_PAGE).get_page(request.GET.get("page"))
    words = list_labels()
    shown = [build_entry(report, words) for report in page.object_list]
    return render(
        request, "report/list.html", {"form": form, "page": page, "entries": shown, "labels": words}
    )


@require_safe
def report_changes(_request: Request, report_id: int) -> HttpResponse:
    """Leads to the comparison of a report with the one before it; the first one's with itself."""
    report = get_object_or_404(Report.objects.ready(), pk=report_id)
    earlier = Report.objects.ready().filter(pack=report.pack_id, position__lt=report.position)
    before = earlier.order_by("-position").values_list("pk", flat=True).first() or report.pk
    return redirect(f"/packs/{report.pack_id}/compare/{before}/{report.pk}/")


def report_notes(request: Request, report_id: int) -> HttpResponse:
    """Label, note and hold, and the log of what was done; whoever may change them finds a form."""
    report = get_object_or_404(Report.objects.select_related("pack__account"), pk=report_id)
    if request.method == "POST":
        return save_notes(request, report)
    return render_notes(request, report, AnnotationForm(instance=report, label_suffix=""))


@permission_required("dashboard.change_report", raise_exception=True)
def save_notes(request: Request, report: Report) -> HttpResponse:
    form = AnnotationForm(request.POST, instance=Report(pk=report.pk), label_suffix="")
    if not form.is_valid():
        return render_notes(request, report, form, status=422)
    report_history.annotate_report(report, request.user, **form.cleaned_data)
    return redirect(f"/reports/{report.pk}/notes/")


def render_notes(
    request: Request, report: Report, form: AnnotationForm, status: int = 200
) -> HttpResponse:
    log = [
        {"entry": entry, "lines": audit_lines(entry)} for entry in report.audit.select_related("by")
    ]
    return render(
        request, "report/notes.html", {"report": report, "form": form, "log": log}, status=status
    )


def audit_lines(entry: AuditEntry) -> list[str]:
    """What an entry of the log says, a line for each thing that was done."""
    if entry.action == "annotate":
        names = {"label": _("label"), "note": _("note"), "held": _("hold")}
        told = [
            (
                names[name],
                f"{format_audit_value(entry.before[name])} → {format_audit_value(entry.after[name])}",
            )
            for name in entry.after
        ]
    else:
        names = {
            "export": _("exported"),
            "download": _("original downloaded"),
            "cancel": _("run cancelled"),
        }
        told = [(names[entry.action], entry.after.get("file", ""))]
    return [
        _("%(name)s: %(value)s") % {"name": name, "value": value} if value else name
        for name, value in told
    ]


def format_audit_value(value: str | bool) -> str:
    """A value of the log in words."""
    return (_("yes") if value else _("no")) if isinstance(value, bool) else value or "–"
