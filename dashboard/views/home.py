"""The home page: the packs of all accounts, worst first, with the reports being generated.

The page polls home_status: it asks every few seconds how far these reports are.
"""

from django.contrib.auth.decorators import permission_required
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import urlencode
from django.views.decorators.http import require_GET, require_POST

from dashboard.generation.bulk_queue import schedule_bulk_request
from dashboard.generation.bulk_requests import record_bulk_request
from dashboard.models import Account, Pack, Report
from dashboard.queries import pack_overview
from dashboard.queries.bulk_progress import load_requests_under_way
from dashboard.views import Request
from dashboard.views.fragments import build_pack_rows_context

MAX_POLLED_REPORTS = 1_000
MAX_ID_DIGITS = 18  # every number of 18 digits fits into a database integer of 64 bits


@require_GET
def home(request: Request) -> HttpResponse:
    rows = pack_overview.load_pack_rows(Pack.objects.all())
    group = parse_group(request.GET.get("show"))
    shown_rows = pack_overview.select_group(rows, group)
    context = {
        "group": group,
        "cards": pack_overview.count_groups(rows),
        "accounts": pack_overview.group_by_account(shown_rows),
        "shown": len(shown_rows),
        "total": len(rows),
        "bulk_progress": load_requests_under_way(),
        "has_accounts": bool(rows) or Account.objects.exists(),
        **build_pack_rows_context(request, rows, is_update=False),
    }
    return render(request, "home.html", context)


@require_GET
def home_status(request: Request) -> HttpResponse:
    """Answer a poll with the rows of the packs that have a polled or a running report."""
    polled_ids = parse_report_ids(request.GET.getlist("report"))
    reports = Report.objects.filter(Q(pk__in=polled_ids) | Q(state__in=Report.UNDER_WAY))
    packs = Pack.objects.filter(pk__in=reports.values("pack"))
    rows = pack_overview.load_pack_rows(packs)
    context = {
        "rows": rows,
        "polled_ids": polled_ids,
        **build_pack_rows_context(request, rows, is_update=True),
    }
    if not all(row.run for row in rows):
        # A report is finished, so the numbers on the cards may have changed.
        all_rows = pack_overview.load_pack_rows(Pack.objects.all())
        context["cards"] = pack_overview.count_groups(all_rows)
    return render(request, "home.html#status", context)


@require_POST
@permission_required("dashboard.generate_report", raise_exception=True)
def generate_all(request: Request) -> HttpResponse:
    """Record the request for a report of every pack that the page shows; a worker goes on."""
    rows = pack_overview.load_pack_rows(Pack.objects.all())
    group = parse_group(request.POST.get("show"))
    pack_ids = [row.pack.pk for row in pack_overview.select_group(rows, group)]
    filter_query = urlencode({"show": group}) if group else ""
    bulk_request = record_bulk_request(
        Pack.objects.filter(pk__in=pack_ids), request.user, filter_query
    )
    schedule_bulk_request(bulk_request.pk)
    return redirect("bulk-request-detail", bulk_request.pk)


def parse_group(name: str | None) -> str:
    """Return the name of a group of packs, or "", which means all packs, if it is unknown."""
    return name if name in pack_overview.PACK_GROUPS else ""


def parse_report_ids(values: list[str]) -> list[int]:
    """Return the values of a poll that can be ids of reports, at most MAX_POLLED_REPORTS."""
    ids = [int(value) for value in values if value.isdecimal() and len(value) <= MAX_ID_DIGITS]
    return ids[:MAX_POLLED_REPORTS]
