"""Archive packs, one or many at once, after a confirmation; show archived packs on home again."""

import hashlib

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from dashboard.models import Pack
from dashboard.models.accounts import PackQuerySet
from dashboard.models.pack_archiving import archive_packs, unarchive_packs
from dashboard.queries.home_filter import HomeFilter
from dashboard.views import Request
from dashboard.views.converters import parse_ids

MAX_LISTED_PACKS = 50  # on the confirmation page; the others are only counted


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("dashboard.change_pack", raise_exception=True)
def pack_archive(request: Request) -> HttpResponse:
    """Ask whether to archive the packs of the address; a POST archives them if they are the same.

    If other packs match the address than when it asked, it asks again.
    """
    ids = list_packs_to_archive(request.GET)
    fingerprint = build_fingerprint(ids)
    packs = Pack.objects.filter(pk__in=ids)
    is_confirmed = request.POST.get("fingerprint") == fingerprint
    if request.method == "POST" and is_confirmed:
        count = archive_packs(packs, request.user)
        text = ngettext("%(count)s pack archived.", "%(count)s packs archived.", count)
        messages.success(request, text % {"count": count})
        return redirect("home")
    shown_packs = packs.select_related("account").defer("account__secret_encrypted")
    context = {
        "packs": shown_packs[:MAX_LISTED_PACKS],
        "count": len(ids),
        "others": max(0, len(ids) - MAX_LISTED_PACKS),
        "fingerprint": fingerprint,
        "has_changed": request.method == "POST",
    }
    return render(request, "pack/archive.html", context)


@require_POST
@permission_required("dashboard.change_pack", raise_exception=True)
def pack_unarchive(request: Request) -> HttpResponse:
    """Show the chosen archived packs on home again."""
    count = unarchive_packs(select_chosen_packs(request.POST), request.user)
    text = ngettext("%(count)s pack is on home again.", "%(count)s packs are on home again.", count)
    messages.success(request, text % {"count": count})
    return redirect("home")


def list_packs_to_archive(query: QueryDict) -> list[int]:
    """Return the ids of the packs that the query selects and that are not archived, in order."""
    packs = select_packs_to_archive(query).filter(archived_at=None)
    return list(packs.order_by("pk").values_list("pk", flat=True))


def build_fingerprint(ids: list[int]) -> str:
    """Return a text that stands for exactly these packs."""
    return hashlib.sha256(",".join(map(str, ids)).encode()).hexdigest()


def select_packs_to_archive(query: QueryDict) -> PackQuerySet:
    """Return the packs that the query names; without names, those that match its filter."""
    if "pack" in query:
        return select_chosen_packs(query)
    home_filter = HomeFilter.parse(query)
    if not home_filter.has_conditions:
        return Pack.objects.none()
    return Pack.objects.filter(summary__in=home_filter.select_summaries())


def select_chosen_packs(query: QueryDict) -> PackQuerySet:
    return Pack.objects.filter(pk__in=parse_ids(query.getlist("pack")))
