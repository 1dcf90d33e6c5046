"""A file becomes one report, once, and one bad file stops no other."""

import datetime as dt

import pytest
from pytest_django import Settings

from dashboard.imports import batches, identity, outcomes
from dashboard.models import ImportBatch, ImportedFile, Original, Pack, Report
from tests.imports.conftest import PLAN, UID, ReportFile, import_upload, store_upload

pytestmark = pytest.mark.django_db
State = ImportedFile.State


def test_an_import_creates_account_and_pack_and_has_its_own_evidence_time(
    batch: ImportBatch, files: list[ReportFile]
) -> None:
    name, content, created_at = files[0]
    (file,) = import_upload(batch, name, content)
    report = Report.objects.get()
    pack = report.pack
    assert (file.state, file.report) == (State.ENTERED, report)
    assert (report.state, report.source) == (Report.State.READY, Report.Source.IMPORTED)
    assert report.created_at == created_at
    assert report.received_at
    assert report.received_at > created_at
    assert (pack.account.uid, pack.pack_id, pack.imported) == (UID, PLAN.id, True)
    assert (pack.name, report.pack_name) == (PLAN.name, PLAN.name)


def test_equal_bytes_of_the_same_time_are_one_report(
    batch: ImportBatch, files: list[ReportFile]
) -> None:
    name, content, _created_at = files[0]
    states = [
        import_upload(batch, file_name, content)[0].state
        for file_name in (name, name, "renamed.xls")
    ]
    assert states == [State.ENTERED, State.THERE, State.THERE]
    assert Report.objects.count() == 1


@pytest.mark.parametrize(("error_code", "report_count"), [("corrupt", 1), ("defect", 2)])
def test_a_file_that_failed_through_no_fault_of_its_own_may_be_imported_again(
    batch: ImportBatch, files: list[ReportFile], error_code: str, report_count: int
) -> None:
    name, content, _created_at = files[0]
    import_upload(batch, name, content)
    Report.objects.update(state=Report.State.FAILED, error_code=error_code, position=None)
    import_upload(batch, name, content)
    assert Report.objects.count() == report_count
    assert Report.objects.ready().count() == report_count - 1


@pytest.mark.parametrize(("has_leftover_spans", "report_count"), [(True, 1), (False, 2)])
def test_a_file_whose_import_was_cancelled_may_be_imported_again_once_its_spans_are_removed(
    batch: ImportBatch, files: list[ReportFile], has_leftover_spans: bool, report_count: int
) -> None:
    name, content, _created_at = files[0]
    import_upload(batch, name, content)
    Report.objects.update(state=Report.State.CANCELLED)
    if not has_leftover_spans:
        Report.objects.update(position=None)
    import_upload(batch, name, content)
    assert Report.objects.count() == report_count
    assert Report.objects.ready().count() == report_count - 1


def test_equal_bytes_of_another_time_are_another_report_of_equal_content(
    batch: ImportBatch, files: list[ReportFile]
) -> None:
    name, content, created_at = files[0]
    import_upload(batch, name, content)
    (renamed,) = import_upload(batch, f"{UID}-{PLAN.id}-report-202601010000.xls", content)
    earlier = created_at - dt.timedelta(days=60)
    outcomes.decide_by_person(renamed, identity.Identity(UID, PLAN.id, earlier))
    batches.read_and_store_reports([Report.objects.latest("pk")])
    older, newer = Report.objects.all()
    assert older.original == newer.original
    assert older.content_hash == newer.content_hash


def test_files_that_are_imported_in_any_order_give_one_history(
    batch: ImportBatch, files: list[ReportFile]
) -> None:
    def list_counts() -> list[tuple[int | None, int | None, int]]:
        reports = Report.objects.order_by("created_at")
        return [(report.came, report.left, report.rows) for report in reports]

    for name, content, _created_at in (files[2], files[0], files[1]):
        import_upload(batch, name, content)
    counts = list_counts()
    assert [came is None for came, _left, _rows in counts] == [True, False, False]
    Report.objects.all().delete()
    Pack.objects.all().delete()
    for name, content, _created_at in files:
        import_upload(batch, name, content)
    assert list_counts() == counts


def test_a_file_in_which_no_report_is_recognised_is_refused_unless_its_name_is_of_a_report(
    batch: ImportBatch,
) -> None:
    content = b"Name,Amount\npaper,3\n"
    (invoice,) = import_upload(batch, "invoice.csv", content)
    assert (invoice.state, invoice.error_code) == (State.REFUSED, "no_report")
    assert not Report.objects.exists()
    (named_file,) = import_upload(batch, f"{UID}-cp-1-report-202601010000.csv", content)
    assert named_file.state == State.ENTERED


def test_an_outcome_that_another_process_has_set_stays(
    batch: ImportBatch, files: list[ReportFile]
) -> None:
    name, content, _created_at = files[0]
    store_upload(batch, name, content)
    file = batch.files.get()
    (import_report,) = outcomes.decide_outcomes([batch.files.get()])
    assert outcomes.decide_outcomes([file]) == [import_report]
    assert file.state == State.ENTERED


def test_a_file_above_the_size_limit_is_rejected_before_it_is_stored(
    batch: ImportBatch, settings: Settings
) -> None:
    settings.FILE_LIMIT_BYTES = 10
    (file,) = import_upload(batch, "large.xls", b"x" * 11)
    assert (file.state, file.error_code, file.original) == (State.REFUSED, "too_large", None)


def test_equal_bytes_twice_in_one_batch_are_one_report(
    batch: ImportBatch, files: list[ReportFile]
) -> None:
    name, content, _created_at = files[0]
    store_upload(batch, name, content)
    store_upload(batch, name, content)
    assert outcomes.decide_outcomes(list(batch.files.all())) == [Report.objects.get()]
    assert [file.state for file in batch.files.all()] == [State.ENTERED, State.THERE]


def test_a_file_that_cannot_be_identified_because_of_a_defect_stops_no_other(
    batch: ImportBatch, files: list[ReportFile], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail_without_account(original: Original, assumed_uid: str) -> object:
        if not assumed_uid:
            raise OSError
        return identify_by_content(original, assumed_uid)

    identify_by_content = identity.identify_by_content
    monkeypatch.setattr(identity, "identify_by_content", fail_without_account)
    name, content, _created_at = files[0]
    store_upload(batch, "list.xls", content)
    store_upload(batch, name, content)
    assert len(outcomes.decide_outcomes(list(batch.files.all()))) == 1
    assert [file.state for file in batch.files.all()] == [State.ARRIVED, State.ENTERED]


def test_a_batch_is_found_while_files_wait_and_none_of_its_reports_is_under_way(
    batch: ImportBatch, files: list[ReportFile]
) -> None:
    for name, content, _created_at in files[:2]:
        store_upload(batch, name, content)
    assert batches.find_waiting_batches() == [batch.pk]
    reports = outcomes.decide_outcomes(list(batch.files.all()[:1]))
    assert batches.find_waiting_batches() == []
    batches.read_and_store_reports(reports)
    assert batches.find_waiting_batches() == [batch.pk]
    batches.import_waiting_files(batch.pk)
    assert batches.find_waiting_batches() == []
    assert Report.objects.ready().count() == 2


def test_more_files_than_a_chunk_are_all_imported(
    batch: ImportBatch, files: list[ReportFile], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "FILES_PER_CHUNK", 2)
    for name, content, _created_at in files:
        store_upload(batch, name, content)
    batches.import_waiting_files(batch.pk)
    assert Report.objects.ready().count() == 3
