"""A rule's page: how many resources fail the rule in each report of its pack."""

from itertools import pairwise

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from dashboard.charts.trend_chart import draw_rule_trend
from dashboard.models import Report, Risk, Rule
from dashboard.queries.trend import Point, load_rule_points

MAX_ROWS = 100  # the table shows the newest reports, the chart all reports


@require_safe
def rule_detail(request: HttpRequest, pk: int) -> HttpResponse:
    rules = Rule.objects.select_related("pack__account").defer("pack__account__secret_encrypted")
    rule = get_object_or_404(rules, pk=pk)
    points = load_rule_points(rule)
    ready_results = rule.results.filter(report__state=Report.State.READY)
    risks = ready_results.order_by("-report__position").values_list("risk", flat=True)
    context = {
        "rule": rule,
        "chart": draw_rule_trend(points),
        "rows": compute_differences(points)[:MAX_ROWS],
        "risk": risks.first() or Risk.NOT_STATED,
    }
    return render(request, "rule/detail.html", context)


def compute_differences(points: list[Point]) -> list[tuple[Point, int]]:
    """Return each point with the change in failing resources since the point before.

    `points` are oldest first, the result is newest first. The change of the first point is 0.
    """
    differences = [later.failing - earlier.failing for earlier, later in pairwise(points)]
    # Not strict: without points, the 0 has no partner.
    return list(zip(points, [0, *differences], strict=False))[::-1]
