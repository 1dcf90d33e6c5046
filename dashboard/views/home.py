"""The home page: the packs of all accounts, worst first, with the reports being generated.

The page polls home_status: it asks every few seconds how far these reports are. While reports of
many packs are generated at once, it polls home_bulk_status as well.
"""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST
from django_htmx.http import replace_url

from dashboard.generation.bulk_queue import schedule_bulk_request
from dashboard.generation.bulk_requests import record_bulk_request
from dashboard.models import Account, Pack, PackSummary
from dashboard.queries import pack_overview
from dashboard.queries.attention import count_packs_needing_attention
from dashboard.queries.bulk_progress import load_uncancelled_progress
from dashboard.queries.filters import PARAMETER_LABELS
from dashboard.queries.home_filter import RISK_FIELDS, HomeFilter, PackState
from dashboard.queries.polled_rows import load_polled_rows
from dashboard.views import Request
from dashboard.views.converters import parse_ids
from dashboard.views.home_rows import build_pack_rows_context, build_renewed_lines_context


@require_GET
def home(request: Request) -> HttpResponse:
    home_filter = HomeFilter.parse(request.GET)
    overview = pack_overview.load_overview(home_filter)
    page_filter = home_filter.replace(page=overview.page.number)
    context = {
        **build_filter_context(home_filter, overview.totals.packs),
        "totals": overview.totals,
        **build_pack_rows_context(request, overview.rows, page_filter, is_update=False),
        "cards": count_packs_needing_attention(),
        **build_bulk_context(),
        "sections": overview.sections,
        "page": overview.page,
        "has_lines": overview.has_lines,
        "gone_count": count_packs_to_offer(request, home_filter),
    }
    if not context["has_packs"]:
        context["has_accounts"] = Account.objects.exists()
    return render(request, "home.html", context)


def build_filter_context(home_filter: HomeFilter, shown: int) -> dict[str, Any]:
    """Return the context of home/filter.html; `shown` packs match the filter.

    `total` is the number of all packs that are not archived, `has_packs` counts archived ones too.
    """
    total = HomeFilter().select_summaries().count() if home_filter.has_conditions else shown
    return {
        "table_filter": home_filter,
        "condition_query": home_filter.query_string(),
        "chips": home_filter.chips(),
        "ignored_filters": [PARAMETER_LABELS[name] for name in home_filter.ignored],
        "states": PackState.choices,
        "risks": list(RISK_FIELDS),
        "is_filter_open": home_filter.has_conditions or total > pack_overview.OPEN_PACKS,
        "shown": shown,
        "total": total,
        "has_packs": bool(total) or PackSummary.objects.exists(),
    }


def count_packs_to_offer(request: Request, home_filter: HomeFilter) -> int:
    """Return how many packs home without a filter offers for archiving to those who may do it."""
    if home_filter.has_conditions or not request.user.has_perm("dashboard.change_pack"):
        return 0
    return HomeFilter(show=PackState.GONE).select_summaries().count()


@require_GET
def home_account(request: Request, pk: int, closed: bool = False) -> HttpResponse:
    """Answer htmx with the line of an account and its packs or, with `closed`, the line alone.

    Without htmx, redirect to home with the account opened.
    """
    home_filter = HomeFilter.parse(request.GET)
    open_id = None if closed else pk
    query = home_filter.query_string(page=home_filter.page, open=open_id)
    if not request.htmx:
        return redirect(reverse("home") + query)
    section = pack_overview.load_account_section(home_filter, pk, is_open=not closed)
    if section is None:
        raise Http404
    context = {
        "section": section,
        # No update: what the rows show is not announced as news.
        **build_pack_rows_context(request, section.rows, home_filter, is_update=False),
    }
    return replace_url(
        render(request, "home.html#account_answer", context), reverse("home") + query
    )


@require_GET
def home_status(request: Request) -> HttpResponse:
    """Answer a poll with the rows of the polled reports, and of others under way on the page.

    If one of them has ended, the numbers of the cards and of the lines are renewed.
    """
    home_filter = HomeFilter.parse(request.GET)
    polled_ids = parse_ids(request.GET.getlist("report"))
    account_ids = parse_ids(request.GET.getlist("accounts"))
    rows = load_polled_rows(polled_ids, account_ids, home_filter)
    context = {
        "rows": rows,
        "polled_ids": polled_ids,
        **build_pack_rows_context(request, rows, home_filter, is_update=True),
    }
    if not all(row.run for row in rows):
        context["cards"] = count_packs_needing_attention()
        if "lines" in request.GET:
            changed_ids = {row.summary.account_id for row in rows if not row.run}
            context |= build_renewed_lines_context(home_filter, changed_ids, account_ids)
    return render(request, "home.html#status", context)


@require_GET
def home_bulk_status(request: Request) -> HttpResponse:
    """Answer a poll of home with a line on each bulk request under way.

    If packs have ended since the last poll, the numbers of the cards and of the lines are renewed.
    """
    if not request.htmx:
        return redirect("home")
    home_filter = HomeFilter.parse(request.GET)
    account_ids = parse_ids(request.GET.getlist("accounts"))
    context = build_bulk_context() | build_pack_rows_context(
        request, [], home_filter, is_update=True
    )
    # A page without a report under way does not poll; the worker may have started some meanwhile.
    context["is_polling"] = bool(account_ids) and "report" not in request.GET
    if request.GET.get("ended", "") not in ("", str(context["ended_packs"])):
        context["cards"] = count_packs_needing_attention()
        if "lines" in request.GET:
            line_ids = parse_ids(request.GET.getlist("lines"))
            context |= build_renewed_lines_context(home_filter, line_ids, account_ids)
    return render(request, "home.html#bulk_status", context)


def build_bulk_context() -> dict[str, Any]:
    """Return the context of bulk/lines.html."""
    progress = load_uncancelled_progress()
    return {"bulk_progress": progress, "ended_packs": sum(part.ended for part in progress)}


@require_POST
@permission_required("dashboard.generate_report", raise_exception=True)
def generate_all(request: Request) -> HttpResponse:
    """Record the request for a report of every pack of the page's filter; a worker goes on."""
    home_filter = HomeFilter.parse(request.POST)
    if home_filter.ignored:
        messages.error(request, _("The filter was not understood, so no report is generated."))
        return redirect("home")
    packs = Pack.objects.all()  # archived ones too: they are counted as left out
    if home_filter.has_conditions:
        packs = packs.filter(summary__in=home_filter.select_summaries())
    filter_query = urlencode(home_filter.condition_pairs)
    bulk_request = record_bulk_request(packs, request.user, filter_query)
    schedule_bulk_request(bulk_request.pk)
    return redirect("bulk-request-detail", bulk_request.pk)
