"""A report: its rules, its resources, its evidence, its original."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django.http import FileResponse, Http404, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils.http import content_disposition_header
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe
from django_htmx.http import push_url, replace_url

from dashboard.archive import originals
from dashboard.models import Evaluation, Report, Status
from dashboard.queries import report_query, rule_summaries
from dashboard.queries.filters import PARAMETER_LABELS, RISKS, STATUSES, EvaluationFilter
from dashboard.text import console_links, parser_notes
from dashboard.views import Request, report_status
from dashboard.views.head import build_report_header, language_attributes
from dashboard.views.log import log_file_taken
from dashboard.views.rows import build_evaluation_rows, build_rule_rows
from dashboard.views.sheets import load_source_row

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

Columns = dict[str, "StrPromise"]
COLUMNS: Columns = {
    "status": _("Status"),
    "resource": _("Resource"),
    "rule": _("Rule"),
    "type": _("Type"),
    "region": _("Region"),
    "finding": _("Actual / required / reason"),
    "since": _("Since"),
}
RULE_COLUMNS: Columns = {
    "name": _("Rule"),
    "risk": _("Risk"),
    "failing": _("Failing / evaluated"),
    "since": _("Failing since"),
    "new": _("Since last report"),
}
FIELDS: Columns = {
    "status": _("Status"),
    "risk": _("Risk"),
    "region": _("Region"),
    "type": _("Type"),
    "account": _("Account"),
}
INSET = 20  # rows of a rule that opens in place
KINDS = {
    "biff8": "application/vnd.ms-excel",
    "xls": "application/vnd.ms-excel",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "zip": "application/zip",
}


def find_report(report_id: int) -> Report:
    try:
        return report_query.get_report(report_id)
    except Report.DoesNotExist as error:
        raise Http404 from error


def find_ready_report(report_id: int) -> Report:
    """A report whose numbers can be shown; 404 for one without."""
    report = find_report(report_id)
    if report.state != Report.State.READY:
        raise Http404
    return report


@require_safe
def report_detail(request: Request, report_id: int) -> HttpResponse:
    """The rules, failing first; where there is nothing to show yet, how far the report is."""
    found = find_report(report_id)
    if found.state != Report.State.READY:
        acts = request.user.has_perm("dashboard.generate_report")
        return render(request, "report/unready.html", report_status.status_context(found, acts))
    wanted = EvaluationFilter.parse(request.GET, tuple(report_query.RULE_ORDERS))
    listed = report_query.filter_rules(found, wanted)
    opened = next((result for result in listed if result.rule == wanted.open), None)
    otherwise = gettext("failing first, then risk, then number of failing resources, then name")
    context = {
        **filter_context(found, wanted, f"/reports/{found.pk}/"),
        "rules": build_rule_rows(found, listed),
        **rule_row_context(found, wanted),
        "columns": column_headers(RULE_COLUMNS, report_query.RULE_ORDERS, wanted),
        "order": report_query.describe_order(wanted, report_query.RULE_ORDERS, otherwise),
        "total": found.rules,
    }
    if opened:
        context |= inset_context(found, opened.rule, wanted)
    return render(
        request, "report/rules.html", build_report_header(found, wanted, "rules") | context
    )


@require_safe
def report_rule(
    request: Request, report_id: int, rule_id: int, closed: bool = False
) -> HttpResponse:
    """A rule of a report: the fragment that opens in place and closes again, or a page of its own."""
    found = find_ready_report(report_id)
    wanted = EvaluationFilter.parse(request.GET, tuple(report_query.RULE_ORDERS))
    result = next(
        (one for one in rule_summaries.load_rule_summaries(found) if one.rule == rule_id), None
    )
    if result is None:
        raise Http404
    context = {**rule_row_context(found, wanted), "rule": build_rule_rows(found, [result])[0]}
    if request.htmx and closed:
        return replace_url(
            render(request, "report/rules.html#row", context), context["base"] + context["query"]
        )
    context |= inset_context(found, rule_id, wanted)
    if request.htmx:
        here = f"{context['base']}{context['query_and']}open={rule_id}"
        return replace_url(render(request, "report/rules.html#row", context), here)
    return render(
        request, "report/rule.html", build_report_header(found, wanted, "rules") | context
    )


@require_safe
def report_resources(request: Request, report_id: int) -> HttpResponse:
    found = find_ready_report(report_id)
    wanted = EvaluationFilter.parse(request.GET, tuple(report_query.ORDERS))
    page = report_query.load_page(found, wanted)
    otherwise = gettext("failing first, then risk, then rule, then resource")
    context = {
        **filter_context(found, wanted, f"/reports/{found.pk}/resources/"),
        **page_links(page, wanted),
        "page": page,
        "rows": build_evaluation_rows(found, page.rows),
        "labels": column_labels(COLUMNS),
        "base": f"/reports/{found.pk}/resources/",
        "columns": column_headers(COLUMNS, report_query.ORDERS, wanted),
        "order": report_query.describe_order(wanted, report_query.ORDERS, otherwise),
        "total": found.rows,
        "rows_exported": page.count,
    }
    return render(
        request, "report/resources.html", build_report_header(found, wanted, "resources") | context
    )


@require_safe
def report_resource(
    request: Request, report_id: int, key: int, closed: bool = False
) -> HttpResponse:
    """One evaluation with all columns that the file has of it: the fragment that opens in place, or a page."""
    found = find_ready_report(report_id)
    one = Evaluation.objects.at(found.pack_id, found.position or 0).filter(key=key).first()
    if one is None:
        raise Http404
    context: dict[str, Any] = {
        "report": found,
        "row": build_evaluation_rows(found, [one])[0],
        "labels": column_labels(COLUMNS),
        "base": f"/reports/{report_id}/resources/",
        **language_attributes(found),
    }
    if closed and request.htmx:
        return push_url(render(request, "report/resources.html#row", context), False)
    context |= {
        "detail": True,
        "console": console_links.resource_console_url(one, found.pack.account),
        **load_source_row(found, key),
    }
    if request.htmx:  # the rows are boosted, which would leave the table's own address
        return push_url(render(request, "report/resources.html#row", context), False)
    return render(
        request,
        "report/resource.html",
        build_report_header(found, EvaluationFilter(), "resources") | context,
    )


@require_safe
def report_evidence(request: Request, report_id: int) -> HttpResponse:
    found = find_ready_report(report_id)
    stated = {
        name: found.stated_counts.get(name) or {}
        for name in ("overview", "cloud_resources", "cloud_rules")
    }
    context = {
        "counts": [
            {
                "status": status,
                "listed": status in found.listed_statuses,
                "ours": found.counts[status],
                "overview": stated["overview"].get(status.name.lower()),
                "cloud": stated["cloud_resources"].get(status.name),
            }
            for status in Status
        ],
        "cloud_rules": stated["cloud_rules"],
        "failing_rules": sum(
            1 for result in rule_summaries.load_rule_summaries(found) if result.failing
        ),
        "remarks": parser_notes.describe_notes(found),
    }
    return render(
        request,
        "report/evidence.html",
        build_report_header(found, EvaluationFilter(), "evidence") | context,
    )


@require_safe
def report_original(request: Request, report_id: int) -> HttpResponseBase:
    """The file byte for byte, under its own name; also of a report that could not be read."""
    found = find_report(report_id)
    if found.original is None:
        raise Http404
    try:
        file = originals.open_original(found.original)
    except FileNotFoundError as error:
        raise Http404 from error
    name = found.file_name or found.original.sha256
    log_file_taken(request, "download", found, name)
    response = FileResponse(
        file, content_type=KINDS.get(found.file_kind, "application/octet-stream")
    )
    response["Content-Disposition"] = content_disposition_header(True, name)
    response["Content-Length"] = str(found.original.size)
    response["X-Content-Type-Options"] = "nosniff"
    response["ETag"] = f'"{found.original.sha256}"'
    return response


def rule_row_context(report: Report, wanted: EvaluationFilter) -> dict[str, Any]:
    """What a rule's row needs beside the rule."""
    query = wanted.query_string()
    return {
        "report": report,
        "query": query,
        "query_and": query if query == "?" else f"{query}&",
        "base": f"/reports/{report.pk}/",
        "labels": column_labels(RULE_COLUMNS),
        **language_attributes(report),
    }


def filter_context(report: Report, wanted: EvaluationFilter, action: str) -> dict[str, Any]:
    """What the page says of its filter: the fields, the chips, what was dropped, the way back to everything."""
    names = {result.rule: result.name for result in rule_summaries.load_rule_summaries(report)}
    return {
        "action": action,
        "fields": filter_fields(report, wanted),
        "chips": wanted.chips(names.get(wanted.rule or 0, "")),
        "dropped": [PARAMETER_LABELS[name] for name in wanted.ignored],
        "unlisted": wanted.status
        if wanted.status and wanted.status not in report.listed_statuses
        else None,
        "query_exported": wanted.query_string(),
    }


def filter_fields(report: Report, wanted: EvaluationFilter) -> list[dict[str, Any]]:
    """The drop-downs; one with a single choice is left out, unless it is chosen."""
    options = report_query.get_filter_choices(report)
    choices: dict[str, list[tuple[str, Any]]] = {
        "status": [(slug, status.label) for slug, status in STATUSES.items()],
        "risk": [(slug, risk.label) for slug, risk in RISKS.items()],
        "region": [(region, region) for region in options.regions],
        "type": [(one, one) for one in options.types],
        "account": [(account, account) for account in options.accounts],
    }
    chosen = dict(wanted.query_pairs)
    return [
        {"name": name, "words": FIELDS[name], "choices": of, "chosen": chosen.get(name, "")}
        for name, of in choices.items()
        if len(of) > 1 or name in chosen
    ]


def page_links(page: report_query.EvaluationPage, wanted: EvaluationFilter) -> dict[str, str]:
    numbers = {"first": 1, "previous": page.number - 1, "next": page.number + 1, "last": page.last}
    return {name: wanted.query_string(page=number) for name, number in numbers.items()}


def inset_context(report: Report, rule: int, wanted: EvaluationFilter) -> dict[str, Any]:
    """An opened rule and its rows, as far as they go in place."""
    of_rule = wanted.replace(rule=rule, sort="")
    page = report_query.load_page(report, of_rule, INSET)
    link = f"/reports/{report.pk}/resources/{of_rule.query_string()}"
    result = report.rule_results.select_related("rule").get(rule=rule)
    return {
        "opened": rule,
        "result": result,
        "page": page,
        "rows": build_evaluation_rows(report, page.rows),
        "rest": link,
    }


def column_labels(of: Columns) -> dict[str, str]:
    """The heads again, for cells that stand alone on a phone."""
    return {name: str(words) for name, words in of.items()}


def column_headers(
    of: Columns, orders: Iterable[str], wanted: EvaluationFilter
) -> list[dict[str, Any]]:
    """The heads of a table: what each says, and what a press on it sorts by."""
    heads = []
    for name, words in of.items():
        sorted_by = {name: "ascending", f"-{name}": "descending"}.get(wanted.sort, "")
        sort = "" if name not in orders else f"-{name}" if sorted_by == "ascending" else name
        heads.append({"words": words, "sort": sort, "sorted": sorted_by})
    return heads
