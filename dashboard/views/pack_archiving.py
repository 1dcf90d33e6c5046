"""Archive packs, one or many at once, after a confirmation; show archived packs on home again."""

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

NAMED_PACKS = 50  # on the page that asks; of the others it tells the number


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("dashboard.change_pack", raise_exception=True)
def pack_archive(request: Request) -> HttpResponse:
    """Ask whether the packs of the address are to be archived; a POST archives them."""
    packs = select_packs(request.GET).filter(archived_at=None)
    if request.method == "POST":
        count = archive_packs(packs, request.user)
        text = ngettext("%(count)s pack archived.", "%(count)s packs archived.", count)
        messages.success(request, text % {"count": count})
        return redirect("home")
    count = packs.count()
    context = {
        "packs": packs.select_related("account").defer("account__secret_encrypted")[:NAMED_PACKS],
        "count": count,
        "others": max(0, count - NAMED_PACKS),
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


def select_packs(query: QueryDict) -> PackQuerySet:
    """Return the packs that the query names; without names, those that match its filter."""
    if "pack" in query:
        return select_chosen_packs(query)
    home_filter = HomeFilter.parse(query)
    if not home_filter.has_conditions:
        return Pack.objects.none()
    return Pack.objects.filter(summary__in=home_filter.select_summaries())


def select_chosen_packs(query: QueryDict) -> PackQuerySet:
    return Pack.objects.filter(pk__in=parse_ids(query.getlist("pack")))
