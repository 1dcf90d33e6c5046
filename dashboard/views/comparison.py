"""The comparison of two reports of a pack: as a page, as a document to print, and as files.

A bucket is a kind of change, for example "fixed"; see comparison.buckets.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from dashboard.comparison import change_list, change_words, comparison_rows
from dashboard.comparison.buckets import Bucket
from dashboard.comparison.change_reasons import ChangeDirection, list_reason_counts
from dashboard.comparison.comparison_filter import ComparisonFilter
from dashboard.comparison.differences import Comparison, compare_in_order
from dashboard.comparison.rule_scope import RuleScope, load_rule_scope
from dashboard.exports import comparison_tables
from dashboard.exports.comparison_tables import COMPARISON_ROWS_PER_SECOND
from dashboard.exports.menu import list_export_choices
from dashboard.models import Report
from dashboard.models.result_lists import has_result_list
from dashboard.queries.filters import PARAMETER_LABELS, RISKS
from dashboard.queries.paging import paginate
from dashboard.queries.report_header import is_earlier_reading
from dashboard.queries.report_in_force import find_report_choices, list_report_choices
from dashboard.text.definitions import list_status_definitions, list_term_definitions
from dashboard.text.formatting import format_page_time, format_time
from dashboard.text.origins import describe_provenance
from dashboard.text.page_margins import build_page_margins
from dashboard.text.rates import NamedRate, build_evaluation_rate, build_resource_rate
from dashboard.text.result_list_words import list_result_facts
from dashboard.views import Request
from dashboard.views.downloads import get_item_or_404, render_preparing_page, send_export

ROWS_PER_PAGE = 50
PRINTED_CHANGES = 5_000  # at most; a longer document says that it is cut


@require_safe
def comparison_latest(request: HttpRequest, pack_id: int) -> HttpResponse:
    """Redirect to the comparison of the reports ?a= and ?b=, or else of the two latest reports.

    A single report is compared with itself; without any report the answer is 404.
    """
    report_ids = list(find_report_choices(pack_id, [request.GET.get(side) for side in "ab"]))
    if not report_ids:
        reports = Report.objects.ready().filter(pack=pack_id).order_by("-position")
        report_ids = list(reports.values_list("pk", flat=True)[:2])
    if not report_ids:
        raise Http404(_("There is no report to compare."))
    return redirect("comparison-detail", pack_id, report_ids[-1], report_ids[0])


@require_safe
def comparison_detail(request: Request, pack_id: int, older: int, newer: int) -> HttpResponse:
    """Show what changed between two reports; `older` and `newer` are their ids."""
    comparison = find_comparison(pack_id, older, newer)
    context = build_comparison_context(request, comparison, ROWS_PER_PAGE)
    context |= build_report_choice_context(comparison)
    return render(request, "comparison/detail.html", context)


@require_safe
def comparison_print(request: Request, pack_id: int, older: int, newer: int) -> HttpResponse:
    """Show a comparison as an audit document, with up to PRINTED_CHANGES rows."""
    comparison = find_comparison(pack_id, older, newer)
    context = build_comparison_context(request, comparison, PRINTED_CHANGES)
    reports = [comparison.older, comparison.newer]
    filter_text = context["filter_text"] if context["filter"].has_conditions else ""
    context |= {
        "sides": [
            {
                "report": report,
                "provenance": describe_provenance(report),
                "result_facts": list_result_facts(report),
            }
            for report in reports
        ],
        "terms": [
            *list_status_definitions(),
            *list_term_definitions(with_sources=any(map(has_result_list, reports))),
        ],
        "margins": build_page_margins(reports, filter_text),
        "printed_at": format_time(timezone.now()),
    }
    return render(request, "comparison/print.html", context)


@require_safe
def comparison_export(
    request: Request, pack_id: int, older: int, newer: int, kind: str
) -> HttpResponseBase:
    """Send a comparison as a file, with the filter of the query string.

    `kind` is the file format: a key of EXPORT_FORMATS.
    """
    comparison = find_comparison(pack_id, older, newer)
    return send_comparison(request, comparison, ComparisonFilter.parse(request.GET), kind)


def send_comparison(
    request: Request, comparison: Comparison, row_filter: ComparisonFilter, kind: str
) -> FileResponse:
    """Send a comparison as a file with the rows that the filter selects."""
    user_name = request.user.get_username()
    table = comparison_tables.build_comparison_table(comparison, row_filter, user_name)
    return send_export(request, table, kind, comparison.newer)


@require_safe
def comparison_export_preparing(
    request: Request, pack_id: int, older: int, newer: int, kind: str
) -> HttpResponseBase:
    """Show the page that announces a large export and then loads it; send a small one at once."""
    comparison = find_comparison(pack_id, older, newer)
    row_filter = ComparisonFilter.parse(request.GET)
    row_count = comparison_tables.count_export_rows(comparison, row_filter)
    rows_per_second = get_item_or_404(COMPARISON_ROWS_PER_SECOND, kind)
    if row_count <= rows_per_second:
        return send_comparison(request, comparison, row_filter, kind)
    page_url = reverse("comparison-detail", args=[pack_id, older, newer])
    return render_preparing_page(
        request,
        file_url=reverse("comparison-export", args=[pack_id, older, newer, kind]),
        row_count=row_count,
        rows_per_second=rows_per_second,
        context={
            "pack": comparison.newer.pack,
            "title": comparison.newer.pack.name,
            "times": [comparison.older.created_at, comparison.newer.created_at],
            "back_url": page_url + row_filter.query_string(),
            "back_label": _("Back to the comparison"),
        },
    )


def find_comparison(pack_id: int, report_id: int, other_id: int) -> Comparison:
    """Compare two reports; raise Http404 if either is not a ready report of the pack.

    The later report first gives the swapped comparison.
    """
    reports = (
        Report.objects.ready()
        .filter(pack=pack_id)
        .select_related("pack__account", "original", "result_list__original")
        .in_bulk([report_id, other_id])
    )
    if not {report_id, other_id} <= reports.keys():
        raise Http404
    return compare_in_order(reports[report_id], reports[other_id])


def build_comparison_context(
    request: Request, comparison: Comparison, rows_per_page: int
) -> dict[str, Any]:
    """Return the context of the page and of the printed document."""
    older, newer = comparison.older, comparison.newer
    row_filter = ComparisonFilter.parse(request.GET)
    rule_scope = load_rule_scope(comparison)
    changes = change_list.list_changes(comparison, rule_scope, row_filter)
    page = paginate(changes, row_filter.page, rows_per_page)
    rows = comparison_rows.build_change_rows(comparison, rule_scope, list(page))
    url_arguments = {"pack_id": newer.pack_id, "older": older.pk, "newer": newer.pk}
    return {
        **build_comparison_filter_context(comparison, rule_scope, row_filter),
        "comparison": comparison,
        "pack": newer.pack,
        "earlier_readings": list_earlier_readings(comparison),
        "rule_scope": rule_scope,
        "page": page,
        "groups": comparison_rows.group_rows_by_rule(rows, rule_scope),
        "cards": list_bucket_cards(comparison, row_filter),
        "came_parts": list_sum_parts(comparison, row_filter, ChangeDirection.CAME),
        "left_parts": list_sum_parts(comparison, row_filter, ChangeDirection.LEFT),
        "rates": list_rates(comparison),
        # The words of the sentence are those of time: from an earlier report to a later one.
        "sentence": "" if comparison.is_swapped else change_words.summarize_changes(comparison),
        "page_url": reverse("comparison-detail", kwargs=url_arguments),
        "print_url": reverse("comparison-print", kwargs=url_arguments),
        "export_choices": list_export_choices(
            "comparison-export", COMPARISON_ROWS_PER_SECOND, **url_arguments
        ),
        "rows_exported": comparison_tables.count_rows_at_most(comparison, row_filter),
        "query_exported": row_filter.query_string(),
    }


def list_earlier_readings(comparison: Comparison) -> list[Report]:
    """Return the reports of the comparison that an earlier version of the reader read."""
    older, newer = comparison.older, comparison.newer
    reports = {older.pk: older, newer.pk: newer}  # a report may be compared with itself
    return [report for report in reports.values() if is_earlier_reading(report)]


def build_report_choice_context(comparison: Comparison) -> dict[str, Any]:
    """Return what the two selectors of reports need: every ready report of the pack."""
    choices = []
    for choice in list_report_choices(comparison.newer.pack):
        local_time = format_page_time(choice.created_at)
        choices.append((choice.pk, f"{local_time} {choice.label}".strip()))
    return {
        "choices": choices,
        "sides": [("a", comparison.older.pk), ("b", comparison.newer.pk)],
        "swap_url": reverse(
            "comparison-detail",
            args=[comparison.newer.pack_id, comparison.newer.pk, comparison.older.pk],
        ),
    }


def build_comparison_filter_context(
    comparison: Comparison, rule_scope: RuleScope, row_filter: ComparisonFilter
) -> dict[str, Any]:
    """Return the context of the filter: the conditions in words, and the choices of the risk.

    A choice in `risks` is (slug, label, whether it is selected).
    """
    bucket, rule = row_filter.bucket, row_filter.rule
    bucket_label = comparison.listed_statuses.label_bucket(bucket) if bucket else ""
    rule_name = rule_scope.get_rule(rule).name if rule else ""
    return {
        "filter": row_filter,
        "filter_text": row_filter.describe(rule_name, bucket=bucket_label),
        "chips": row_filter.chips(rule_name, bucket=bucket_label),
        "ignored_filters": [PARAMETER_LABELS[name] for name in row_filter.ignored],
        "risks": [(slug, risk.label, risk == row_filter.risk) for slug, risk in RISKS.items()],
    }


@dataclass(frozen=True)
class BucketCard:
    """The count of a bucket, with a link to the rows of the bucket."""

    label: str
    status_slug: str
    count: int
    query: str
    is_current: bool
    is_change: bool


def list_bucket_cards(comparison: Comparison, row_filter: ComparisonFilter) -> list[BucketCard]:
    """Return a card for each bucket that is not empty, and always for new failures and fixed."""
    always_shown = (Bucket.NEW_FAILURE, Bucket.FIXED)
    return [
        BucketCard(
            label=comparison.listed_statuses.label_bucket(bucket),
            status_slug=bucket.new_status.slug if bucket.new_status else "",
            count=comparison.counts[bucket],
            query=ComparisonFilter(bucket=bucket).query_string(),
            is_current=row_filter.bucket is bucket,
            is_change=bucket.is_change,
        )
        for bucket in Bucket
        if comparison.counts[bucket] or bucket in always_shown
    ]


@dataclass(frozen=True)
class SumPart:
    """A part of what came or left, which leads to its rows."""

    label: str
    count: int
    high_risk_count: int
    query: str
    is_current: bool


def list_sum_parts(
    comparison: Comparison, row_filter: ComparisonFilter, direction: ChangeDirection
) -> list[SumPart]:
    """Return the parts of what came or left."""
    counts = comparison.reasons
    return [
        SumPart(
            label=reason.label,
            count=count,
            high_risk_count=counts.high_risk[reason],
            query=ComparisonFilter(reason=reason).query_string(),
            is_current=row_filter.reason is reason,
        )
        for reason, count in list_reason_counts(counts.all_risks, direction)
    ]


class RatePair(NamedTuple):
    """One kind of rate of both reports, and over what it is taken."""

    name: str
    scope: str
    older: NamedRate
    newer: NamedRate


def list_rates(comparison: Comparison) -> list[RatePair]:
    """Return both rates as reported and, where it can be told, over what both reports judge."""
    older, newer = comparison.older, comparison.newer
    own_scope = _("as reported (each on its own scope)")
    evaluations = [build_evaluation_rate(report) for report in (older, newer)]
    resources = [build_resource_rate(report) for report in (older, newer)]
    pairs = [RatePair(evaluations[0].label, own_scope, *evaluations)]
    if common_rates := comparison.common_rates:
        common = [
            rate._replace(compliant=counts.compliant, failing=counts.failing)
            for rate, counts in zip(evaluations, common_rates, strict=True)
        ]
        common_scope = _("like for like (rules and resources in both)")
        pairs.append(RatePair(evaluations[0].label, common_scope, *common))
    return [*pairs, RatePair(resources[0].label, own_scope, *resources)]
