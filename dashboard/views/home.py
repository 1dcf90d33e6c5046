"""Home: every account's packs, worst first, and the runs under way in their rows."""

from collections.abc import Iterable
from typing import Any

from django.contrib.auth.decorators import permission_required
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from dashboard import tasks
from dashboard.generation import requests
from dashboard.models import Account, Pack, Report
from dashboard.queries import pack_overview
from dashboard.templatetags.ledger import foreign, sparkline, time
from dashboard.text.formatting import format_age, format_elapsed
from dashboard.views import Request
from dashboard.views.figures import cells, labels


def chosen(request: Request) -> str:
    """Which rows are asked for: a name of overview.SHOWN, or empty for all."""
    show = request.GET.get("show") or request.POST.get("show", "")
    return show if show in pack_overview.SHOWN else ""


@require_GET
def home(request: Request) -> HttpResponse:
    rows = pack_overview.load_pack_rows(Pack.objects.all())
    show = chosen(request)
    shown = [row for row in rows if getattr(row, show)] if show else rows
    context = {
        "show": show,
        "cards": cards(rows),
        "accounts": {
            account: made(request, of_it)
            for account, of_it in pack_overview.group_by_account(shown).items()
        },
        "shown": shown,
        "total": len(rows),
        "any_account": bool(rows) or Account.objects.exists(),
        **watch(rows),
        "live": False,
    }
    return render(request, "home.html", context)


def cards(rows: list[pack_overview.PackRow]) -> dict[str, dict[str, Any]]:
    """How many packs ask for attention, and the status in whose colour their number stands."""
    statuses = {"new": "failing", "never": "", "failed": "insufficient-data"}
    return {
        name: {"name": name, "status": status, "count": sum(getattr(row, name) for row in rows)}
        for name, status in statuses.items()
    }


def watch(rows: list[pack_overview.PackRow]) -> dict[str, Any]:
    """What the page's one question about all the runs needs: their ids, and when to ask."""
    runs = [row.run for row in rows if row.run]
    return {
        "query": urlencode({"report": [run.pk for run in runs]}, doseq=True),
        "pause": pack_overview.poll_delay(runs),
        "live": True,
        "labels": {**labels(), "generate": _("Generate")},
    }


def made(request: Request, rows: Iterable[pack_overview.PackRow]) -> list[dict[str, Any]]:
    """Rows as the template sets them down: texts and HTML only, and nothing to look up."""
    may_generate = request.user.has_perm("dashboard.generate_report")
    states, words = dict(Report.State.choices), labels()
    return [
        {
            "pack": str(row.pack.pk),
            "name": row.pack.name,
            "lang": foreign(row.pack.name),
            "gone": row.pack.gone_at,
            "imported": row.pack.imported,
            "report": str(row.latest.pk) if row.latest else "",
            "cells": cells(row.latest, words) if row.latest else "",
            "trend": sparkline(row.trend),
            "time": time(row.latest.created_at) if row.latest else "",
            "age": format_age(row.latest.created_at) if row.latest else "",
            "run": str(row.run.pk) if row.run else "",
            "elapsed": format_elapsed(row.run.requested_at) if row.run else "",
            "failed": str(row.last.pk) if row.failed and row.last else "",
            "said": states[last.state] if (last := row.run or row.last) else "",
            "cancels": may_generate and row.run,
            "generates": may_generate and row.can_generate,
        }
        for row in rows
    ]


@require_GET
def status(request: Request) -> HttpResponse:
    """The rows of the reports that are asked about, and of any that have come under way since."""
    asked = [pk for pk in request.GET.getlist("report") if pk.isdecimal() and len(pk) < 19][:1000]
    wanted = Report.objects.filter(Q(pk__in=asked) | Q(state__in=Report.UNDER_WAY))
    rows = pack_overview.load_pack_rows(Pack.objects.filter(pk__in=wanted.values("pack")))
    context = {"rows": made(request, rows), "asked": asked, "oob": True, **watch(rows)}
    if not all(
        row.run for row in rows
    ):  # a run has ended: the numbers above the table may have changed with it
        context["cards"] = cards(pack_overview.load_pack_rows(Pack.objects.all()))
    return render(request, "home.html#status", context)


def row(request: Request, pack: Pack) -> HttpResponse:
    """A pack's row after somebody did something in it, and the question about all the runs anew."""
    rows = pack_overview.load_pack_rows(Pack.objects.all())
    mine = made(request, (row for row in rows if row.pack == pack))
    return render(
        request, "home.html#changed", {"row": mine[0], "cards": cards(rows), **watch(rows)}
    )


@require_POST
@permission_required("dashboard.generate_report", raise_exception=True)
def generate_all(request: Request) -> HttpResponse:
    """Asks for a report of every pack that the page shows; each joins a run that is under way already."""
    show = chosen(request)
    for row in pack_overview.load_pack_rows(Pack.objects.in_cloud()):
        if not show or getattr(row, show):
            tasks.schedule_step(requests.request_report(row.pack, by=request.user).pk)
    return redirect("/")
