"""Two reports of a pack against each other: what changed, on which scope, as a page and as files."""

from functools import cache
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from dashboard import change_files, changes, scope
from dashboard.changes import Page, Row, Wanted
from dashboard.comparison import Bucket, Comparison, Lists
from dashboard.filters import RISKS
from dashboard.models import Report, Status
from dashboard.models.evaluations import moment_of
from dashboard.scope import Scope
from dashboard.templatetags.ledger import mark, time
from dashboard.words import middle

STATUS_OF = {
    Bucket.NEW_FAILURE: Status.NON_COMPLIANT,
    Bucket.STILL_FAILING: Status.NON_COMPLIANT,
    Bucket.FIXED: Status.COMPLIANT,
    Bucket.APPEARED_COMPLIANT: Status.COMPLIANT,
    Bucket.STILL_COMPLIANT: Status.COMPLIANT,
    Bucket.NEWLY_IGNORED: Status.IGNORED,
    Bucket.STILL_IGNORED: Status.IGNORED,
}
PRINTED = 5_000  # rows of a print; the page says when there are more


@require_safe
def choose(request: HttpRequest, pack_id: int) -> HttpResponse:
    """Leads to the comparison of ?a= and ?b=; by default the latest report against the one before."""
    ready = Report.objects.ready().filter(pack=pack_id)
    asked = [int(pk) for name in "ab" if (pk := request.GET.get(name, "")).isdecimal()]
    wanted = ready.filter(pk__in=asked) if asked else ready
    found = list(wanted.order_by("-position").values_list("pk", flat=True)[:2])
    if not found:
        raise Http404(_("There is no report to compare."))
    return redirect(f"/packs/{pack_id}/compare/{found[-1]}/{found[0]}/")


def compared(pack_id: int, older: int, newer: int) -> Comparison:
    """Raises Http404 where one of them is no ready report of the pack."""
    ready = Report.objects.ready().filter(pack=pack_id).select_related("pack__account")
    reports = ready.defer("note", "pack__account__secret_encrypted").in_bulk([older, newer])
    if not {older, newer} <= reports.keys():
        raise Http404
    return changes.between(reports[older], reports[newer])


@require_safe
def comparison(request: HttpRequest, pack_id: int, older: int, newer: int, printed: bool = False) -> HttpResponse:
    found = compared(pack_id, older, newer)
    if found.older.pk != older:  # always from the older to the newer
        query = f"?{request.GET.urlencode()}" if request.GET else ""
        return redirect(f"/packs/{pack_id}/compare/{newer}/{older}/{query}")
    wanted = Wanted.parse(request.GET)
    judged = scope.between(found)
    page = changes.page(found, wanted, PRINTED if printed else changes.PAGE)
    context = {
        "compared": found,
        "pack": found.newer.pack,
        "wanted": wanted,
        "base": f"/packs/{pack_id}/compare/{older}/{newer}/",
        "page": page,
        "groups": groups(judged, changes.rows(found, judged, page.changes)),
        "sentence": changes.sentence(found),
        "cards": cards(found, wanted),
        "chips": chips(found.lists, judged, wanted),
        "risks": [(slug, risk.label, risk == wanted.risk) for slug, risk in RISKS.items()],
        "scope": judged,
        "rule_changes": list(judged.changes()),
        "rates": rates(found),
        **pages(page, wanted),
    }
    return render(request, "comparison_print.html" if printed else "comparison.html", {**context, "printed": printed})


def cards(found: Comparison, wanted: Wanted) -> list[dict[str, Any]]:
    """A card for each bucket that holds something, and for the two that a reader looks for first."""
    shown = [bucket for bucket in Bucket if found.counts[bucket] or bucket in (Bucket.NEW_FAILURE, Bucket.FIXED)]
    return [
        {
            "words": found.lists.label(bucket),
            "status": STATUS_OF[bucket].slug if bucket in STATUS_OF else "",
            "count": found.counts[bucket],
            "link": Wanted(bucket=bucket).query_string(),
            "current": wanted.bucket is bucket,
            "changed": bucket.changed,
        }
        for bucket in shown
    ]


def chips(lists: Lists, judged: Scope, wanted: Wanted) -> list[tuple[str, str]]:
    """What narrows, in words, each with the link that takes it away."""
    found = []
    if wanted.bucket:
        found.append((lists.label(wanted.bucket), wanted.query_string(bucket=None)))
    if wanted.risk is not None:
        found.append((_("risk: %(risk)s") % {"risk": wanted.risk.label}, wanted.query_string(risk=None)))
    if wanted.rule:
        found.append((judged.rule(wanted.rule).name or str(wanted.rule), wanted.query_string(rule=None)))
    if wanted.q:
        found.append((_("search: %(words)s") % {"words": wanted.q}, wanted.query_string(q="")))
    return found


def groups(judged: Scope, rows: list[Row]) -> list[dict[str, Any]]:
    """The rows under their rules, in the order in which they come; each mark and time is made once."""
    marked = cache(lambda status, words: mark(status.slug if status else "not-applicable", words))
    since = cache(lambda position: time(moment_of(position)) if position else "")
    found: dict[int, list[dict[str, Any]]] = {}
    for row in rows:
        change, now, before = row.change, row.now, row.before
        one = {
            "mark": marked(change.now, row.words),
            "resource": now.resource,
            "id": change.resource_id,
            "short": middle(change.resource_id, 26 if now.resource_name else 40),
            "name": now.resource_name,
            "type": now.resource_type,
            "place": f"{now.region} {now.account}",
            "actual": now.actual,
            "expected": now.expected,
            "reason": now.reason,
            "before": f"{before.actual} {before.reason}".strip() if before else "",
            "since": since(now.since),
        }
        found.setdefault(change.rule, []).append(one)
    return [
        {"rule": judged.rule(number), "rows": of_rule, "removed": judged.removed(number), "added": judged.added(number)}
        for number, of_rule in found.items()
    ]


def rates(found: Comparison) -> list[dict[str, Any]]:
    """The rate of both reports, on the full scope and on the common one."""
    shown: list[dict[str, Any]] = [
        {"words": _("all that each report judges"), "older": found.full[0], "newer": found.full[1]}
    ]
    if found.common:
        shown.append({"words": _("what both reports judge"), "older": found.common[0], "newer": found.common[1]})
    return shown


def pages(page: Page, wanted: Wanted) -> dict[str, str]:
    """The links of the pager."""
    places = {"first": 1, "previous": page.number - 1, "next": page.number + 1, "last": page.last}
    return {name: wanted.query_string(page=number) for name, number in places.items()}


@require_safe
def export(request: HttpRequest, pack_id: int, older: int, newer: int, form: str) -> HttpResponseBase:
    """The comparison as a file: the same numbers, all pages, under the filter of the page."""
    if form not in change_files.KINDS:
        raise Http404
    found = compared(pack_id, older, newer)
    made = change_files.Made(found, scope.between(found), Wanted.parse(request.GET), request.user.get_username())
    name = change_files.name(found, form)
    headers = {"Content-Disposition": content_disposition_header(True, name), "X-Content-Type-Options": "nosniff"}
    if form == "xlsx":
        return HttpResponse(made.xlsx(), content_type=change_files.KINDS[form], headers=headers)
    # Made whole: what is streamed after the request has neither the reader's language nor the reader's zone.
    content = "".join(made.csv() if form == "csv" else made.json())
    return HttpResponse(content, content_type=change_files.KINDS[form], headers=headers)
