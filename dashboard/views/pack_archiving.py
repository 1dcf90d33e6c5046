"""Archive packs, one or many at once, after a confirmation; show archived packs on home again."""

import hashlib
from typing import NamedTuple

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from dashboard.models import Pack
from dashboard.models.accounts import PackQuerySet
from dashboard.models.pack_archiving import archive_packs, unarchive_packs
from dashboard.queries.home_filter import HomeFilter
from dashboard.views import Request
from dashboard.views.converters import parse_ids

MAX_LISTED_PACKS = 50  # on the confirmation page; the others are only counted


class Confirmation(NamedTuple):
    """What a page that asks before packs are archived or shown again knows of them.

    `has_changed` is true if the answer was for other packs than those that match now.
    """

    ids: list[int]
    fingerprint: str
    is_given: bool
    has_changed: bool


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("dashboard.change_pack", raise_exception=True)
def pack_archive(request: Request) -> HttpResponse:
    """Ask whether to archive the packs of the address; a POST archives them if they are the same.

    If other packs match the address than when it asked, it asks again.
    """
    confirmation = check_confirmation(request, select_packs(request.GET).filter(archived_at=None))
    if not confirmation.is_given:
        return ask_for_confirmation(request, "pack/archive.html", confirmation)
    count = archive_packs(Pack.objects.filter(pk__in=confirmation.ids), request.user)
    text = ngettext("%(count)s pack archived.", "%(count)s packs archived.", count)
    messages.success(request, text % {"count": count})
    return redirect_to_home(request.GET)


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("dashboard.change_pack", raise_exception=True)
def pack_unarchive(request: Request) -> HttpResponse:
    """Show archived packs on home again: those of the form, or all of the address.

    Those of the address only after a confirmation, as in pack_archive.
    """
    if request.method == "POST" and "fingerprint" not in request.POST:
        if "pack" in request.POST:
            return show_on_home(request, select_chosen_packs(request.POST), request.POST)
        messages.error(request, _("No pack is chosen."))
        return redirect_to_home(request.POST)
    packs = select_packs(request.GET).exclude(archived_at=None)
    confirmation = check_confirmation(request, packs)
    if not confirmation.is_given:
        return ask_for_confirmation(request, "pack/unarchive.html", confirmation)
    return show_on_home(request, Pack.objects.filter(pk__in=confirmation.ids), request.GET)


def show_on_home(request: Request, packs: PackQuerySet, query: QueryDict) -> HttpResponseRedirect:
    """Show the packs on home again and go back to the filter of home in the query."""
    count = unarchive_packs(packs, request.user)
    text = ngettext("%(count)s pack is on home again.", "%(count)s packs are on home again.", count)
    messages.success(request, text % {"count": count})
    return redirect_to_home(query)


def redirect_to_home(query: QueryDict) -> HttpResponseRedirect:
    """Go back to home with the filter of the query."""
    return redirect(reverse("home") + HomeFilter.parse(query).query_string())


def check_confirmation(request: Request, packs: PackQuerySet) -> Confirmation:
    """Return whether the user has confirmed the change of exactly these packs."""
    ids = list(packs.order_by("pk").values_list("pk", flat=True))
    fingerprint = build_fingerprint(ids)
    is_posted = request.method == "POST"
    is_given = is_posted and bool(ids) and request.POST.get("fingerprint") == fingerprint
    return Confirmation(ids, fingerprint, is_given, has_changed=is_posted and not is_given)


def ask_for_confirmation(
    request: Request, template: str, confirmation: Confirmation
) -> HttpResponse:
    packs = Pack.objects.filter(pk__in=confirmation.ids)
    shown_packs = packs.select_related("account").defer("account__secret_encrypted")
    context = {
        "packs": shown_packs[:MAX_LISTED_PACKS],
        "total": len(confirmation.ids),
        "others": max(0, len(confirmation.ids) - MAX_LISTED_PACKS),
        "fingerprint": confirmation.fingerprint,
        "has_changed": confirmation.has_changed,
        "condition_query": HomeFilter.parse(request.GET).query_string(),
    }
    return render(request, template, context)


def build_fingerprint(ids: list[int]) -> str:
    """Return a text that stands for exactly these packs."""
    return hashlib.sha256(",".join(map(str, ids)).encode()).hexdigest()


def select_packs(query: QueryDict) -> PackQuerySet:
    """Return the packs that the query names or, if no pack is to be named, those of its filter.

    `chosen` is in the query of a form whose packs are ticked one by one.
    """
    if "pack" in query or "chosen" in query:
        return select_chosen_packs(query)
    home_filter = HomeFilter.parse(query)
    if not home_filter.has_conditions:
        return Pack.objects.none()
    return Pack.objects.filter(summary__in=home_filter.select_summaries())


def select_chosen_packs(query: QueryDict) -> PackQuerySet:
    return Pack.objects.filter(pk__in=parse_ids(query.getlist("pack")))
