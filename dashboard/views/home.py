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
from dashboard.text.formatting import format_age, format_elapsed
from dashboard.text.template_tags import foreign, sparkline, time
from dashboard.views import Request
from dashboard.views.figures import figure_cells, list_labels


def requested_group(request: Request) -> str:
    """Which rows are asked for: a name of overview.SHOWN, or empty for all."""
    show = request.GET.get("show") or request.POST.get("show", "")
    return show if show in pack_overview.SHOWN else ""


@require_GET
def home(request: Request) -> HttpResponse:
    rows = pack_overview.load_pack_rows(Pack.objects.all())
    show = requested_group(request)
    shown = [row for row in rows if getattr(row, show)] if show else rows
    context = {
        "show": show,
        "cards": count_cards(rows),
        "accounts": {
            account: build_rows(request, of_it)
            for account, of_it in pack_overview.group_by_account(shown).items()
        },
        "shown": shown,
        "total": len(rows),
        "any_account": bool(rows) or Account.objects.exists(),
        **polling_context(rows),
        "live": False,
    }
    return render(request, "home.html", context)


def count_cards(rows: list[pack_overview.PackRow]) -> dict[str, dict[str, Any]]:
    """How many packs ask for attention, and the status in whose colour their number stands."""
    statuses = {"new": "failing", "never": "", "failed": "insufficient-data"}
    return {
        name: {
            "name": name,
            "status": home_status,
            "count": sum(getattr(render_pack_row, name) for render_pack_row in rows),
        }
        for name, home_status in statuses.items()
    }


def polling_context(rows: list[pack_overview.PackRow]) -> dict[str, Any]:
    """What the page's one question about all the runs needs: their ids, and when to ask."""
    runs = [row.run for row in rows if row.run]
    return {
        "query": urlencode({"report": [run.pk for run in runs]}, doseq=True),
        "pause": pack_overview.poll_delay(runs),
        "live": True,
        "labels": {**list_labels(), "generate": _("Generate")},
    }


def build_rows(request: Request, rows: Iterable[pack_overview.PackRow]) -> list[dict[str, Any]]:
    """Rows as the template sets them down: texts and HTML only, and nothing to look up."""
    may_generate = request.user.has_perm("dashboard.generate_report")
    states, words = dict(Report.State.choices), list_labels()
    return [
        {
            "pack": str(render_pack_row.pack.pk),
            "name": render_pack_row.pack.name,
            "lang": foreign(render_pack_row.pack.name),
            "gone": render_pack_row.pack.gone_at,
            "imported": render_pack_row.pack.imported,
            "report": str(render_pack_row.latest.pk) if render_pack_row.latest else "",
            "cells": figure_cells(render_pack_row.latest, words) if render_pack_row.latest else "",
            "trend": sparkline(render_pack_row.trend),
            "time": time(render_pack_row.latest.created_at) if render_pack_row.latest else "",
            "age": format_age(render_pack_row.latest.created_at) if render_pack_row.latest else "",
            "run": str(render_pack_row.run.pk) if render_pack_row.run else "",
            "elapsed": format_elapsed(render_pack_row.run.requested_at)
            if render_pack_row.run
            else "",
            "failed": str(render_pack_row.last.pk)
            if render_pack_row.failed and render_pack_row.last
            else "",
            "said": states[last.state]
            if (last := render_pack_row.run or render_pack_row.last)
            else "",
            "cancels": may_generate and render_pack_row.run,
            "generates": may_generate and render_pack_row.can_generate,
        }
        for render_pack_row in rows
    ]


@require_GET
def home_status(request: Request) -> HttpResponse:
    """The rows of the reports that are asked about, and of any that have come under way since."""
    asked = [pk for pk in request.GET.getlist("report") if pk.isdecimal() and len(pk) < 19][:1000]
    wanted = Report.objects.filter(Q(pk__in=asked) | Q(state__in=Report.UNDER_WAY))
    rows = pack_overview.load_pack_rows(Pack.objects.filter(pk__in=wanted.values("pack")))
    context = {
        "rows": build_rows(request, rows),
        "asked": asked,
        "oob": True,
        **polling_context(rows),
    }
    if not all(
        row.run for row in rows
    ):  # a run has ended: the numbers above the table may have changed with it
        context["cards"] = count_cards(pack_overview.load_pack_rows(Pack.objects.all()))
    return render(request, "home.html#status", context)


def render_pack_row(request: Request, pack: Pack) -> HttpResponse:
    """A pack's row after somebody did something in it, and the question about all the runs anew."""
    rows = pack_overview.load_pack_rows(Pack.objects.all())
    mine = build_rows(request, (row for row in rows if row.pack == pack))
    return render(
        request,
        "home.html#changed",
        {"row": mine[0], "cards": count_cards(rows), **polling_context(rows)},
    )


@require_POST
@permission_required("dashboard.generate_report", raise_exception=True)
def generate_all(request: Request) -> HttpResponse:
    """Asks for a report of every pack that the page shows; each joins a run that is under way already."""
    show = requested_group(request)
    for row in pack_overview.load_pack_rows(Pack.objects.in_cloud()):
        if not show or getattr(row, show):
            tasks.schedule_step(requests.request_report(row.pack, by=request.user).pk)
    return redirect("/")
