"""A withdrawn import leaves the numbers as if it had never come; its entry and bytes stay."""

import io
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from dashboard.archive import originals
from dashboard.imports import batches, uploads
from dashboard.ledger import rebuild
from dashboard.ledger.earlier_readings import has_earlier_readings
from dashboard.ledger.withdrawal import withdraw_report
from dashboard.models import Evaluation, ImportBatch, ImportedFile, Pack, Report, RuleResult
from dashboard.sandbox.cloud_state import CloudState
from dashboard.sandbox.past_reports import build_past_report_files
from tests.imports.conftest import PLAN, UNTIL, ReportFile

pytestmark = pytest.mark.django_db
State = Report.State


@pytest.fixture(scope="module")
def files() -> list[ReportFile]:
    return list(build_past_report_files(CloudState(7, 3, packs=(PLAN,)), 3, until=UNTIL))


def import_files(files: list[ReportFile]) -> list[ImportedFile]:
    batch = ImportBatch.objects.create(creates_packs=True)
    for name, content, _created_at in files:
        uploads.store_upload(batch, name, io.BytesIO(content), len(content))
    batches.import_waiting_files(batch.pk)
    return list(batch.files.select_related("report"))


def load_numbers() -> list[Any]:
    """Load what trend, comparison, home and resource pages read, without row ids."""
    reports = Report.objects.ready().order_by("position")
    results = RuleResult.objects.filter(report__state=State.READY)
    spans = Evaluation.objects.order_by("key", "first")
    return [
        list(
            reports.values_list(
                "position",
                "came",
                "left",
                "changes_by_reason",
                "high_risk_changes_by_reason",
                "failing",
            )
        ),
        list(
            results.order_by("report__position", "rule__key").values_list(
                "report__position", "rule__key", "came", "left", "changes_by_reason"
            )
        ),
        list(spans.values_list("key", "first", "until", "since", "digest")),
    ]


@pytest.mark.parametrize("index", [0, 1, 2])
def test_the_numbers_are_those_of_a_history_without_the_report(
    files: list[ReportFile], officer: User, index: int
) -> None:
    import_files([file for number, file in enumerate(files) if number != index])
    expected = load_numbers()
    for model in (Evaluation, ImportedFile, RuleResult, Report):
        model._default_manager.all().delete()
    reports = [file.report for file in import_files(files)]
    report = reports[index]
    assert report
    assert withdraw_report(report, officer, "wrong account")
    assert load_numbers() == expected


def test_entry_reason_person_log_and_bytes_stay(files: list[ReportFile], officer: User) -> None:
    report = import_files(files)[1].report
    assert report
    assert withdraw_report(report, officer, "renamed file")
    report.refresh_from_db()
    assert (report.state, report.position) == (State.WITHDRAWN, None)
    assert (report.withdrawn_by, report.withdrawal_reason) == (officer, "renamed file")
    assert report.withdrawn_at
    assert originals.find_damage(report.require_original()) is None
    entry = report.audit.get()
    assert (entry.action, entry.by, entry.after) == (
        "withdraw",
        officer,
        {"reason": "renamed file"},
    )


def test_a_rebuild_leaves_it_out(files: list[ReportFile], officer: User) -> None:
    report = import_files(files)[1].report
    assert report
    withdraw_report(report, officer, "renamed file")
    expected = load_numbers()
    assert rebuild.rebuild_pack(Pack.objects.get()) == 2
    assert load_numbers() == expected
    report.refresh_from_db()
    assert report.state == State.WITHDRAWN


def test_the_same_file_is_already_there_and_stays_withdrawn(
    files: list[ReportFile], officer: User
) -> None:
    report = import_files(files)[1].report
    assert report
    withdraw_report(report, officer, "renamed file")
    (file,) = import_files([files[1]])
    assert (file.state, file.report) == (ImportedFile.State.THERE, report)
    assert Report.objects.ready().count() == 2


def test_only_a_ready_import_is_withdrawn_and_only_once(
    files: list[ReportFile], officer: User
) -> None:
    first, second, _third = (file.report for file in import_files(files))
    assert first
    assert second
    assert withdraw_report(first, officer, "reason")
    assert not withdraw_report(first, officer, "again")
    Report.objects.filter(pk=second.pk).update(source=Report.Source.GENERATED)
    assert not withdraw_report(second, officer, "generated here")


def test_the_database_allows_no_withdrawal_without_a_reason(
    files: list[ReportFile], officer: User
) -> None:
    report = import_files(files[:1])[0].report
    assert report
    withdraw_report(report, officer, "reason")
    with pytest.raises(IntegrityError), transaction.atomic():
        Report.objects.filter(pk=report.pk).update(withdrawal_reason="")


def test_a_withdrawn_report_is_no_earlier_reading(files: list[ReportFile], officer: User) -> None:
    first, second, _third = [file.report for file in import_files(files)]
    assert first
    assert second
    Report.objects.filter(pk=first.pk).update(reader_version=1)
    assert has_earlier_readings(second)
    assert withdraw_report(first, officer, "wrong file")
    assert not has_earlier_readings(second)
