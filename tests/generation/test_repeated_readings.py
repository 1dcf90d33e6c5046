"""The kept file of a report whose reading failed or was cancelled can be read again."""

import datetime as dt
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.files.storage import default_storage
from django.test import Client
from django.utils import timezone

from dashboard.generation import bulk_requests, lifecycle, requests
from dashboard.generation.repeated_readings import can_read_again, read_again
from dashboard.ledger.withdrawal import restore_report, withdraw_report
from dashboard.models import BulkRequest, Pack, PackSummary, Report
from tests import sample_files
from tests.conftest import RunToEnd
from tests.views.report_files import import_report_bytes

pytestmark = pytest.mark.django_db
State = Report.State
CONTENT = sample_files.build_xls(sample_files.build_report_sheets(sample_files.SOME_FAILING))


@pytest.fixture
def report(pack: Pack) -> Report:
    return import_report_bytes(pack, CONTENT, sample_files.FILE_NAME)


@pytest.fixture
def restored_report(report: Report, officer: User) -> Report:
    """A report whose withdrawal was taken back, and whose file was missing then."""
    assert withdraw_report(report, officer, "wrong account")
    path = Path(default_storage.path(report.require_original().path))
    for reading in Path(default_storage.path("readings")).glob("*/*"):
        reading.unlink()
    moved = path.rename(path.with_name("moved"))
    assert restore_report(report, officer, "it was right")
    lifecycle.advance_report(report.pk)
    moved.rename(path)
    report.refresh_from_db()
    assert (report.state, report.error_code) == (State.FAILED, "original_missing")
    return report


def load_summary(pack: Pack) -> PackSummary:
    return PackSummary.objects.get(pack=pack)


def count_numbers(report: Report) -> tuple[object, ...]:
    report.refresh_from_db()
    return (report.state, report.rows, report.content_hash, report.position, report.failing)


def test_a_report_taken_back_whose_reading_failed_can_be_read_again(
    report: Report, officer: User, restored_report: Report, client: Client
) -> None:
    client.force_login(officer)
    page = client.get(f"/reports/{report.pk}/").content.decode()
    assert "Read the file again" in page
    assert "Try again</button>" not in page  # the cloud has no new report for an import
    assert client.post(f"/reports/{report.pk}/read/").status_code == 302
    lifecycle.advance_report(report.pk)
    report.refresh_from_db()
    assert (report.state, report.error_code) == (State.READY, "")
    assert (report.rows, Report.objects.count()) == (12, 1)
    assert "file read again" in client.get(f"/reports/{report.pk}/notes/").content.decode()


def test_what_is_read_again_gives_the_numbers_of_before(pack: Pack, officer: User) -> None:
    report = import_report_bytes(pack, CONTENT, sample_files.FILE_NAME)
    expected = count_numbers(report)
    assert withdraw_report(report, officer, "wrong account")
    assert restore_report(report, officer, "it was right")
    assert requests.cancel_report(report, officer)
    assert read_again(report, officer)
    lifecycle.advance_report(report.pk)
    assert count_numbers(report) == expected
    assert not can_read_again(report)
    assert not read_again(report, officer)


def test_a_file_that_was_imported_again_meanwhile_is_not_read_twice(
    report: Report, officer: User, restored_report: Report, client: Client
) -> None:
    import_report_bytes(report.pack, CONTENT, sample_files.FILE_NAME)
    client.force_login(officer)
    assert "Read the file again" not in client.get(f"/reports/{report.pk}/").content.decode()
    answer = client.post(f"/reports/{report.pk}/read/", follow=True)
    assert "The file is not read again" in answer.content.decode()
    assert Report.objects.ready().count() == 1


def fail_reading(pack: Pack) -> Report:
    """Return a generated report whose file was received, and not read in time."""
    report = requests.request_report(pack, None)
    for _ in range(20):
        report.refresh_from_db()
        if report.state == State.READING:
            break
        Report.objects.filter(pk=report.pk).update(next_at=report.requested_at)
        lifecycle.advance_report(report.pk)
    Report.objects.filter(pk=report.pk).update(
        deadline_at=timezone.now() - dt.timedelta(seconds=1), next_at=report.requested_at
    )
    lifecycle.advance_report(report.pk)
    report.refresh_from_db()
    assert report.state == State.FAILED
    return report


def test_while_the_file_of_its_last_run_is_read_again_a_pack_has_a_run_under_way(
    cloud_pack: Pack, officer: User, run_to_end: RunToEnd
) -> None:
    report = fail_reading(cloud_pack)
    assert load_summary(cloud_pack).last_run_state == "failed"
    assert read_again(report, officer)
    assert load_summary(cloud_pack).last_run_state == "under-way"
    run_to_end(report)
    assert load_summary(cloud_pack).last_run_state == "ready"


def test_a_bulk_request_counts_a_report_as_ready_whose_file_was_read_again(
    cloud_pack: Pack, officer: User, run_to_end: RunToEnd
) -> None:
    bulk_request = bulk_requests.record_bulk_request(Pack.objects.filter(pk=cloud_pack.pk), officer)
    bulk_requests.advance_bulk_request(bulk_request.pk)
    report = fail_reading(cloud_pack)
    BulkRequest.objects.update(next_at=timezone.now())
    bulk_requests.advance_bulk_request(bulk_request.pk)
    assert bulk_request.packs.get().state == "failed"
    assert read_again(report, officer)
    run_to_end(report)
    assert bulk_request.packs.get().state == "ready"


def test_a_generated_report_waits_for_the_run_under_way(
    cloud_pack: Pack, officer: User, run_to_end: RunToEnd
) -> None:
    report = fail_reading(cloud_pack)
    other = requests.request_report(cloud_pack, None)
    assert not read_again(report, officer)
    assert report.state == State.FAILED
    assert requests.cancel_report(other, None)
    assert read_again(report, officer)
    assert run_to_end(report).state == State.READY


def test_only_those_may_read_again_who_may_import_or_generate(
    report: Report, restored_report: Report, auditor: User, client: Client
) -> None:
    client.force_login(auditor)
    assert "Read the file again" not in client.get(f"/reports/{report.pk}/").content.decode()
    assert client.post(f"/reports/{report.pk}/read/").status_code == 403
    assert client.get(f"/reports/{report.pk}/read/").status_code == 405
