"""Count and list the evaluations of a report, for the cards, tables, exports and printed pages.

Counts by status, risk and rule are stored with the report; for any other condition the rows are
counted. The default order is the order of an index, so that one page of a large report reads only
a few index entries.

An Evaluation is stored as a span: one database row for all consecutive reports of a pack in which
the evaluation is the same, from position `first` up to, but without, position `until`. A position
is the order number of a report in its pack.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from django.core.paginator import Page
from django.db import connection
from django.db.models import BigIntegerField, ExpressionWrapper, F
from django.db.models.expressions import CombinedExpression
from django.db.models.lookups import GreaterThan, LessThanOrEqual
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from dashboard.models import Evaluation, Report, Status
from dashboard.models.evaluations import EvaluationQuerySet
from dashboard.models.reports import ReportQuerySet
from dashboard.queries.filters import EvaluationFilter
from dashboard.queries.paging import CountedRows, paginate
from dashboard.queries.report_cache import get_or_load
from dashboard.queries.rule_summaries import load_rule_summaries
from dashboard.queries.search_words import build_words_condition

ROWS_PER_PAGE = 50
MAX_SORTED_ROWS = 1_000  # more rows are not sorted but read along the index
EXPORT_CHUNK = 250  # rows

ORDERS: dict[str, tuple[Any, Any]] = {
    "resource": (F("resource_id"), _("by resource")),
    "rule": (F("rule__name"), _("by rule")),
    "risk": (F("risk"), _("by risk")),
    "status": (F("status"), _("by status")),
    "type": (F("resource_type"), _("by resource type")),
    "region": (F("region"), _("by region")),
    "account": (F("account"), _("by account")),
    "since": (F("since"), _("by the first report with this status")),
}


def select_reports() -> ReportQuerySet:
    """Return all reports, joined with the related objects that every page of a report shows."""
    reports = Report.objects.select_related(
        "pack__account", "original", "requested_by", "result_list__original"
    )
    return reports.defer("result_list__next_token", "result_list__rule_ids")


def filter_evaluations(
    report: Report, table_filter: EvaluationFilter, along_index: bool = False
) -> EvaluationQuerySet:
    """Return the report's rows that match the filter, in no order.

    With `along_index`, the database reads the rows in the order of the index `failing_first` and
    can stop at the end of the page. Without it, the database finds all rows of the report by the
    index of spans and then sorts them.
    """
    rows = (
        select_rows_without_span_index(report)
        if along_index
        else Evaluation.objects.at(report.pack_id, report.position or 0)
    )
    conditions = {
        "status": table_filter.status,
        "risk": table_filter.risk,
        "rule_id": table_filter.rule,
        "region": table_filter.region,
        "resource_type": table_filter.type,
        "account": table_filter.account,
        "source": table_filter.source,
    }
    rows = rows.filter(
        **{name: value for name, value in conditions.items() if value not in ("", None)}
    )
    if table_filter.search_words:
        rows = rows.filter(build_words_condition(table_filter.search_words, report))
    return rows


def select_rows_without_span_index(report: Report) -> EvaluationQuerySet:
    """Return the report's rows by a condition that cannot use the index of spans."""
    position = report.position or 0
    return Evaluation.objects.filter(
        LessThanOrEqual(avoid_index("first"), position),
        GreaterThan(avoid_index("until"), position),
        pack_id=report.pack_id,
    )


def avoid_index(field: str) -> "ExpressionWrapper[CombinedExpression]":
    """Return `field + 0`: the same value, but the database cannot use an index for it.

    Use it where the index would make the query slower.
    """
    # Positions are larger than 2**31. Without the output field, Django would treat the sum as a
    # 32-bit integer on PostgreSQL and refuse to compare it with such a number.
    return ExpressionWrapper(F(field) + 0, output_field=BigIntegerField())


def order_evaluations(
    rows: EvaluationQuerySet, table_filter: EvaluationFilter
) -> EvaluationQuerySet:
    """Return the rows in the filter's order, and rows that are equal in that order failing first.

    Without an order in the filter, all rows are sorted failing first.
    """
    if not table_filter.sort:
        return rows.failing_first()
    column, _label = ORDERS[table_filter.sort.removeprefix("-")]
    order = column.desc() if table_filter.sort.startswith("-") else column.asc()
    return rows.order_by(order, "status", "risk", "rule", "resource_id", "key")


def describe_order(sort: str, orders: dict[str, tuple[Any, Any]], default: str) -> str:
    """Return an order in words, for the text above a table; `default` if `sort` is empty."""
    if not sort:
        return default
    label = str(orders[sort.removeprefix("-")][1])
    return gettext("%(order)s, descending") % {"order": label} if sort.startswith("-") else label


def count_evaluations(report: Report, table_filter: EvaluationFilter) -> int:
    """Return the number of the report's rows that match the filter.

    The stored counts are used if they are enough; otherwise the rows are counted, and the count is
    cached.
    """
    if table_filter.needs_row_scan:
        # The search may contain characters that are not allowed in a cache key: use a hash.
        conditions = replace(table_filter, sort="", page=1, open=None, ignored=())
        name = hashlib.sha256(repr(conditions).encode()).hexdigest()
        return get_or_load(report, name, filter_evaluations(report, table_filter).count)
    statuses = [table_filter.status] if table_filter.status else list(Status)
    count_fields = [status.field for status in statuses if status in report.listed_statuses]
    return sum(
        getattr(summary, count_field)
        for summary in load_rule_summaries(report)
        if table_filter.risk in (None, summary.risk) and table_filter.rule in (None, summary.rule)
        for count_field in count_fields
    )


def load_page(
    report: Report, table_filter: EvaluationFilter, per_page: int = ROWS_PER_PAGE
) -> Page[Evaluation]:
    """Return the page of matching rows that the filter names; the last page if it is beyond."""
    rows, count = find_and_count_rows(report, table_filter)
    ordered_rows = order_evaluations(rows, table_filter).defer("search_text")
    counted_rows = CountedRows(count, partial(load_slice_from_nearer_end, ordered_rows, count))
    return paginate(counted_rows, table_filter.page, per_page)


def find_and_count_rows(
    report: Report, table_filter: EvaluationFilter
) -> tuple[EvaluationQuerySet, int]:
    """Return the rows that match the filter, in no order, and their number."""
    rows = filter_evaluations(report, table_filter, along_index=not table_filter.sort)
    if not table_filter.needs_row_scan:
        return rows, count_evaluations(report, table_filter)
    # Look for at most MAX_SORTED_ROWS + 1 ids. If there are fewer, select the rows by these ids;
    # otherwise read the page along the index, which is quick if many rows match. PostgreSQL
    # estimates that a third of all rows contain any word, and would scan the rows of every pack if
    # it could use the index of spans.
    matches = filter_evaluations(
        report, table_filter, along_index=connection.vendor == "postgresql"
    )
    ids = list(matches.values_list("pk", flat=True)[: MAX_SORTED_ROWS + 1])
    if len(ids) <= MAX_SORTED_ROWS:
        return Evaluation.objects.filter(pk__in=ids), len(ids)
    return rows, count_evaluations(report, table_filter)


def load_slice_from_nearer_end(
    rows: EvaluationQuerySet, count: int, start: int, stop: int
) -> list[Evaluation]:
    """Return rows[start:stop], read backwards if the slice is nearer to the end.

    `count` is the number of all rows.
    """
    # A database reads all rows before the slice: of 60,000 rows, the last page takes 100 ms if
    # read from the start, and 5 ms if read from the end.
    if start <= count // 2:
        return list(rows[start:stop])
    return list(rows.reverse()[count - stop : count - start])[::-1]


def iterate_evaluations(
    report: Report, table_filter: EvaluationFilter, *columns: str
) -> Iterator[tuple[Any, ...]]:
    """Yield these columns of every row that matches the filter, in the filter's order."""
    rows = filter_evaluations(report, table_filter, along_index=not table_filter.sort)
    ordered_rows = order_evaluations(rows, table_filter)
    return ordered_rows.values_list(*columns).iterator(chunk_size=EXPORT_CHUNK)


@dataclass(frozen=True)
class FilterChoices:
    """The regions, resource types and accounts that occur in the rows of a report."""

    regions: list[str] = field(default_factory=list)
    types: list[str] = field(default_factory=list)
    accounts: list[str] = field(default_factory=list)


def get_filter_choices(report: Report) -> FilterChoices:
    """Return the regions, types and accounts that were saved when the report was stored."""
    return FilterChoices(**report.filter_choices)
