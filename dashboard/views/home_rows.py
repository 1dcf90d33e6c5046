"""Template contexts of home's rows and lines, for the page and for the answers that renew them.

A run is the generation of a report.
"""

from collections.abc import Collection
from functools import partial
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _

from dashboard.models import Pack, PackSummary
from dashboard.queries import pack_overview
from dashboard.queries.account_lines import load_lines_with_trends, load_totals
from dashboard.queries.attention import count_packs_needing_attention
from dashboard.queries.home_filter import HomeFilter, PackState
from dashboard.queries.poll_times import compute_poll_seconds
from dashboard.queries.report_list import get_figure_labels
from dashboard.views import Request

# The packs of these states can be archived or shown again.
CHOICE_STATES = (PackState.GONE, PackState.ARCHIVED)


def build_pack_rows_context(
    request: Request,
    rows: list[pack_overview.PackRow],
    home_filter: HomeFilter,
    *,
    is_update: bool,
) -> dict[str, Any]:
    """Return the context that the template of pack rows and of lines needs.

    `home_filter` is that of the page, with the number of the page. `is_update` is true for a
    fragment that updates the home page, false for the page itself. The polling asks for all runs
    whose rows are on the page.
    """
    runs = [row.run for row in rows if row.run]
    return {
        # Called by the template only where a row or a button needs it: a poll needs it seldom.
        "may_generate": partial(request.user.has_perm, "dashboard.generate_report"),
        "may_evaluate": partial(request.user.has_perm, "dashboard.evaluate_pack"),
        "shows_checkboxes": shows_checkboxes(request, home_filter),
        "is_polling": bool(runs),
        "poll_seconds": compute_poll_seconds(run.requested_at for run in runs),
        "labels": SimpleLazyObject(build_labels),
        "is_update": is_update,
        **build_links_context(home_filter),
    }


def build_labels() -> dict[str, str]:
    """Return the texts of all rows, translated once."""
    return {
        **get_figure_labels(),
        "generate": _("Generate"),
        "evaluate": _("Evaluate first"),
        "evaluate_title": _("Evaluate, then generate"),
        "oldest": _("oldest:"),
    }


def shows_checkboxes(request: Request, home_filter: HomeFilter) -> bool:
    """Return whether the rows have boxes to choose packs for archiving."""
    return home_filter.show in CHOICE_STATES and request.user.has_perm("dashboard.change_pack")


def build_links_context(home_filter: HomeFilter) -> dict[str, Any]:
    """Return the addresses of the lines' links, and the query of the page for the polling.

    The id of an account to open follows `query_to_open`, its uid `account_sums_url`. The sums are
    links if the page has no condition that theirs would replace.
    """
    home_url = reverse("home")
    page_query = home_filter.query_string(page=home_filter.page)
    account_query = begin_parameter(home_filter.query_string(account=""))
    return {
        "home_url": home_url,
        "page_query": page_query,
        "query_to_open": begin_parameter(page_query) + "open=",
        "account_sums_url": f"{home_url}{account_query}account=",
        "total_sums_url": home_url + begin_parameter(home_filter.query_string()),
        "links_sums": not (home_filter.show or home_filter.risk),
    }


def begin_parameter(query: str) -> str:
    """Return a query string, with its `?`, so that a parameter can follow."""
    return query if query == "?" else f"{query}&"


def render_pack_row(request: Request, pack: Pack) -> HttpResponse:
    """Render a pack's row for the home page after a change, with the updated cards and polling."""
    summaries = PackSummary.objects.filter(pack=pack)
    [row] = pack_overview.build_rows(pack_overview.select_rows(summaries))
    context = {
        "row": row,
        "cards": count_packs_needing_attention(),
        **build_pack_rows_context(request, [row], HomeFilter.parse(request.POST), is_update=True),
        # Other rows of the page may be under way. If none is, the next poll ends the polling.
        "is_polling": True,
    }
    return render(request, "home.html#changed_row", context)


def build_renewed_lines_context(
    home_filter: HomeFilter, account_ids: Collection[int], opened_ids: Collection[int]
) -> dict[str, Any]:
    """Return the lines of these accounts, some of them opened, and the sums over all lines."""
    summaries = home_filter.select_summaries()
    lines = load_lines_with_trends(summaries, account_ids)
    return {
        "renewed_sections": [
            pack_overview.AccountSection(line, is_open=line.id in opened_ids) for line in lines
        ],
        "totals": load_totals(summaries),
    }
