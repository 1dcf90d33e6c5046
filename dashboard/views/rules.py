"""A rule's page: how many resources fail the rule in each report of its pack."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from dashboard.charts.trend_chart import draw_rule_trend
from dashboard.models import Risk, Rule
from dashboard.queries.paging import paginate
from dashboard.queries.trend import (
    list_results_with_reports,
    load_newest_result,
    load_rule_points,
)
from dashboard.text.rule_words import describe_rule_state

REPORTS_PER_PAGE = 100  # in the table; the chart shows all reports


@require_safe
def rule_detail(request: HttpRequest, pk: int) -> HttpResponse:
    rules = Rule.objects.select_related("pack__account").defer("pack__account__secret_encrypted")
    rule = get_object_or_404(rules, pk=pk)
    results = list_results_with_reports(rule)
    newest = load_newest_result(rule)
    context = {
        "rule": rule,
        "chart": draw_rule_trend(load_rule_points(rule)),
        "page": paginate(results, request.GET.get("page"), REPORTS_PER_PAGE),
        "newest": newest,
        "rule_state": describe_rule_state(newest.cloud_state) if newest else None,
        "risk": newest.risk if newest else Risk.NOT_STATED,
    }
    return render(request, "rule/detail.html", context)
