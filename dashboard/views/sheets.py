"""The page of a sheet: the cells of a report's file, unchanged."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from dashboard.queries import report_query
from dashboard.queries.filters import EvaluationFilter
from dashboard.queries.report_header import build_report_header
from dashboard.queries.sheet_rows import load_sheet_page
from dashboard.views import Request
from dashboard.views.fragments import build_export_menu_context


@require_safe
def report_sheet(request: Request, report_id: int, number: int) -> HttpResponse:
    report = get_object_or_404(report_query.select_reports().ready(), pk=report_id)
    sheet = get_object_or_404(report.sheets, number=number)
    table_filter = EvaluationFilter.parse(request.GET)
    sheet_page = load_sheet_page(report, sheet, table_filter.page)
    context = {
        **build_report_header(report, table_filter, "sheets"),
        **build_export_menu_context(report, sheet.rows, f"?sheet={number}"),
        "sheets": report.sheets.all(),
        "sheet": sheet,
        "headings": sheet_page.headings if sheet_page else [],
        "page": sheet_page.page if sheet_page else None,
    }
    return render(request, "report/sheet.html", context)
