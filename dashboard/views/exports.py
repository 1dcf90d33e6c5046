"""Tables as files, and on paper."""

from collections.abc import Mapping
from typing import Any

from django.http import FileResponse, Http404, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from dashboard.exports import tables
from dashboard.exports.tables import Format, Writer
from dashboard.models import Report, Sheet, Status
from dashboard.queries import report_query, rule_summaries
from dashboard.queries.filters import EvaluationFilter
from dashboard.text.formatting import format_time
from dashboard.views import Request
from dashboard.views.head import build_report_header
from dashboard.views.log import log_file_taken
from dashboard.views.reports import find_ready_report
from dashboard.views.rows import Row, build_evaluation_rows, build_rule_rows

PRINTED = 2_000  # rows of resources that a printed report has at most; it says so


def requested_table(request: Request, report: Report) -> tables.Table:
    """The table that a query string asks for: rules, a sheet or, by default, resources."""
    what = request.GET.get("what", "resources")
    if what == "sheet":
        number = request.GET.get("sheet", "")
        return tables.build_sheet_table(
            report,
            get_object_or_404(Sheet, report=report, number=number if number.isdecimal() else -1),
        )
    if what == "rules":
        return tables.build_rule_table(
            report, EvaluationFilter.parse(request.GET, tuple(report_query.RULE_ORDERS))
        )
    return tables.build_resource_table(
        report, EvaluationFilter.parse(request.GET, tuple(report_query.ORDERS))
    )


@require_safe
def report_export(request: Request, report_id: int, kind: str) -> HttpResponseBase:
    """A table as a file: made whole first, so that a failure is an error page and never half a file."""
    form = find_format(kind, tables.FORMATS)
    asked = requested_table(request, find_ready_report(report_id))
    name = f"{asked.file_stem}.{kind}"
    file = tables.write_to_temporary_file(asked, form.write, request.user)
    log_file_taken(request, "export", asked.report, name)
    return FileResponse(file, as_attachment=True, filename=name, content_type=form.content_type)


def find_format(kind: str, formats: Mapping[str, Format[Writer]]) -> Format[Writer]:
    try:
        return formats[kind]
    except KeyError as error:
        raise Http404 from error


@require_safe
def report_export_preparing(request: Request, report_id: int, kind: str) -> HttpResponse:
    """What a reader sees while a large file is made."""
    form, report = find_format(kind, tables.FORMATS), find_ready_report(report_id)
    about = {
        "pack": report.pack,
        "of": report.pack_name,
        "moments": [report.listed_at],
        "back": f"/reports/{report_id}/",
        "back_words": _("Back to the report"),
    }
    return render_preparing(
        request,
        form,
        requested_table(request, report).count,
        f"/reports/{report_id}/export.{kind}",
        about,
    )


def render_preparing(
    request: Request, form: Format[Any], count: int, file: str, about: dict[str, Any]
) -> HttpResponse:
    """A page that asks for the file and stays until it comes; where the file does not take long, the file itself.

    `about` says what the file is of, and which way leads back.
    """
    file = f"{file}?{request.GET.urlencode()}"
    if count <= form.pace:
        return redirect(file)
    told = {"file": file, "count": count, "seconds": max(2, round(count / form.pace))}
    return render(request, "export/preparing.html", about | told)


@require_safe
def report_print(request: Request, report_id: int) -> HttpResponse:
    """The report as a document: a cover, the rules, the rows by rule."""
    report = find_ready_report(report_id)
    wanted = EvaluationFilter.parse(request.GET, tuple(report_query.ORDERS)).replace(sort="")
    rows_wanted = wanted if wanted.status else wanted.replace(status=Status.NON_COMPLIANT)
    page = report_query.load_page(report, rows_wanted, PRINTED)
    groups: dict[int, list[Row]] = {}
    for row in build_evaluation_rows(report, page.rows):
        groups.setdefault(row["rule_pk"], []).append(row)
    listed = report_query.filter_rules(report, wanted.replace(status=None))
    names = {one.rule: one.name for one in rule_summaries.load_rule_summaries(report)}
    context = {
        "rules": build_rule_rows(report, listed),
        "groups": [{"name": names.get(rule, ""), "rows": rows} for rule, rows in groups.items()],
        "page": page,
        "filter": wanted.describe(names.get(wanted.rule or 0, "")) if wanted.has_conditions else "",
        "status": rows_wanted.status,
        "printed": format_time(timezone.now()),
    }
    return render(request, "report/print.html", build_report_header(report, wanted, "") | context)
