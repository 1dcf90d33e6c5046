"""What came and left is counted for every report and rule, and adds up."""

from itertools import pairwise
from typing import Any

import pytest

from dashboard.ledger import change_counts
from dashboard.models import Pack, Report, RuleResult
from tests.sample_history import import_history, make_sandbox_pack

pytestmark = pytest.mark.django_db
COUNT_FIELDS = ("came", "left", "changes_by_reason", "high_risk_changes_by_reason")


@pytest.fixture(params=["newer", "older"])
def pack(request: pytest.FixtureRequest, db: None) -> Pack:
    """A pack with four reports, in files of all statuses or of failing resources only."""
    return import_history(make_sandbox_pack(1, layout=request.param), 4)


def list_counts() -> list[Any]:
    results = RuleResult.objects.order_by("report__position", "rule")
    return [
        list(Report.objects.order_by("position").values_list(*COUNT_FIELDS)),
        list(results.values_list("came", "left", "changes_by_reason")),
    ]


def test_failing_before_and_what_came_less_what_left_is_failing_now(pack: Pack) -> None:
    reports = list(pack.reports.order_by("position"))
    assert (reports[0].came, reports[0].left) == (None, None)
    for older, newer in pairwise(reports):
        assert older.failing + (newer.came or 0) - (newer.left or 0) == newer.failing
        counts = (newer.changes_by_reason or {}).values()
        assert sum(counts) == (newer.came or 0) + (newer.left or 0)
    assert any(report.came or report.left for report in reports)


def test_the_changes_of_the_rules_are_those_of_the_report(pack: Pack) -> None:
    for report in pack.reports.exclude(came=None):
        results = list(report.rule_results.all())
        assert sum(result.came or 0 for result in results) == report.came
        assert sum(result.left or 0 for result in results) == report.left


def test_reports_from_before_the_counts_get_theirs_from_the_worker(pack: Pack) -> None:
    counts_before = list_counts()
    Report.objects.update(**dict.fromkeys(COUNT_FIELDS))
    RuleResult.objects.update(came=None, left=None, changes_by_reason=None)
    assert change_counts.count_missing_changes(limit=3) == 3
    assert Report.objects.with_uncounted_changes().count() == 1
    assert change_counts.count_missing_changes() == 1
    assert list_counts() == counts_before
    assert change_counts.count_missing_changes() == 0


def test_a_file_of_failing_resources_only_claims_no_repair(db: None) -> None:
    pack = import_history(make_sandbox_pack(layout="older"), 4)
    for report in pack.reports.exclude(came=None):
        assert not {"fixed", "no-longer-there", "new-resource"} & set(
            report.changes_by_reason or {}
        )
