"""The one query layer of a report: cards, tabs, tables, exports and print all count and list through it.

Counts by status, risk and rule are kept with the report and cost nothing; whatever else a filter asks for is looked up
row by row. The order in force follows an index, so that a page of a large report is a short walk along it.
"""

import hashlib
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from django.core.cache import cache
from django.db import connection
from django.db.models import BigIntegerField, ExpressionWrapper, F, OuterRef, Q, Subquery, Value
from django.db.models.expressions import CombinedExpression
from django.db.models.functions import StrIndex
from django.db.models.lookups import GreaterThan, LessThanOrEqual
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from dashboard.models import Evaluation, Report, Status
from dashboard.models.evaluations import EvaluationQuerySet
from dashboard.queries import rule_summaries
from dashboard.queries.filters import EvaluationFilter

Found = TypeVar("Found")
PAGE = 50  # rows
FEW = 1_000  # rows that are sorted at once rather than found again along the index
HOUR = 3_600  # seconds

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


RULE_ORDERS: dict[str, tuple[Callable[[rule_summaries.RuleSummary], Any], Any]] = {
    "name": (lambda result: result.name.casefold(), _("by name")),
    "risk": (lambda result: result.risk, _("by risk")),
    "failing": (lambda result: result.failing, _("by failing resources")),
    "new": (
        lambda result: (result.new or 0, result.fixed or 0),
        _("by change since the last report"),
    ),
}
PLACES = (("region", "regions"), ("resource_type", "types"), ("account", "accounts"))


def get_report(report_id: int) -> Report:
    """A report with all that the head of its pages says. Raises Report.DoesNotExist."""
    return Report.objects.select_related("pack__account", "original", "requested_by").get(
        pk=report_id
    )


def filter_evaluations(
    report: Report, wanted: EvaluationFilter, along_index: bool = False
) -> EvaluationQuerySet:
    """The report's rows that a filter asks for, in no order.

    `along_index` keeps SQLite from finding the rows by their span and then sorting all of them: an index does not know
    a sum, so that the walk along `failing_first` is all that is left to it.
    """
    position = report.position or 0
    rows = Evaluation.objects.at(report.pack_id, position)
    if along_index:
        spans = Evaluation.objects.filter(pack_id=report.pack_id)
        lookups = (
            LessThanOrEqual(without_index("first"), position),
            GreaterThan(without_index("until"), position),
        )
        rows = spans.filter(*lookups)
    asked = {
        "status": wanted.status,
        "risk": wanted.risk,
        "rule_id": wanted.rule,
        "region": wanted.region,
        "resource_type": wanted.type,
        "account": wanted.account,
    }
    rows = rows.filter(**{name: value for name, value in asked.items() if value not in ("", None)})
    return rows.filter(match_words(wanted.search_words, report)) if wanted.search_words else rows


def match_words(words: Iterable[str], *reports: Report) -> Q:
    """What finds the rows of these reports that bear all the words, each in any column.

    What many rows share is searched where it is known once: the rules, regions, types and accounts of the reports.
    """
    shared: dict[str, dict[str | int, str]] = {
        name: {place: place for report in reports for place in report.filter_choices[choices]}
        for name, choices in PLACES
    }
    shared["rule"] = {
        one.rule: f"{one.name}\n{one.code}"
        for report in reports
        for one in rule_summaries.load_rule_summaries(report)
    }
    found = Q()
    for word in words:
        either = Q(GreaterThan(StrIndex(F("search_text"), Value(word)), 0))
        for name, texts in shared.items():
            if bearers := [value for value, text in texts.items() if word in text.casefold()]:
                either |= Q(**{f"{name}__in": bearers})
        found &= either
    return found


def without_index(field: str) -> "ExpressionWrapper[CombinedExpression]":
    # Said to be big: Django knows that nothing passes 2**31 where PostgreSQL's integers are small.
    return ExpressionWrapper(F(field) + 0, output_field=BigIntegerField())


def order_evaluations(rows: EvaluationQuerySet, wanted: EvaluationFilter) -> EvaluationQuerySet:
    """The rows in the filter's order; equal ones failing first."""
    if not wanted.sort:
        return rows.failing_first()
    by = ORDERS[wanted.sort.removeprefix("-")][0]
    first = by.desc() if wanted.sort.startswith("-") else by.asc()
    return rows.order_by(first, "status", "risk", "rule", "resource_id", "key")


def describe_order(
    wanted: EvaluationFilter, orders: dict[str, tuple[Any, Any]], otherwise: str
) -> str:
    """The order in force, as it stands above the table."""
    if not wanted.sort:
        return otherwise
    words = str(orders[wanted.sort.removeprefix("-")][1])
    return (
        gettext("%(order)s, descending") % {"order": words}
        if wanted.sort.startswith("-")
        else words
    )


def count_evaluations(report: Report, wanted: EvaluationFilter) -> int:
    """How many rows a filter finds: the number on a card is the number of rows after the click."""
    if wanted.needs_row_scan:
        # A name that any cache takes: what people search for may hold anything.
        name = hashlib.sha256(
            repr(replace(wanted, sort="", page=1, open=None, ignored=())).encode()
        ).hexdigest()
        return cache_per_report(name, report, lambda: filter_evaluations(report, wanted).count())
    statuses = [wanted.status] if wanted.status else list(Status)
    listed = [status.field for status in statuses if status in report.listed_statuses]
    return sum(
        getattr(result, field)
        for result in rule_summaries.load_rule_summaries(report)
        if wanted.risk in (None, result.risk) and wanted.rule in (None, result.rule)
        for field in listed
    )


@dataclass(frozen=True)
class EvaluationPage:
    """Some of the rows found, and where they stand among all of them."""

    rows: list[Evaluation]
    count: int
    number: int
    size: int = PAGE

    @property
    def last(self) -> int:
        return max(1, -(-self.count // self.size))

    @property
    def start(self) -> int:
        """The number of the first row shown, from 1; 0 where there is none."""
        return min((self.number - 1) * self.size + 1, self.count)

    @property
    def stop(self) -> int:
        return min(self.number * self.size, self.count)


def load_page(report: Report, wanted: EvaluationFilter, size: int = PAGE) -> EvaluationPage:
    """A page of the rows; one beyond the end is the last."""
    rows = filter_evaluations(report, wanted, along_index=not wanted.sort)
    if wanted.needs_row_scan:
        # One look at every row gives the count of the few and the rows of the many; never two.
        # PostgreSQL thinks that a third of all rows bear any word, and would look at every pack's rather than at these.
        these = filter_evaluations(report, wanted, along_index=connection.vendor == "postgresql")
        found = list(these.values_list("pk", flat=True)[: FEW + 1])
        if len(found) <= FEW:
            rows, total = Evaluation.objects.filter(pk__in=found), len(found)
        else:
            total = count_evaluations(report, wanted)
    else:
        total = count_evaluations(report, wanted)
    number = min(wanted.page, max(1, -(-total // size)))
    return EvaluationPage(
        slice_from_nearer_end(
            order_evaluations(rows, wanted).defer("search_text"), (number - 1) * size, size, total
        ),
        total,
        number,
        size,
    )


def slice_from_nearer_end(
    rows: EvaluationQuerySet, start: int, size: int, total: int
) -> list[Evaluation]:
    """Some of the rows, reached from the nearer end."""
    stop = min(start + size, total)
    if start <= total // 2:
        return list(rows[start:stop])
    return list(rows.reverse()[total - stop : total - start])[::-1]


def filter_rules(report: Report, wanted: EvaluationFilter) -> list[rule_summaries.RuleSummary]:
    """The rules that a filter asks for: those that it finds rows of, or that bear the words themselves."""
    listed = [
        result
        for result in rule_summaries.load_rule_summaries(report)
        if matches_filter(result, wanted)
    ]
    if wanted.needs_row_scan:
        found = set(filter_evaluations(report, wanted).values_list("rule_id", flat=True).distinct())
        named = wanted.search_words and not (wanted.region or wanted.type or wanted.account)
        listed = [
            result
            for result in listed
            if result.rule in found or (named and contains_words(result, wanted.search_words))
        ]
    if wanted.sort:
        listed.sort(
            key=RULE_ORDERS[wanted.sort.removeprefix("-")][0], reverse=wanted.sort.startswith("-")
        )
    return listed


def matches_filter(result: rule_summaries.RuleSummary, wanted: EvaluationFilter) -> bool:
    """Whether a rule's kept counts and risk suit the filter."""
    return (
        wanted.risk in (None, result.risk)
        and wanted.rule in (None, result.rule)
        and (wanted.status is None or getattr(result, wanted.status.field) > 0)
    )


def contains_words(result: rule_summaries.RuleSummary, words: list[str]) -> bool:
    text = f"{result.name}\n{result.code}\n{result.identifier}".casefold()
    return all(word in text for word in words)


@dataclass(frozen=True)
class FilterChoices:
    """What a report's rows have to choose from."""

    regions: list[str] = field(default_factory=list)
    types: list[str] = field(default_factory=list)
    accounts: list[str] = field(default_factory=list)


def get_filter_choices(report: Report) -> FilterChoices:
    """The regions, types and accounts of a ready report, as they were noted when its rows passed by."""
    return FilterChoices(**report.filter_choices)


def load_failing_since(report: Report) -> dict[int, int]:
    """By rule, the position since which a resource now failing has failed longest."""

    def look_up() -> dict[int, int]:
        # One step into an index a rule: its first entry that stands in the report.
        standing = (
            Evaluation.objects.at(report.pack_id, report.position or 0)
            .failing()
            .filter(rule=OuterRef("rule"))
        )
        longest = Subquery(standing.order_by("since").values("since")[:1])
        found = report.rule_results.filter(failing__gt=0).order_by().values_list("rule_id", longest)
        return {rule: since for rule, since in found if since}

    return cache_per_report(f"since-{count_earlier_reports(report)}", report, look_up)


def count_earlier_reports(report: Report) -> int:
    """How many reports stand before this one: an import of an older one may move what began when."""
    return (
        Report.objects.ready().filter(pack_id=report.pack_id, position__lt=report.position).count()
    )


def cache_per_report(what: str, report: Report, look_up: Callable[[], Found]) -> Found:
    """What is looked up once for a ready report: it changes only when it is read anew."""
    name = f"{what}-{report.pk}-{report.position}-{report.reader_version}-{report.content_hash}"
    value: Found | None = cache.get(name)
    if value is None:
        value = look_up()
        cache.set(name, value, HOUR)
    return value


def count_reports_from(report: Report, first: int = 0) -> Callable[[int], int]:
    """Counts the reports from a position, not before `first`, up to this one, this one counted."""
    reports = Report.objects.ready().filter(
        pack_id=report.pack_id, position__range=(first, report.position)
    )
    places = [
        place or 0 for place in reports.order_by("position").values_list("position", flat=True)
    ]
    return lambda position: len(places) - bisect_left(places, position)


def iterate_rows(
    report: Report, wanted: EvaluationFilter, *columns: str
) -> Iterator[tuple[Any, ...]]:
    """Every row that a filter finds, in its order, without holding them: for exports and print."""
    found = order_evaluations(
        filter_evaluations(report, wanted, along_index=not wanted.sort), wanted
    )
    return found.values_list(*columns).iterator(chunk_size=250)
