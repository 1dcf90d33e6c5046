"""What is kept of each pack is what its reports and runs say, whatever changes them."""

import datetime as dt
import importlib
import io
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from django.utils import timezone

from dashboard.generation import discovery, lifecycle, requests
from dashboard.imports import batches, uploads
from dashboard.ledger import change_counts, pack_summaries, report_writer
from dashboard.ledger.pack_summaries import (
    compute_overdue_time,
    compute_weekly_failing,
    find_wrong_summaries,
)
from dashboard.ledger.withdrawal import restore_report, withdraw_report
from dashboard.models import Account, ImportBatch, Pack, PackSummary, Report
from dashboard.models.evaluations import HASH_BITS
from dashboard.models.pack_summaries import SPARKLINE_REPORTS, TREND_WEEKS, WEEK_MILLISECONDS
from dashboard.sandbox.wsgi import Sandbox
from tests.conftest import RunToEnd
from tests.imports.conftest import PLAN, ReportFile
from tests.imports.conftest import files as files
from tests.views.rows import create_ready_report

pytestmark = pytest.mark.django_db
TIME = dt.datetime(2026, 11, 20, 9, tzinfo=dt.UTC)


def import_files(files: list[ReportFile]) -> list[Report]:
    batch = ImportBatch.objects.create(creates_packs=True)
    for name, content, _created_at in files:
        uploads.store_upload(batch, name, io.BytesIO(content), len(content))
    batches.import_waiting_files(batch.pk)
    return [file.report for file in batch.files.select_related("report") if file.report]


def load_summary(pack: Pack | None = None) -> PackSummary:
    return PackSummary.objects.get(**({"pack": pack} if pack else {}))


def require_right_summaries() -> None:
    assert PackSummary.objects.count() == Pack.objects.count()
    assert list(find_wrong_summaries()) == []


def test_a_new_pack_has_a_summary_that_follows_the_pack(account: Account) -> None:
    pack = Pack.objects.create(account=account, pack_id="cp-1", name="Pack", imported=True)
    summary = load_summary(pack)
    assert (summary.account, summary.imported, summary.gone) == (account, True, False)
    assert (summary.has_no_report, summary.last_run_state) == (False, "")
    Pack.objects.update_or_create(
        account=account, pack_id="cp-1", defaults={"name": "Pack", "imported": False}
    )
    assert load_summary(pack).has_no_report
    pack.mark_gone(timezone.now())
    assert (load_summary(pack).gone, load_summary(pack).has_no_report) == (True, False)
    require_right_summaries()


def test_packs_of_a_refresh_have_summaries(sandbox: Sandbox, cloud_account: Account) -> None:
    discovery.refresh_packs(cloud_account)
    assert PackSummary.objects.filter(account=cloud_account, has_no_report=True).count() == 4
    require_right_summaries()


def test_a_run_is_kept_from_the_click_to_its_end(
    cloud_pack: Pack, officer: User, run_to_end: RunToEnd
) -> None:
    report = requests.request_report(cloud_pack, officer)
    assert load_summary(cloud_pack).last_run == report
    assert load_summary(cloud_pack).last_run_state == "under-way"
    lifecycle.advance_report(report.pk)
    require_right_summaries()
    assert run_to_end(report).state == "ready"
    summary = load_summary(cloud_pack)
    assert (summary.last_run_state, summary.latest) == ("ready", report)
    assert (summary.failing, summary.latest_created_at) == (report.failing, report.created_at)
    require_right_summaries()


def test_a_failed_and_a_cancelled_run_are_kept(
    sandbox: Sandbox, cloud_pack: Pack, officer: User, run_to_end: RunToEnd
) -> None:
    sandbox.faults.set("forbidden")
    assert run_to_end(requests.request_report(cloud_pack, officer)).state == "failed"
    assert load_summary(cloud_pack).has_failed_run
    require_right_summaries()
    report = requests.request_report(cloud_pack, officer)
    assert not load_summary(cloud_pack).has_failed_run
    requests.cancel_report(report, officer)
    assert load_summary(cloud_pack).last_run_state == "cancelled"
    require_right_summaries()


def test_the_end_of_an_earlier_run_changes_nothing(pack: Pack, officer: User) -> None:
    first, second = (
        Report.objects.create(pack=pack, pack_name="Pack", deadline_at=TIME, state=state)
        for state in ("cancelled", "requested")
    )
    PackSummary.objects.record_run(pack.pk, second.pk)
    PackSummary.objects.record_run_end(first.pk, "failed")
    assert load_summary(pack).last_run_state == "under-way"


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_imports_in_any_order_give_the_same_summary(
    files: list[ReportFile], order: tuple[int, ...]
) -> None:
    for number in order:
        import_files([files[number]])
        require_right_summaries()
    summary = load_summary()
    newest = Report.objects.get(created_at=files[2][2])
    assert (summary.latest, summary.came, summary.left) == (newest, newest.came, newest.left)
    assert summary.came
    assert [sum(pair) > 0 for pair in summary.trend] == [True] * 3
    assert len(summary.weekly_failing) > 1
    assert summary.overdue_at
    assert summary.overdue_at > files[2][2] + dt.timedelta(days=13)


def test_a_withdrawal_and_its_taking_back_are_kept(files: list[ReportFile], officer: User) -> None:
    newest = import_files(files)[2]
    before = load_summary()
    assert withdraw_report(newest, officer, "wrong file")
    require_right_summaries()
    assert load_summary().latest != newest
    assert load_summary().overdue_at is None  # of two reports
    assert restore_report(newest, officer, "it was right")
    lifecycle.advance_report(newest.pk)
    require_right_summaries()
    assert load_summary().latest == before.latest == newest


def test_each_new_report_is_counted_once(
    files: list[ReportFile], cloud_pack: Pack, officer: User
) -> None:
    import_files(files)
    import_files(files)  # again: they are in the history already
    (imported,) = PackSummary.objects.filter(imported=True)
    report = requests.request_report(cloud_pack, officer)
    requests.request_report(cloud_pack, officer)  # joins the one under way
    requests.cancel_report(report, officer)
    report.save()
    assert (imported.report_count, load_summary(cloud_pack).report_count) == (3, 1)
    assert PackSummary.objects.all().sum_report_counts() == Report.objects.count() == 4
    require_right_summaries()


def test_a_report_that_is_not_stored_is_not_counted(pack: Pack) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Report.objects.create(pack=pack, pack_name="Pack", deadline_at=TIME, state="ready")
    assert load_summary(pack).report_count == 0


def test_high_risk_failures_that_came_are_counted(files: list[ReportFile]) -> None:
    newest = import_files(files)[2]
    changes = {"regressed": 2, "new-rule": 3, "fixed": 5}
    Report.objects.filter(pk=newest.pk).update(high_risk_changes_by_reason=changes)
    pack_summaries.rebuild_pack_summary(newest.pack)
    assert load_summary().high_risk_came == 5
    assert load_summary().has_new_high_risk_failures


def test_changes_that_the_worker_counts_later_are_kept(files: list[ReportFile]) -> None:
    newest = import_files(files)[2]
    Report.objects.update(changes_by_reason=None, came=None, left=None)
    pack_summaries.rebuild_pack_summary(newest.pack)
    assert load_summary().came is None
    change_counts.count_missing_changes()
    assert load_summary().came == Report.objects.get(pk=newest.pk).came
    require_right_summaries()


def test_a_worker_that_lost_its_claim_changes_no_summary(
    files: list[ReportFile], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report_writer, "SMALL_ROWS", 0)
    import_files(files[:2])
    before = PackSummary.objects.values().get()
    store_spans = report_writer.store_spans

    def store_and_lose_claim(report: Report, stored_form: Any) -> Any:
        rule_ids = store_spans(report, stored_form)
        Report.objects.filter(pk=report.pk).update(claim=None)
        return rule_ids

    monkeypatch.setattr(report_writer, "store_spans", store_and_lose_claim)
    import_files(files[2:])
    assert PackSummary.objects.values().get() == before | {"report_count": 3}


@pytest.mark.django_db(transaction=True)  # rebuild reads the originals in other threads
def test_verify_names_a_wrong_summary_and_rebuild_corrects_it(
    files: list[ReportFile], capsys: pytest.CaptureFixture[str]
) -> None:
    import_files(files)
    pack = Pack.objects.get()
    call_command("verify")
    PackSummary.objects.update(failing=12_345)
    with pytest.raises(CommandError, match="1 packs have summaries that differ"):
        call_command("verify")
    line = f"summary of pack {pack.pk}: failing is 12345, its reports say"
    assert line in capsys.readouterr().out
    call_command("rebuild")
    require_right_summaries()
    PackSummary.objects.all().delete()
    with pytest.raises(CommandError, match="1 packs have summaries that differ"):
        call_command("verify")
    call_command("rebuild")
    require_right_summaries()


def test_the_migration_works_out_the_summaries_of_packs_that_exist(
    files: list[ReportFile], cloud_pack: Pack, officer: User
) -> None:
    import_files(files)
    cloud_pack.mark_gone(timezone.now())
    requests.request_report(cloud_pack, officer)
    PackSummary.objects.all().delete()
    migration = importlib.import_module("dashboard.migrations.0017_pack_summaries")
    migration.create_summaries(apps, None)
    importlib.import_module("dashboard.migrations.0022_report_counts").count_reports(apps, None)
    migration = importlib.import_module("dashboard.migrations.0023_search_texts_of_names")
    migration.fill_search_texts(apps, None)
    require_right_summaries()
    assert load_summary(Pack.objects.get(pack_id=PLAN.id)).weekly_failing


def test_a_report_is_overdue_after_twice_the_usual_time() -> None:
    days = (0, 7, 14, 21, 22)
    weekly = [TIME - dt.timedelta(days=number) for number in days]
    assert compute_overdue_time(weekly) == TIME + dt.timedelta(days=14)
    hourly = [TIME - dt.timedelta(hours=number) for number in range(5)]
    assert compute_overdue_time(hourly) == TIME + dt.timedelta(days=1)
    assert compute_overdue_time(weekly[:2]) is None


def make_weekly(failing_by_week: list[tuple[float, int]]) -> list[list[int]]:
    """Return what is kept of reports (weeks after the first, failing), with weeks from 0."""
    first_week = 2_900
    reports = [
        (round((first_week + week) * WEEK_MILLISECONDS) << HASH_BITS, failing)
        for week, failing in sorted(failing_by_week, reverse=True)
    ]
    return [[week - first_week, failing] for week, failing in compute_weekly_failing(reports)]


def test_the_failing_of_a_week_is_that_of_its_last_report() -> None:
    assert make_weekly([(0.1, 5), (0.6, 7), (2.5, 7), (3.5, 9)]) == [[0, 7], [3, 9]]


def test_the_weeks_begin_with_the_report_in_force() -> None:
    reports: list[tuple[float, int]] = [(week + 0.5, week) for week in range(20)]
    assert make_weekly(reports) == [[week, week] for week in range(7, 20)]
    assert make_weekly([(0.5, 1), (1.5, 2), (30.5, 3)]) == [[1, 2], [30, 3]]


def test_a_pack_with_several_reports_a_week_keeps_twelve_weeks(pack: Pack) -> None:
    for number in range(30):
        create_ready_report(pack, number * 3.5, failing=number)
    pack_summaries.rebuild_pack_summary(pack)
    weeks = [week for week, _failing in load_summary(pack).weekly_failing]
    assert len(weeks) == TREND_WEEKS + 1
    assert weeks == list(range(weeks[0], weeks[0] + len(weeks)))
    assert len(load_summary(pack).trend) == SPARKLINE_REPORTS
