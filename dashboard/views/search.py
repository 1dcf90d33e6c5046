"""The search of the top bar: packs, accounts, rules, and resources by the beginning of their id."""

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from dashboard.models import Account, Evaluation, Pack, Rule
from dashboard.models.evaluations import FOREVER

AT_MOST = 20


@require_GET
def search_page(request: HttpRequest) -> HttpResponse:
    wanted = request.GET.get("q", "").strip()[:200]
    return render(
        request, "search.html", {"search": wanted, **(search_everything(wanted) if wanted else {})}
    )


def search_everything(wanted: str) -> dict[str, object]:
    """What bears this name or begins with this id, some of each kind; resources as they stand now."""
    named = Q(name__icontains=wanted)
    standing = Evaluation.objects.filter(
        until=FOREVER, resource_id__startswith=wanted
    ).select_related("pack", "rule")
    return {
        "accounts": Account.objects.defer("secret_encrypted").filter(
            named | Q(uid__startswith=wanted)
        )[:AT_MOST],
        "packs": Pack.objects.select_related("account")
        .defer("account__secret_encrypted")
        .filter(named | Q(pack_id__startswith=wanted))[:AT_MOST],
        "rules": Rule.objects.select_related("pack").filter(
            named | Q(identifier__icontains=wanted) | Q(rule_id__startswith=wanted)
        )[:AT_MOST],
        "resources": standing.failing_first()[:AT_MOST],
        "at_most": AT_MOST,
    }
