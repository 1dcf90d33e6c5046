"""The made-up reports of a company have numbers that add up like those of real ones."""

import datetime as dt
from itertools import pairwise

import pytest

from dashboard.ledger.pack_resources import find_packs_with_wrong_resources
from dashboard.ledger.pack_summaries import find_wrong_summaries
from dashboard.management.company_data import CompanyPlan, create_company
from dashboard.models import Account, Evaluation, Pack, PackSummary, Report, RuleResult
from dashboard.models.evaluations import FOREVER
from dashboard.queries.search import search_all
from dashboard.sandbox.cloud_state import CloudState

NEWEST = dt.datetime(2026, 11, 20, 9, tzinfo=dt.UTC)
PLAN = CompanyPlan(packs=12, newest_at=NEWEST, packs_per_account=5, weeks=6, rows=50)

pytestmark = pytest.mark.django_db


@pytest.fixture
def packs(db: None) -> list[Pack]:
    return create_company(PLAN, "http://sandbox")


def test_there_are_as_many_accounts_packs_and_reports_as_planned(packs: list[Pack]) -> None:
    assert (Account.objects.count(), Pack.objects.count()) == (3, 12)
    assert Report.objects.ready().count() == 12 * 6
    assert not packs[7].reports.exists()
    assert packs[8].reports.ready().count() == 12
    assert PackSummary.objects.filter(has_failed_run=True).count() == 1
    assert list(find_wrong_summaries()) == []
    assert find_packs_with_wrong_resources() == []
    assert search_all("baseline-rule-3").rules


def test_the_sandbox_has_the_same_accounts_and_packs(packs: list[Pack]) -> None:
    cloud_state = CloudState.create_many(PLAN.accounts, PLAN.packs_per_account, PLAN.rows)
    assert {pack.pack_id for pack in packs} < cloud_state.packs.keys()
    names = {pack.id: pack.name for pack in cloud_state.packs.values()}
    for pack in packs:
        assert pack.name == names[pack.pack_id]
        key = cloud_state.accounts[pack.account.uid]
        assert (pack.account.access_key_id, pack.account.secret) == (
            key.access_key_id,
            key.access_key_secret,
        )


def test_what_came_and_left_explains_the_failing_of_the_next_report(packs: list[Pack]) -> None:
    changed = 0
    for pack in packs:
        for older, newer in pairwise(pack.reports.ready().order_by("position")):
            assert older.failing + (newer.came or 0) - (newer.left or 0) == newer.failing
            changed += newer.came or 0
    assert changed


def test_the_rows_of_the_newest_report_have_its_counts(packs: list[Pack]) -> None:
    assert Evaluation.objects.count() == 11 * 50
    for summary in PackSummary.objects.exclude(latest=None).select_related("latest"):
        report = summary.latest
        assert report
        rows = Evaluation.objects.at(summary.pack_id, report.require_position())
        assert not rows.exclude(until=FOREVER).exists()
        results = RuleResult.objects.filter(report=report)
        for counts, name in ((rows.failing(), "failing"), (rows.filter(status=3), "ignored")):
            assert counts.count() == getattr(report, name)
            assert sum(results.values_list(name, flat=True)) == getattr(report, name)
        for risk, number in report.failing_by_risk.items():
            assert rows.failing().filter(risk=risk).count() == number
        failing_resources = rows.failing().values("resource").distinct().count()
        assert failing_resources == report.resources_failing
        judged = rows.exclude(status=3).values("resource").distinct().count()
        assert judged == (report.resources_failing or 0) + (report.resources_compliant or 0)
