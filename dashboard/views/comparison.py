"""Two reports of a pack against each other: what changed, on which scope, as a page and as files."""

from collections.abc import Iterable, Iterator
from functools import cache
from html import escape
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from dashboard.comparison import comparison_rows, rule_scope
from dashboard.comparison.comparison_filter import ComparisonFilter
from dashboard.comparison.comparison_rows import ChangeRow, ComparisonPage
from dashboard.comparison.differences import Bucket, Comparison, ListedStatuses, compare_reports
from dashboard.comparison.rule_scope import RuleScope
from dashboard.exports import comparison_export
from dashboard.models import Report, Status
from dashboard.models.evaluations import position_time
from dashboard.queries.filters import RISKS
from dashboard.text.formatting import format_time, shorten_middle
from dashboard.text.template_tags import mark, risk_mark, time
from dashboard.views import Request, exports
from dashboard.views.log import log_file_taken

STATUS_OF = {
    Bucket.NEW_FAILURE: Status.NON_COMPLIANT,
    Bucket.STILL_FAILING: Status.NON_COMPLIANT,
    Bucket.FIXED: Status.COMPLIANT,
    Bucket.APPEARED_COMPLIANT: Status.COMPLIANT,
    Bucket.STILL_COMPLIANT: Status.COMPLIANT,
    Bucket.NEWLY_IGNORED: Status.IGNORED,
    Bucket.STILL_IGNORED: Status.IGNORED,
}
# What a comparison says of its reports, of the sixty columns that there are.
NEEDED = (
    "position", "created_at", "language", "listed_statuses", "notes", "stated_counts", "label", "file_name", "original", "filter_choices",
    "rated_compliant", "rated_failing", *(status.field for status in Status),
    "pack__name", "pack__pack_id", "pack__account__name", "pack__account__uid",
)  # fmt: skip
PRINTED = 5_000  # rows of a print; the page says when there are more


@require_safe
def comparison_latest(request: HttpRequest, pack_id: int) -> HttpResponse:
    """Leads to the comparison of ?a= and ?b=; by default the latest report against the one before."""
    ready = Report.objects.ready().filter(pack=pack_id)
    asked = [int(pk) for name in "ab" if (pk := request.GET.get(name, "")).isdecimal()]
    wanted = ready.filter(pk__in=asked) if asked else ready
    found = list(wanted.order_by("-position").values_list("pk", flat=True)[:2])
    if not found:
        raise Http404(_("There is no report to compare."))
    return redirect(f"/packs/{pack_id}/compare/{found[-1]}/{found[0]}/")


def find_comparison(pack_id: int, older: int, newer: int) -> Comparison:
    """Raises Http404 where one of them is no ready report of the pack."""
    ready = Report.objects.ready().filter(pack=pack_id).select_related("pack__account")
    reports = ready.only(*NEEDED).in_bulk([older, newer])
    if not {older, newer} <= reports.keys():
        raise Http404
    return compare_reports(reports[older], reports[newer])


@require_safe
def comparison_detail(
    request: HttpRequest, pack_id: int, older: int, newer: int, printed: bool = False
) -> HttpResponse:
    found = find_comparison(pack_id, older, newer)
    if found.older.pk != older:  # always from the older to the newer
        query = f"?{request.GET.urlencode()}" if request.GET else ""
        return redirect(f"/packs/{pack_id}/compare/{newer}/{older}/{query}")
    wanted, base = ComparisonFilter.parse(request.GET), f"/packs/{pack_id}/compare/{older}/{newer}/"
    judged = rule_scope.compare_scopes(found)
    page = comparison_rows.load_comparison_page(
        found, judged, wanted, PRINTED if printed else comparison_rows.PAGE
    )
    context = {
        "compared": found,
        "pack": found.newer.pack,
        "wanted": wanted,
        "base": base,
        "formats": comparison_export.FORMATS,
        "export": f"{base}changes",
        "rows_exported": comparison_export.count_at_most(found, wanted),
        "query_exported": wanted.query_string(),
        "page": page,
        "groups": group_rows(judged, comparison_rows.build_rows(found, judged, page.changes)),
        "heads": comparison_heads(),
        "sentence": comparison_rows.summarize_changes(found),
        "cards": bucket_cards(found, wanted),
        "chips": filter_chips(found.lists, judged, wanted),
        "risks": [(slug, risk.label, risk == wanted.risk) for slug, risk in RISKS.items()],
        "scope": judged,
        "rule_changes": list(judged.changes()),
        "rates": rate_rows(found),
        **pager_links(page, wanted),
    }
    if printed:
        made = {"sides": [found.older, found.newer], "printed": format_time(timezone.now())}
        return render(request, "comparison/print.html", context | made)
    return render(request, "comparison/detail.html", context)


def bucket_cards(found: Comparison, wanted: ComparisonFilter) -> list[dict[str, Any]]:
    """A card for each bucket that holds something, and for the two that a reader looks for first."""
    shown = [
        bucket
        for bucket in Bucket
        if found.counts[bucket] or bucket in (Bucket.NEW_FAILURE, Bucket.FIXED)
    ]
    return [
        {
            "words": found.lists.label(bucket),
            "status": STATUS_OF[bucket].slug if bucket in STATUS_OF else "",
            "count": found.counts[bucket],
            "link": ComparisonFilter(bucket=bucket).query_string(),
            "current": wanted.bucket is bucket,
            "changed": bucket.changed,
        }
        for bucket in shown
    ]


def filter_chips(
    lists: ListedStatuses, judged: RuleScope, wanted: ComparisonFilter
) -> list[tuple[str, str]]:
    """What narrows, in words, each with the link that takes it away."""
    found = []
    if wanted.bucket:
        found.append((lists.label(wanted.bucket), wanted.query_string(bucket=None)))
    if wanted.risk is not None:
        found.append(
            (_("risk: %(risk)s") % {"risk": wanted.risk.label}, wanted.query_string(risk=None))
        )
    if wanted.rule:
        found.append(
            (judged.rule(wanted.rule).name or str(wanted.rule), wanted.query_string(rule=None))
        )
    if wanted.q:
        found.append((_("search: %(words)s") % {"words": wanted.q}, wanted.query_string(q="")))
    return found


def group_rows(judged: RuleScope, rows: list[ChangeRow]) -> list[dict[str, Any]]:
    """The rows, as HTML, under their rules, in the order in which they come."""
    risk = cache(risk_mark)
    found: dict[int, list[SafeString]] = {}
    for rule, line in zip((row.change.rule for row in rows), render_rows(rows), strict=True):
        found.setdefault(rule, []).append(line)
    return [
        {
            "rule": judged.rule(number),
            "risk": risk(judged.rule(number).risk),
            "rows": SafeString("\n".join(of_rule)),
            "removed": judged.removed(number),
            "added": judged.added(number),
        }
        for number, of_rule in found.items()
    ]


def render_rows(rows: Iterable[ChangeRow]) -> Iterator[SafeString]:
    """Rows as HTML, each mark and time made once: a template would take several times as long."""
    marked = cache(lambda status, words: mark(status.slug if status else "not-applicable", words))
    since = cache(lambda position: time(position_time(position)) if position else "")
    label = {name: escape(words) for name, words in comparison_heads().items()}
    words = tuple(map(escape, (_("actual"), " · " + _("compared with"), _("before:"))))
    for row in rows:
        change, now = row.change, row.now
        short = shorten_middle(change.resource_id, 26 if now.resource_name else 40)
        made = (
            f'<tr><th scope="row">{marked(change.now, row.words)}</th><td data-label="{label["resource"]}"><span>'
            f'<a class="id" href="/resources/{now.resource}/" title="{escape(change.resource_id)}">{escape(short)}</a>'
            f'<br>{escape(now.resource_name)}</span></td><td data-label="{label["type"]}" class="small"><span>'
            f'{escape(now.resource_type)}<br><span class="soft">{escape(now.region)} {escape(now.account)}</span>'
            f'</span></td><td data-label="{label["finding"]}"><span>{render_finding(row, *words)}</span></td>'
            f'<td data-label="{label["since"]}" class="small">{since(now.since)}</td></tr>'
        )
        yield mark_safe(made)  # noqa: S308  # numbers, and words escaped here or in `finding`


def comparison_heads() -> dict[str, str]:
    """The heads of the columns, which stand beside the cells where there is no room for a table."""
    return {
        "change": _("Change"),
        "resource": _("Resource"),
        "type": _("Type, region, account"),
        "finding": _("Finding"),
        "since": _("First report with this status"),
    }


def render_finding(row: ChangeRow, is_: str, should: str, before: str) -> str:
    """What was found, as HTML, and what the older report said where it said otherwise."""
    now, former = row.now, f"{row.before.actual} {row.before.reason}".strip() if row.before else ""
    found = ""
    if now.actual:
        expected = f"{should} <b>{escape(now.expected)}</b>" if now.expected else ""
        found = f"{is_} <b>{escape(now.actual)}</b>{expected}<br>"
    found += escape(now.reason)
    if former:
        found += f' <span class="soft">{before} {escape(former)}</span>'
    return found


def rate_rows(found: Comparison) -> list[dict[str, Any]]:
    """The rate of both reports, on the full scope and on the common one."""
    shown: list[dict[str, Any]] = [
        {
            "words": _("as reported (each on its own scope)"),
            "older": found.full[0],
            "newer": found.full[1],
        }
    ]
    if found.common:
        shown.append(
            {
                "words": _("like for like (rules and resources in both)"),
                "older": found.common[0],
                "newer": found.common[1],
            }
        )
    return shown


def pager_links(page: ComparisonPage, wanted: ComparisonFilter) -> dict[str, str]:
    """The links of the pager."""
    places = {"first": 1, "previous": page.number - 1, "next": page.number + 1, "last": page.last}
    return {name: wanted.query_string(page=number) for name, number in places.items()}


def requested_export(request: Request, found: Comparison) -> comparison_export.ComparisonExport:
    """The file that a query string asks for."""
    return comparison_export.ComparisonExport(
        found,
        rule_scope.compare_scopes(found),
        ComparisonFilter.parse(request.GET),
        request.user.get_username(),
    )


@require_safe
def comparison_export_file(
    request: Request, pack_id: int, older: int, newer: int, kind: str
) -> HttpResponseBase:
    """The comparison as a file: the same numbers, all pages, under the filter of the page."""
    form, found = (
        exports.find_format(kind, comparison_export.FORMATS),
        find_comparison(pack_id, older, newer),
    )
    name = comparison_export.comparison_file_name(found, kind)
    headers = {
        "Content-Disposition": content_disposition_header(True, name),
        "X-Content-Type-Options": "nosniff",
    }
    # Made whole: what is streamed after the request has neither the reader's language nor the reader's zone.
    made = HttpResponse(
        form.write(requested_export(request, found)),
        content_type=form.content_type,
        headers=headers,
    )
    log_file_taken(request, "export", found.newer, name)
    return made


@require_safe
def comparison_preparing(
    request: Request, pack_id: int, older: int, newer: int, kind: str
) -> HttpResponse:
    """What a reader sees while a large file is made."""
    form, found = (
        exports.find_format(kind, comparison_export.FORMATS),
        find_comparison(pack_id, older, newer),
    )
    base, asked = f"/packs/{pack_id}/compare/{older}/{newer}/", requested_export(request, found)
    about = {
        "pack": found.newer.pack,
        "of": found.newer.pack.name,
        "moments": [found.older.created_at, found.newer.created_at],
        "back": base + asked.wanted.query_string(),
        "back_words": _("Back to the comparison"),
    }
    return exports.render_preparing(request, form, asked.count, f"{base}changes.{kind}", about)
