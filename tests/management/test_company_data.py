"""The made-up reports of a company have numbers that add up like those of real ones."""

import dataclasses
import datetime as dt
from itertools import pairwise

import httpx
import pytest
from pytest_django import Settings

from dashboard.archive import originals, stored_forms
from dashboard.generation import requests
from dashboard.ledger.pack_resources import find_packs_with_wrong_resources
from dashboard.ledger.pack_summaries import find_wrong_summaries
from dashboard.management.company_data import LABEL_WITHOUT_FILE, CompanyPlan, create_company
from dashboard.management.company_rows import LAYOUT
from dashboard.models import Account, Evaluation, Pack, PackSummary, Report, RuleResult
from dashboard.models.evaluations import FOREVER
from dashboard.queries.search import search_all
from dashboard.sandbox.cloud_state import CloudState
from dashboard.sandbox.wsgi import Sandbox
from tests.conftest import RunToEnd

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
    assert search_all("oss-bucket-public-read").rules


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
    for summary in PackSummary.objects.exclude(latest=None).select_related("latest"):
        report = summary.latest
        assert report
        rows = Evaluation.objects.at(summary.pack_id, report.require_position())
        assert 25 < rows.count() == report.rows < 75
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


def test_a_report_of_the_sandbox_continues_the_made_up_ones(
    packs: list[Pack], settings: Settings, run_to_end: RunToEnd
) -> None:
    cloud_state = CloudState.create_many(
        PLAN.accounts, PLAN.packs_per_account, PLAN.rows, past_weeks=1, layout=LAYOUT
    )
    settings.CLOUD_TRANSPORT = httpx.WSGITransport(app=Sandbox(cloud_state))
    settings.DOWNLOAD_HOSTS = settings.ENDPOINT_HOSTS = ["sandbox"]
    for pack in packs[:3]:
        before = pack.summary.latest
        assert before
        report = run_to_end(requests.request_report(pack, user=None))
        assert report.state == "ready"
        assert before.failing + (report.came or 0) - (report.left or 0) == report.failing
        print(
            report.changes_by_reason,
            report.results_summary
            and {k: v for k, v in report.results_summary.items() if k != "disagreement_rows"},
            report.rows,
            before.rows,
        )
        assert (report.came or 0) + (report.left or 0) < before.rows / 4
        unchanged = Evaluation.objects.filter(
            pack=pack, until=FOREVER, rule__results__report=before
        )
        assert unchanged.count() > before.rows / 2


def test_the_archive_has_the_file_of_the_newest_report(db: None) -> None:
    [pack] = create_company(dataclasses.replace(PLAN, packs=1, with_files=True))
    *earlier, newest = pack.reports.ready().order_by("position")
    assert originals.verify_original(newest.require_original()) is None
    with stored_forms.open_stored_form(newest) as stored_form:
        assert sum(group.rows for group in stored_form.groups) == newest.rows
    assert {report.label for report in earlier} == {LABEL_WITHOUT_FILE}
    assert newest.label == ""


def test_a_company_that_was_created_in_part_is_completed(packs: list[Pack]) -> None:
    larger = dataclasses.replace(PLAN, packs=15)
    progress: list[int] = []
    assert create_company(larger, "http://sandbox", progress.append)[:12] == packs
    assert progress == [15]
    assert list(find_wrong_summaries()) == []
