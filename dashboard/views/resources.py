"""A resource's page: the history of each rule that judged it, over all packs and accounts.

A timeline is the list of statuses that one rule gave the resource.
"""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from dashboard.charts.timeline_chart import draw_timeline_bars
from dashboard.queries.resource_history import load_timelines
from dashboard.text import console_links


@require_safe
def resource_detail(request: HttpRequest, number: int) -> HttpResponse:
    timelines = load_timelines(number)
    if not timelines:
        raise Http404
    newest_period = max((timeline.last for timeline in timelines), key=lambda last: last.start)
    newest = newest_period.evaluation
    context = {
        "resource": newest,
        "timelines": list(zip(timelines, draw_timeline_bars(timelines), strict=True)),
        "failing": sum(timeline.is_failing for timeline in timelines),
        "has_inactive_packs": not all(timeline.pack.is_active for timeline in timelines),
        "console_url": console_links.resource_console_url(newest, newest.pack.account),
        "first_record": min(timeline.periods[0].start for timeline in timelines),
    }
    return render(request, "resource/detail.html", context)
