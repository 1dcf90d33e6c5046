"""A resource's page: every rule that judged it, in time, over all packs and accounts."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from dashboard.charts import timeline_chart
from dashboard.text import console_links


@require_safe
def resource_detail(request: HttpRequest, number: int) -> HttpResponse:
    lines = timeline_chart.load_timelines(number)
    if not lines:
        raise Http404
    newest = max((line.last for line in lines), key=lambda stretch: stretch.start).evaluation
    failing = sum(
        1 for line in lines if line.last.end is None and line.last.status.slug == "failing"
    )
    context = {
        "resource": newest,
        "lines": lines,
        "failing": failing,
        "console": console_links.resource_console_url(newest, newest.pack.account),
        "since": min(line.stretches[0].start for line in lines),
    }
    return render(request, "resource/detail.html", context)
