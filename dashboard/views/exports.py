"""Export a report's tables as files, and show the report as a document to print."""

from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from dashboard.exports import report_tables, resource_tables
from dashboard.exports.report_tables import REPORT_ROWS_PER_SECOND
from dashboard.exports.tables import ExportTable
from dashboard.models import Report, Sheet
from dashboard.models.result_lists import has_result_list
from dashboard.queries import report_positions, report_query, report_rules
from dashboard.queries.filters import EvaluationFilter
from dashboard.queries.printed_report import load_printed_report
from dashboard.queries.report_header import build_report_header
from dashboard.queries.result_merge import load_result_merge
from dashboard.text.count_checks import list_check_lines
from dashboard.text.definitions import list_term_definitions
from dashboard.text.formatting import format_time
from dashboard.text.origins import describe_provenance
from dashboard.text.page_margins import build_page_margins
from dashboard.text.report_remarks import list_remark_lines
from dashboard.text.result_list_words import list_result_facts
from dashboard.views import Request
from dashboard.views.downloads import get_item_or_404, render_preparing_page, send_export

MAX_SHEET_DIGITS = 5


@require_safe
def report_export(request: Request, report_id: int, kind: str) -> HttpResponseBase:
    """Send one of the report's tables as a file, with the filter of the query string.

    `kind` is the file format: a key of EXPORT_FORMATS.
    """
    report = get_object_or_404(report_query.select_reports().ready(), pk=report_id)
    return send_export(request, build_requested_table(request, report), kind, report)


@require_safe
def report_export_preparing(request: Request, report_id: int, kind: str) -> HttpResponseBase:
    """Show the page that announces a large export and then loads it; send a small one at once."""
    report = get_object_or_404(report_query.select_reports().ready(), pk=report_id)
    table = build_requested_table(request, report)
    rows_per_second = get_item_or_404(REPORT_ROWS_PER_SECOND, kind)
    if table.row_count <= rows_per_second:
        return send_export(request, table, kind, report)
    return render_preparing_page(
        request,
        file_url=reverse("report-export", args=[report_id, kind]),
        row_count=table.row_count,
        rows_per_second=rows_per_second,
        context={
            "pack": report.pack,
            "title": report.pack_name,
            "times": [report.listed_at],
            "back_url": reverse("report-detail", args=[report_id]),
            "back_label": _("Back to the report"),
        },
    )


def build_requested_table(request: Request, report: Report) -> ExportTable:
    """Return the table that ?what= names: "rules", "sheet" or, by default, "resources"."""
    table_name = request.GET.get("what", "resources")
    user_name = request.user.get_username()
    if table_name == "sheet":
        number = request.GET.get("sheet", "")
        # No sheet has the number -1: a text that is no such number is answered with 404.
        is_number = number.isdecimal() and len(number) <= MAX_SHEET_DIGITS
        sheet = get_object_or_404(Sheet, report=report, number=number if is_number else -1)
        return report_tables.build_sheet_table(report, sheet, user_name)
    if table_name == "rules":
        row_filter = EvaluationFilter.parse(request.GET, tuple(report_rules.RULE_ORDERS))
        return report_tables.build_rule_table(report, row_filter, user_name)
    row_filter = EvaluationFilter.parse(request.GET, tuple(report_query.ORDERS))
    return resource_tables.build_resource_table(report, row_filter, user_name)


@require_safe
def report_print(request: Request, report_id: int) -> HttpResponse:
    """Show the report as an audit document: a first page, the rules, the resources by rule."""
    report = get_object_or_404(report_query.select_reports().ready(), pk=report_id)
    row_filter = EvaluationFilter.parse(request.GET, tuple(report_query.ORDERS)).replace(sort="")
    printed = load_printed_report(report, row_filter)
    context = {
        **build_report_header(report, row_filter, ""),
        "printed": printed,
        "previous_time": report_positions.find_previous_time(report),
        "provenance": describe_provenance(report),
        "result_facts": list_result_facts(report),
        "check_lines": list_check_lines(report),
        "terms": list_term_definitions(with_sources=has_result_list(report)),
        "merge": load_result_merge(report),
        "margins": build_page_margins([report], printed.filter_text),
        "printed_at": format_time(timezone.now()),
        "remark_lines": list_remark_lines(report),
    }
    return render(request, "report/print.html", context)
