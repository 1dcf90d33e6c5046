"""The rules of a report under a filter."""

from dashboard.models import Report, Status
from dashboard.queries import report_rules
from dashboard.queries.filters import EvaluationFilter


def test_the_rules_of_a_filter_are_those_with_its_rows(f1: Report) -> None:
    names = [
        summary.name
        for summary in report_rules.filter_rules(f1, EvaluationFilter(status=Status.NON_COMPLIANT))
    ]
    assert names == ["OSS 存储空间 ACL 不开启公共读", "OSS 存储空间开启加密"]
    assert [
        summary.name for summary in report_rules.filter_rules(f1, EvaluationFilter(q="日志"))
    ] == ["OSS 存储空间开启日志"]
    assert len(report_rules.filter_rules(f1, EvaluationFilter(region="cn-hangzhou"))) == 3
    assert report_rules.filter_rules(f1, EvaluationFilter(region="cn-nowhere")) == []
