"""A pack's page: what it is, the run under way, its reports newest first; Generate."""

from collections.abc import Iterable
from typing import Any

from django.contrib.auth.decorators import permission_required
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST

from dashboard import tasks
from dashboard.charts import trend_chart
from dashboard.generation import requests
from dashboard.models import Pack, Report
from dashboard.views import Request, home, report_status
from dashboard.views.figures import build_entry, list_labels, with_list_columns
from dashboard.views.forms import ReportListForm

PER_PAGE = 25


@require_GET
def pack_detail(request: Request, pk: int) -> HttpResponse:
    pack = get_object_or_404(
        Pack.objects.select_related("account").defer("account__secret_encrypted"), pk=pk
    )
    form = ReportListForm(request.GET)
    found = with_list_columns(form.narrow(Report.objects.filter(pack=pack)))
    page = Paginator(found, PER_PAGE).get_page(request.GET.get("page"))
    shown = list(page.object_list)
    # Most packs have none: to ask whether there is one costs a fraction of asking for it with all its columns.
    runs = Report.objects.under_way().filter(pack=pack, source=Report.Source.GENERATED)
    run = runs.first() if runs.exists() else None
    words = list_labels()
    context: dict[str, Any] = {"pack": pack, "run": run, "page": page, "form": form}
    context |= {
        "entries": [build_entry(report, words) for report in shown],
        "picked": default_comparison(shown),
        "labels": words,
    }
    context |= {"trend": trend_chart.draw_pack_trend(pack)}
    if run:
        context |= report_status.status_context(
            run, acts=request.user.has_perm("dashboard.generate_report")
        )
    return render(
        request, "pack/detail.html#reports" if request.htmx else "pack/detail.html", context
    )


@require_GET
def pack_trend(request: Request, pk: int) -> HttpResponse:
    """The trend of all reports, however many, and their table in pages; htmx is answered with the table."""
    pack = get_object_or_404(
        Pack.objects.select_related("account").defer("account__secret_encrypted"), pk=pk
    )
    page = Paginator(trend_chart.list_ready_reports(pack), trend_chart.ROWS).get_page(
        request.GET.get("page")
    )
    context = {
        "pack": pack,
        "page": page,
        "table": trend_chart.draw_trend_table(pack, max(0, page.start_index() - 1)),
    }
    if request.htmx:
        return render(request, "pack/trend.html#table", context)
    return render(
        request, "pack/trend.html", {**context, "trend": trend_chart.draw_full_trend(pack)}
    )


def default_comparison(shown: Iterable[Report]) -> dict[str, str]:
    """What A and B of the comparison stand on at first: the two latest reports shown, the older one as A."""
    ready = [str(report.pk) for report in shown if report.state == Report.State.READY]
    return dict(zip("ba", ready, strict=False))


@require_POST
@permission_required("dashboard.generate_report", raise_exception=True)
def pack_generate(request: Request, pk: int) -> HttpResponse:
    """Asks for a report of the pack, or joins the run under way."""
    pack = get_object_or_404(Pack.objects.in_cloud(), pk=pk)
    report = requests.request_report(pack, by=request.user)
    tasks.schedule_step(report.pk)
    if not request.htmx:
        return redirect(f"/reports/{report.pk}/")
    if request.htmx.target == f"pack-{pk}":
        return home.render_pack_row(request, pack)
    report.pack = pack
    return render(
        request, "report/status.html#status", report_status.status_context(report, acts=True)
    )
