"""A report's pages: rules, resources, evidence (counts and remarks), and the original file."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe
from django_htmx.http import push_url, replace_url

from dashboard.generation.repeated_readings import can_read_again
from dashboard.models import Evaluation, Report
from dashboard.models.result_lists import find_result_list, has_result_list
from dashboard.queries import report_query, report_rules
from dashboard.queries.filters import (
    PARAMETER_LABELS,
    RISKS,
    SOURCES,
    STATUS_BY_SLUG,
    EvaluationFilter,
)
from dashboard.queries.report_header import build_report_header, language_context
from dashboard.queries.report_rows import build_resource_rows, build_rule_rows
from dashboard.queries.result_merge import load_result_merge
from dashboard.queries.rule_summaries import load_rule_names, load_rule_summaries
from dashboard.queries.rules_without_data import (
    count_rules_without_data,
    load_rules_without_data,
)
from dashboard.queries.stored_evaluations import load_stored_evaluation
from dashboard.text import console_links
from dashboard.text.count_checks import find_number_of_all_rules, list_check_lines
from dashboard.text.origins import describe_provenance
from dashboard.text.report_remarks import list_remark_lines
from dashboard.text.result_list_words import format_results_name
from dashboard.text.rule_words import describe_rule_state
from dashboard.views import Request
from dashboard.views.downloads import send_original
from dashboard.views.fragments import (
    build_export_menu_context,
    build_run_status_context,
    get_reading_permission,
)
from dashboard.views.log import log_download

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

ColumnLabels = dict[str, "StrPromise"]
RESOURCE_COLUMNS: ColumnLabels = {
    "status": _("Status"),
    "resource": _("Resource"),
    "rule": _("Rule"),
    "type": _("Type"),
    "region": _("Region"),
    "finding": _("Actual / required / reason"),
    "since": _("First report with this status"),
}
RULE_COLUMNS: ColumnLabels = {
    "name": _("Rule"),
    "risk": _("Risk"),
    "failing": _("Failing / evaluated"),
    "since": _("First seen failing without a break"),
    "change": _("Since last report"),
}
FILTER_LABELS: ColumnLabels = {
    "status": _("Status"),
    "risk": _("Risk"),
    "region": _("Region"),
    "type": _("Type"),
    "account": _("Account"),
    "source": _("Source"),
}
ROWS_OF_OPENED_RULE = 20
CONTENT_TYPES = {
    "biff8": "application/vnd.ms-excel",
    "xls": "application/vnd.ms-excel",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "zip": "application/zip",
}


@require_safe
def report_detail(request: Request, report_id: int) -> HttpResponse:
    """Show the rules of a ready report; of any other report, show the progress or the error."""
    report = get_object_or_404(report_query.select_reports(), pk=report_id)
    if report.state != Report.State.READY:
        can_act = request.user.has_perm("dashboard.generate_report")
        context = build_run_status_context(report, can_act)
        context["can_read_again"] = can_read_again(report) and request.user.has_perm(
            get_reading_permission(report)
        )
        return render(request, "report/unready.html", context)
    table_filter = EvaluationFilter.parse(request.GET, tuple(report_rules.RULE_ORDERS))
    context = {
        **build_report_header(report, table_filter, "rules"),
        **build_report_filter_context(
            report, table_filter, reverse("report-detail", args=[report_id])
        ),
        **build_rules_context(report, table_filter),
    }
    return render(request, "report/rules.html", context)


@require_safe
def report_rule(
    request: Request, report_id: int, rule_id: int, closed: bool = False
) -> HttpResponse:
    """Show a rule with its first resources: as a page or, for htmx, as an opened table row.

    With `closed`, htmx gets the closed row.
    """
    report = get_object_or_404(report_query.select_reports().ready(), pk=report_id)
    table_filter = EvaluationFilter.parse(request.GET, tuple(report_rules.RULE_ORDERS))
    rows = build_rule_rows(
        report, [rule for rule in load_rule_summaries(report) if rule.rule == rule_id]
    )
    if not rows:
        raise Http404
    context = {**build_rule_row_context(report, table_filter), "row": rows[0]}
    if not (closed and request.htmx):
        context |= build_opened_rule_context(report, rule_id, table_filter)
    if request.htmx:
        query = table_filter.query_string(open=None if closed else rule_id)
        address = reverse("report-detail", args=[report_id]) + query
        return replace_url(render(request, "report/rules.html#row", context), address)
    return render(
        request, "report/rule.html", build_report_header(report, table_filter, "rules") | context
    )


@require_safe
def report_resources(request: Request, report_id: int) -> HttpResponse:
    report = get_object_or_404(report_query.select_reports().ready(), pk=report_id)
    table_filter = EvaluationFilter.parse(request.GET, tuple(report_query.ORDERS))
    page = report_query.load_page(report, table_filter)
    default_order = gettext("failing first, then risk, then rule, then resource")
    query = table_filter.query_string()
    context = {
        **build_report_header(report, table_filter, "resources"),
        **build_report_filter_context(
            report, table_filter, reverse("report-resources", args=[report_id])
        ),
        **build_export_menu_context(report, page.paginator.count, query),
        "page": page,
        "rows": build_resource_rows(report, page),
        "labels": translate_labels(RESOURCE_COLUMNS),
        "columns": build_column_headers(RESOURCE_COLUMNS, report_query.ORDERS, table_filter.sort),
        "order": report_query.describe_order(table_filter.sort, report_query.ORDERS, default_order),
    }
    return render(request, "report/resources.html", context)


@require_safe
def report_resource(
    request: Request, report_id: int, key: int, closed: bool = False
) -> HttpResponse:
    """Show an evaluation with its details: as a page or, for htmx, as an opened table row.

    `key` is the key of the evaluation. With `closed`, htmx gets the closed row.
    """
    report = get_object_or_404(report_query.select_reports().ready(), pk=report_id)
    evaluations = Evaluation.objects.at(report.pack_id, report.position or 0)
    evaluation = get_object_or_404(evaluations, key=key)
    context: dict[str, Any] = {
        "report": report,
        **language_context(report),
        "row": build_resource_rows(report, [evaluation])[0],
        "labels": translate_labels(RESOURCE_COLUMNS),
    }
    if not (closed and request.htmx):
        context |= {
            "is_open": True,
            "console_url": console_links.resource_console_url(evaluation, report.pack.account),
            "stored": load_stored_evaluation(report, key),
        }
    if request.htmx:  # The row is a boosted link; the browser keeps the address of the table.
        return push_url(render(request, "report/resources.html#row", context), False)
    header = build_report_header(report, EvaluationFilter(), "resources")
    return render(request, "report/resource.html", header | context)


@require_safe
def report_evidence(request: Request, report_id: int) -> HttpResponse:
    """Show where the report's numbers come from: counts of file and cloud, and remarks."""
    report = get_object_or_404(report_query.select_reports().ready(), pk=report_id)
    context = {
        **build_report_header(report, EvaluationFilter(), "evidence"),
        "check_lines": list_check_lines(report),
        "provenance": describe_provenance(report),
        "remark_lines": list_remark_lines(report),
        "results": find_result_list(report),
        "merge": load_result_merge(report),
        "rules_without_data": load_rules_without_data(report),
    }
    return render(request, "report/evidence.html", context)


@require_safe
def report_original(request: Request, report_id: int) -> HttpResponseBase:
    """Send the report's file, unchanged and under its own name.

    This also works if the file could not be read as a report.
    """
    report = get_object_or_404(report_query.select_reports(), pk=report_id)
    if report.original is None:
        raise Http404
    name = report.file_name or report.original.sha256
    content_type = CONTENT_TYPES.get(report.file_kind, "application/octet-stream")
    response = send_original(report.original, name, content_type)
    log_download(request, "download", report, name)
    return response


@require_safe
def report_results(request: Request, report_id: int) -> HttpResponseBase:
    """Send the evaluation results fetched beside the report: the cloud's answers as they came."""
    report = get_object_or_404(report_query.select_reports(), pk=report_id)
    result_list = find_result_list(report)
    if result_list is None or result_list.original is None:
        raise Http404
    name = format_results_name(report, result_list)
    response = send_original(result_list.original, name, "application/gzip")
    log_download(request, "download-results", report, name)
    return response


def build_rules_context(report: Report, table_filter: EvaluationFilter) -> dict[str, Any]:
    """Return the context of the table of rules and, if a rule is open in it, of that rule."""
    summaries = report_rules.filter_rules(report, table_filter)
    orders, sort = report_rules.RULE_ORDERS, table_filter.sort
    default_order = gettext("failing first, then risk, then number of failing resources, then name")
    context = {
        **build_rule_row_context(report, table_filter),
        **build_export_menu_context(report, len(summaries), table_filter.query_string()),
        "rows": build_rule_rows(report, summaries),
        "columns": build_column_headers(RULE_COLUMNS, orders, sort),
        "order": report_query.describe_order(sort, orders, default_order),
        "all_rules": find_number_of_all_rules(report),
        "rules_without_data": count_rules_without_data(report),
    }
    if table_filter.open and any(summary.rule == table_filter.open for summary in summaries):
        context |= build_opened_rule_context(report, table_filter.open, table_filter)
    return context


def build_rule_row_context(report: Report, table_filter: EvaluationFilter) -> dict[str, Any]:
    """Return the context that is the same for every row of the table of rules."""
    query = table_filter.query_string()
    return {
        "report": report,
        **language_context(report),
        "query": query,
        # The template appends the id of the rule.
        "query_to_open": query + ("open=" if query == "?" else "&open="),
        "labels": translate_labels(RULE_COLUMNS),
    }


def build_opened_rule_context(
    report: Report, rule_id: int, table_filter: EvaluationFilter
) -> dict[str, Any]:
    """Return the context of an opened rule: the rule and its first ROWS_OF_OPENED_RULE rows."""
    rule_filter = table_filter.replace(rule=rule_id, sort="")
    opened_rule = report.rule_results.select_related("rule", "text").get(rule=rule_id)
    page = report_query.load_page(report, rule_filter, ROWS_OF_OPENED_RULE)
    return {
        "opened_rule": opened_rule,
        "rule_state": None
        if page.paginator.count
        else describe_rule_state(opened_rule.cloud_state),
        "opened_page": page,
        "opened_rows": build_resource_rows(report, page),
        "opened_query": rule_filter.query_string(),
    }


def build_report_filter_context(
    report: Report, table_filter: EvaluationFilter, action: str
) -> dict[str, Any]:
    """Return the context of report/filters.html; `action` is the address of the whole table."""
    status = table_filter.status
    rule_name = load_rule_names(report).get(table_filter.rule or 0, "")
    return {
        "action": action,
        "filter_fields": build_filter_fields(report, table_filter),
        "chips": table_filter.chips(rule_name),
        "conditions": table_filter.describe(rule_name),
        "ignored_filters": [PARAMETER_LABELS[name] for name in table_filter.ignored],
        "unlisted_status": status if status and status not in report.listed_statuses else None,
    }


def build_filter_fields(report: Report, table_filter: EvaluationFilter) -> list[dict[str, Any]]:
    """Return the drop-down fields of the filter.

    A field with fewer than two choices is left out, unless the filter already has a value for it.
    """
    choices = report_query.get_filter_choices(report)
    has_list = has_result_list(report)
    options: dict[str, list[tuple[str, Any]]] = {
        "status": [(slug, status.label) for slug, status in STATUS_BY_SLUG.items()],
        "risk": [(slug, risk.label) for slug, risk in RISKS.items()],
        "region": [(region, region) for region in choices.regions],
        "type": [(resource_type, resource_type) for resource_type in choices.types],
        "account": [(account, account) for account in choices.accounts],
        "source": [(slug, source.label) for slug, source in SOURCES.items()] if has_list else [],
    }
    values = dict(table_filter.query_pairs)
    return [
        {
            "name": name,
            "label": FILTER_LABELS[name],
            "options": field_options,
            "value": values.get(name, ""),
        }
        for name, field_options in options.items()
        if len(field_options) > 1 or name in values
    ]


def translate_labels(labels: ColumnLabels) -> dict[str, str]:
    """Return the labels as text, so that they are translated once and not in every row."""
    return {name: str(label) for name, label in labels.items()}


def build_column_headers(
    labels: ColumnLabels, orders: Iterable[str], sort: str
) -> list[dict[str, Any]]:
    """Return the headers of a table: label, order after a click, and current order.

    `sort_on_click` is empty for a column that cannot be sorted, `sorted_by` ("ascending" or
    "descending") for a column by which the table is not sorted now.
    """
    headers = []
    for name, label in labels.items():
        sorted_by = {name: "ascending", f"-{name}": "descending"}.get(sort, "")
        sort_on_click = f"-{name}" if sorted_by == "ascending" else name
        headers.append(
            {
                "label": label,
                "sort_on_click": sort_on_click if name in orders else "",
                "sorted_by": sorted_by,
            }
        )
    return headers
