"""The pages of bulk requests: their list, how far one has come, and cancelling it."""

from typing import Any

from django.contrib.auth.decorators import permission_required
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods
from django_htmx.http import trigger_client_event

from dashboard.generation.bulk_queue import schedule_bulk_request
from dashboard.generation.bulk_requests import cancel_bulk_request
from dashboard.models import BulkRequest, RequestedPack
from dashboard.queries.bulk_progress import STATE_SLUGS, load_progress
from dashboard.queries.filters import PARAMETER_LABELS
from dashboard.queries.paging import paginate
from dashboard.text import error_messages
from dashboard.views import Request

REQUESTS_PER_PAGE = 25
PACKS_PER_PAGE = 50


@require_GET
def bulk_request_list(request: Request) -> HttpResponse:
    bulk_requests = BulkRequest.objects.select_related("requested_by", "cancelled_by")
    page = paginate(bulk_requests, request.GET.get("page"), REQUESTS_PER_PAGE)
    context = {"page": page, "rows": load_progress(page)}
    return render(request, "bulk/list.html", context)


@require_GET
def bulk_request_detail(request: Request, pk: int) -> HttpResponse:
    """Show how far a bulk request has come, and its packs; htmx gets the packs alone."""
    context = build_progress_context(request, pk)
    packs = select_requested_packs(pk, context["shown_state"])
    page = paginate(packs, request.GET.get("page"), PACKS_PER_PAGE)
    is_unknown = bool(request.GET.get("state")) and not context["shown_state"]
    context |= {
        "ignored_filters": [PARAMETER_LABELS["show"]] if is_unknown else [],
        "page": page,
        "rows": [build_pack_row(requested_pack) for requested_pack in page],
    }
    template = "bulk/detail.html#packs" if request.htmx else "bulk/detail.html"
    return render(request, template, context)


@require_GET
def bulk_request_status(request: Request, pk: int) -> HttpResponse:
    """Answer a poll with how far the bulk request has come."""
    if not request.htmx:
        return redirect("bulk-request-detail", pk)
    context = build_progress_context(request, pk)
    response = render(request, "bulk/detail.html#progress", context)
    if context["progress"].bulk_request.under_way:
        return response
    return trigger_client_event(response, "bulk-ended")  # the table of packs reloads itself


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("dashboard.generate_report", raise_exception=True)
def bulk_request_cancel(request: Request, pk: int) -> HttpResponse:
    """Ask whether to cancel a bulk request, or cancel it."""
    bulk_request = get_object_or_404(BulkRequest, pk=pk)
    if request.method == "POST":
        delay = cancel_bulk_request(pk, request.user)
        if delay is not None:
            schedule_bulk_request(pk, delay)
        return redirect("bulk-request-detail", pk)
    if not bulk_request.can_be_cancelled:
        return redirect("bulk-request-detail", pk)
    [progress] = load_progress([bulk_request])
    return render(request, "bulk/cancel.html", {"progress": progress})


def build_progress_context(request: Request, pk: int) -> dict[str, Any]:
    """Return how far a bulk request has come, and the state whose packs the page shows."""
    state = request.GET.get("state")
    bulk_requests = BulkRequest.objects.select_related("requested_by", "cancelled_by")
    [progress] = load_progress([get_object_or_404(bulk_requests, pk=pk)])
    return {
        "progress": progress,
        "shown_state": RequestedPack.State(state) if state in RequestedPack.State.values else None,
        "can_cancel": progress.bulk_request.can_be_cancelled
        and request.user.has_perm("dashboard.generate_report"),
    }


def select_requested_packs(pk: int, state: RequestedPack.State | None) -> QuerySet[RequestedPack]:
    """Return the packs of a bulk request, those in `state` alone if it is not None."""
    packs = RequestedPack.objects.filter(bulk_request=pk)
    if state:
        packs = packs.filter(state=state)
    return packs.select_related("pack__account", "report").only(
        "bulk_request",
        "state",
        "joined",
        "pack__name",
        "pack__account__name",
        "report__listed_at",
        "report__state",
        "report__error_code",
        "report__error_facts",
    )


def build_pack_row(requested_pack: RequestedPack) -> dict[str, Any]:
    """Return a row of the table of packs: its mark, and why its run ended without a report."""
    report = requested_pack.report
    error = (
        error_messages.explain_error(report.error_code, report.error_facts).title
        if report and report.error_code and not report.under_way
        else ""
    )
    slug = STATE_SLUGS[RequestedPack.State(requested_pack.state)]
    return {"requested_pack": requested_pack, "slug": slug, "error": error}
