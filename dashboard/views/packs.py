"""A pack's pages: the current run, the trend, the reports newest first, and Generate.

A run is the generation of a report.
"""

from typing import Any

from django.contrib.auth.decorators import permission_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST

from dashboard.charts import trend_chart
from dashboard.generation import requests
from dashboard.models import Pack, Report
from dashboard.queries import report_list, trend
from dashboard.queries.report_in_force import find_report_choices, find_report_in_force
from dashboard.text.audit_lines import list_audit_lines
from dashboard.views import Request
from dashboard.views.fragments import (
    build_run_status_context,
    render_run_status,
)
from dashboard.views.home_rows import render_pack_row
from dashboard.views.report_list_forms import AsOfForm, ReportListForm

CHART_REPORTS = 104  # drawn on the pack's page: two years of weekly reports


@require_GET
def pack_detail(request: Request, pk: int) -> HttpResponse:
    pack = get_pack(pk)
    form = ReportListForm(request.GET)
    reports = form.filter_reports(Report.objects.filter(pack=pack))
    count = reports.count()
    page = report_list.paginate_reports(reports, request.GET.get("page"), count=count)
    rows = report_list.build_report_rows(page)
    context = {
        "pack": pack,
        "form": form,
        "page": page,
        "rows": rows,
        "labels": report_list.get_figure_labels(),
        "log": list_audit_lines(pack.audit.select_related("by")),
        **build_choice_context(request, pack, rows),
        **build_as_of_context(request, pack),
        **build_trend_context(pack),
        **build_run_context(request, pack),
    }
    template = "pack/detail.html#reports" if request.htmx else "pack/detail.html"
    return render(request, template, context)


@require_GET
def pack_trend(request: Request, pk: int) -> HttpResponse:
    """Show the trend of all reports of a pack as a chart and a table; htmx gets only the table."""
    pack = get_pack(pk)
    page = trend.load_trend_page(pack, request.GET.get("page"))
    context: dict[str, Any] = {"pack": pack, "page": page}
    if request.htmx:
        return render(request, "pack/trend.html#table", context)
    points = trend.load_points(trend.list_ready_reports(pack))
    drawn_points = trend_chart.thin_points(points)
    context |= {
        "chart": trend_chart.draw_pack_trend(drawn_points),
        "drawn": len(drawn_points),
        "count": len(points),
    }
    return render(request, "pack/trend.html", context)


@require_POST
@permission_required("dashboard.generate_report", raise_exception=True)
def pack_generate(request: Request, pk: int) -> HttpResponse:
    """Request a report of the pack; if one is already being generated, show that one."""
    return start_run(request, pk, evaluates_first=False)


@require_POST
@permission_required(["dashboard.generate_report", "dashboard.evaluate_pack"], raise_exception=True)
def pack_evaluate(request: Request, pk: int) -> HttpResponse:
    """Request a report before which the cloud evaluates the pack again."""
    return start_run(request, pk, evaluates_first=True)


def start_run(request: Request, pk: int, *, evaluates_first: bool) -> HttpResponse:
    """Request a report of a pack, and answer with the page or fragment that shows its run."""
    pack = get_object_or_404(Pack.objects.in_cloud().select_related("account"), pk=pk)
    just_cancelled = requests.find_just_cancelled(pack, request.user)
    report = just_cancelled or requests.request_report(
        pack, request.user, evaluates_first=evaluates_first
    )
    if not request.htmx:
        return redirect("report-detail", report.pk)
    if request.htmx.target == f"pack-{pk}":
        return render_pack_row(request, pack)
    report.pack = pack
    return render_run_status(request, report, can_act=True)


def get_pack(pk: int) -> Pack:
    packs = Pack.objects.select_related("account", "archived_by")
    packs = packs.defer("account__secret_encrypted")
    return get_object_or_404(packs, pk=pk)


def build_run_context(request: Request, pack: Pack) -> dict[str, Any]:
    """Return the context of the report that is being generated; `run` is None without one."""
    runs = Report.objects.under_way().filter(pack=pack, source=Report.Source.GENERATED)
    # Most packs have no run, and exists() is much faster than loading a report with all columns.
    run = runs.first() if runs.exists() else None
    if run is None:
        return {"run": None}
    run.pack = pack
    may_generate = request.user.has_perm("dashboard.generate_report")
    return {"run": run, **build_run_status_context(run, can_act=may_generate)}


def build_trend_context(pack: Pack) -> dict[str, Any]:
    """Return the context of the chart of a pack's newest reports.

    `trend_rows` is the table below the chart if it is short, else None: a long table is loaded
    when the user opens it.
    """
    # One report more than is drawn shows whether there are older reports.
    points = trend.load_points(trend.list_ready_reports(pack)[: CHART_REPORTS + 1])
    drawn_points = points[-CHART_REPORTS:]
    is_short = len(points) <= trend.TABLE_ROWS
    return {
        "chart": trend_chart.draw_pack_trend(drawn_points),
        "drawn": len(drawn_points),
        "has_older_reports": len(points) > len(drawn_points),
        "trend_rows": trend.build_trend_rows(points) if is_short else None,
    }


def build_choice_context(
    request: Request, pack: Pack, rows: list[report_list.ReportRow]
) -> dict[str, Any]:
    """Return the reports selected for comparison: those of ?a= and ?b=, else the two newest.

    `chosen_elsewhere` has those that this page of the list does not show.
    """
    ready_ids = [row.report.pk for row in rows if row.is_ready]
    compared = dict(zip("ba", ready_ids, strict=False))
    choices = find_report_choices(pack.pk, [request.GET.get(side) for side in "ab"])
    chosen_ids = {str(pk): pk for pk in choices}
    for side in "ab":
        if pk := chosen_ids.get(request.GET.get(side, "")):
            compared[side] = pk
    elsewhere = [
        (side, choices[compared[side]])
        for side in "ab"
        if side in compared and compared[side] not in ready_ids
    ]
    return {"compared": compared, "chosen_elsewhere": elsewhere}


def build_as_of_context(request: Request, pack: Pack) -> dict[str, Any]:
    """Return the form that asks for the report in force on a date, and that report."""
    form = AsOfForm(request.GET)
    day = form.cleaned_data.get("as_of") if form.is_valid() else None
    return {"as_of_form": form, "in_force": find_report_in_force(pack, day) if day else None}
