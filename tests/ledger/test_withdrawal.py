"""A withdrawn import leaves the numbers as if it had never come; its entry and bytes stay."""

import io
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from dashboard.archive import originals
from dashboard.generation import lifecycle
from dashboard.imports import batches, uploads
from dashboard.ledger import rebuild, report_writer, spans
from dashboard.ledger.earlier_readings import has_earlier_readings
from dashboard.ledger.withdrawal import restore_report, withdraw_report
from dashboard.models import (
    AuditEntry,
    Evaluation,
    ImportBatch,
    ImportedFile,
    Pack,
    Report,
    RuleResult,
    Sheet,
)
from dashboard.queries import report_rules
from dashboard.queries.report_rules import load_failing_since
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
    stored_spans = Evaluation.objects.order_by("key", "first")
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
        list(stored_spans.values_list("key", "first", "until", "since", "digest")),
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


def load_everything() -> list[Any]:
    """Load all that is stored of the reports and their evaluations, without row ids and claims."""
    run_fields = {"id", "claim", "claimed_until", "next_at", "deadline_at"}
    return [
        *load_numbers(),
        *(
            [
                {name: value for name, value in values.items() if name not in run_fields}
                for values in rows.values()
            ]
            for rows in (
                Report.objects.order_by("created_at"),
                RuleResult.objects.order_by("report__created_at", "rule"),
                Sheet.objects.order_by("report__created_at", "number"),
                Evaluation.objects.order_by("key", "first"),
            )
        ),
    ]


def interrupt_second_removal(monkeypatch: pytest.MonkeyPatch) -> None:
    """End the process, as it were, after the first of several short transactions."""
    remove_changed_keys = spans.remove_changed_keys
    monkeypatch.setattr(spans, "ROWS_PER_TRANSACTION", 3)
    calls = []

    def remove_once(report: Report) -> int:
        calls.append(report)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return remove_changed_keys(report)

    monkeypatch.setattr(spans, "remove_changed_keys", remove_once)


@pytest.mark.parametrize("small_rows", [0, 5_000])
@pytest.mark.parametrize("index", [0, 1, 2])
def test_taking_it_back_gives_exactly_what_was_there_before(
    files: list[ReportFile],
    officer: User,
    monkeypatch: pytest.MonkeyPatch,
    index: int,
    small_rows: int,
) -> None:
    monkeypatch.setattr(report_writer, "SMALL_ROWS", small_rows)
    monkeypatch.setattr(spans, "ROWS_PER_TRANSACTION", 20)
    report = import_files(files)[index].report
    assert report
    expected = load_everything()
    assert withdraw_report(report, officer, "wrong account")
    assert load_everything() != expected
    assert restore_report(report, officer, "it was right")
    lifecycle.advance_report(report.pk)
    assert load_everything() == expected


def test_who_took_it_back_when_and_why_stays_in_the_log(
    files: list[ReportFile], officer: User
) -> None:
    report = import_files(files)[1].report
    assert report
    assert not restore_report(report, officer, "nothing to take back")
    withdraw_report(report, officer, "wrong account")
    assert restore_report(report, officer, "it was right")
    assert not restore_report(report, officer, "again")
    restored, withdrawn = report.audit.all()
    assert (withdrawn.action, withdrawn.after) == ("withdraw", {"reason": "wrong account"})
    assert (restored.action, restored.after) == ("restore", {"reason": "it was right"})
    assert (restored.by, restored.at > withdrawn.at) == (officer, True)


def test_the_worker_finishes_a_withdrawal_that_was_killed(
    files: list[ReportFile], officer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = import_files(files)[1].report
    assert report
    with monkeypatch.context() as patch:
        interrupt_second_removal(patch)
        with pytest.raises(KeyboardInterrupt):
            withdraw_report(report, officer, "wrong account")
        report.refresh_from_db()
        assert (report.state, report.position is None) == (State.WITHDRAWN, False)
        reports_without_spans = load_numbers()[0]
    lifecycle.remove_leftover_spans()
    report.refresh_from_db()
    assert report.position is None
    numbers = load_numbers()
    assert numbers[0] == reports_without_spans
    for model in (Evaluation, AuditEntry, ImportedFile, RuleResult, Report):
        model._default_manager.all().delete()
    import_files([files[0], files[2]])
    assert load_numbers() == numbers


def test_a_killed_withdrawal_can_be_taken_back_and_no_worker_removes_its_spans_then(
    files: list[ReportFile], officer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = import_files(files)[1].report
    assert report
    expected = load_everything()
    with monkeypatch.context() as patch:
        interrupt_second_removal(patch)
        with pytest.raises(KeyboardInterrupt):
            withdraw_report(report, officer, "wrong account")
    report.refresh_from_db()
    assert restore_report(report, officer, "it was right")
    spans.remove_report(report)  # a worker that found it withdrawn a moment before
    lifecycle.advance_report(report.pk)
    spans.remove_report(report)
    lifecycle.remove_leftover_spans()
    assert load_everything() == expected


def test_no_cached_moment_of_a_first_failure_outlives_a_decision(
    files: list[ReportFile], officer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second, last = (file.report for file in import_files(files))
    assert first
    assert second
    assert last

    def require_fresh_moments() -> None:
        cached = load_failing_since(last)
        with monkeypatch.context() as patch:
            patch.setattr(report_rules, "get_or_load", lambda _report, _name, load: load())
            assert cached == load_failing_since(last)

    require_fresh_moments()
    for report in (second, first):
        withdraw_report(report, officer, "wrong account")
        require_fresh_moments()
        restore_report(report, officer, "it was right")
        require_fresh_moments()
        lifecycle.advance_report(report.pk)
        require_fresh_moments()


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
