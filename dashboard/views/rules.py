"""A rule's page: how many resources fail the rule in each report of its pack."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from dashboard.charts.trend_chart import draw_rule_trend
from dashboard.models import Risk, Rule
from dashboard.queries.trend import load_newest_result, load_rule_points, load_rule_results
from dashboard.text.rule_words import describe_rule_state

MAX_ROWS = 100  # the table shows the newest reports, the chart all reports


@require_safe
def rule_detail(request: HttpRequest, pk: int) -> HttpResponse:
    rules = Rule.objects.select_related("pack__account").defer("pack__account__secret_encrypted")
    rule = get_object_or_404(rules, pk=pk)
    results = load_rule_results(rule, MAX_ROWS)
    newest = load_newest_result(rule)
    context = {
        "rule": rule,
        "chart": draw_rule_trend(load_rule_points(rule)),
        "results": results,
        "newest": newest,
        "rule_state": describe_rule_state(newest.cloud_state) if newest else None,
        "risk": results[0].risk if results else Risk.NOT_STATED,
    }
    return render(request, "rule/detail.html", context)
