"""A rule's page: how many resources it failed in each report of its pack."""

from itertools import pairwise

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from dashboard.charts import trend_chart
from dashboard.models import Rule

LISTED = 100  # reports, the newest; the drawing has all of them


@require_safe
def rule_detail(request: HttpRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(
        Rule.objects.select_related("pack__account").defer("pack__account__secret_encrypted"), pk=pk
    )
    trend, points = trend_chart.draw_rule_trend(found)
    steps = {after.report: after.failing - before.failing for before, after in pairwise(points)}
    rows = [(point, steps.get(point.report, 0)) for point in points[: -LISTED - 1 : -1]]
    risk = found.results.order_by("-report__position").values_list("risk", flat=True).first() or 0
    return render(
        request, "rule/detail.html", {"rule": found, "trend": trend, "rows": rows, "risk": risk}
    )
