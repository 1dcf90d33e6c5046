"""The steps of a report's run, with the sandbox as the cloud."""

import datetime as dt
import hashlib
import logging
import uuid
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from pytest_django import Settings

from dashboard.archive import originals
from dashboard.cloud import CloudReport
from dashboard.cloud.client import Client
from dashboard.generation import lifecycle, ownership, requests
from dashboard.ledger import report_writer, spans
from dashboard.models import Evaluation, Pack, Report, Status
from dashboard.sandbox.wsgi import Sandbox
from tests.conftest import RunToEnd

State = Report.State


def count_generate_calls(sandbox: Sandbox, pack: Pack) -> int:
    return int(sandbox.generated[pack.pack_id])


def advance_until(state: Report.State, report: Report) -> Report:
    """Take steps until the report is in this state."""
    for _ in range(20):
        report.refresh_from_db()
        if report.state == state:
            return report
        Report.objects.filter(pk=report.pk).update(next_at=report.requested_at)
        lifecycle.advance_report(report.pk)
    raise AssertionError(f"never {state}: {report.state} {report.error_code}")


def request_report_with(state: Report.State, pack: Pack) -> Report:
    """Request a report whose run comes through this state."""
    return requests.request_report(pack, None, evaluates_first=state == State.EVALUATING)


def test_a_request_ends_in_a_ready_report_whose_file_has_the_stored_hash(
    cloud_pack: Pack, officer: User, run_to_end: RunToEnd
) -> None:
    report = run_to_end(requests.request_report(cloud_pack, officer))
    assert (report.state, report.requested_by) == (State.READY, officer)
    with originals.open_verified_original(report.require_original()) as file:
        assert hashlib.sha256(file.read()).hexdigest() == report.original_id
    assert report.file_name.startswith(f"{cloud_pack.account.uid}-{cloud_pack.pack_id}-report-")
    assert Evaluation.objects.at(cloud_pack.pk, report.position or 0).count() == report.rows > 0


def test_two_requests_make_one_report_and_one_generate_call(
    cloud_pack: Pack, officer: User, sandbox: Sandbox, run_to_end: RunToEnd
) -> None:
    first, second = (
        requests.request_report(cloud_pack, officer),
        requests.request_report(cloud_pack, None),
    )
    assert first == second
    run_to_end(first)
    assert count_generate_calls(sandbox, cloud_pack) == 1


def test_a_report_that_the_cloud_is_making_already_is_joined(
    cloud_pack: Pack, sandbox: Sandbox, run_to_end: RunToEnd
) -> None:
    sandbox.faults.set("never-completes", times=None)
    first = advance_until(State.CREATING, requests.request_report(cloud_pack, None))
    requests.cancel_report(first, None)
    second = advance_until(State.CREATING, requests.request_report(cloud_pack, None))
    assert second.joined
    sandbox.faults.clear("never-completes")
    assert run_to_end(second).state == State.READY
    assert count_generate_calls(sandbox, cloud_pack) == 1


def test_a_worker_that_lost_its_claim_saves_no_timestamp_and_sends_no_request(
    cloud_pack: Pack, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = requests.request_report(cloud_pack, None)
    get_own_report = ownership.get_own_report
    other_claim = {"claim": uuid.uuid4(), "previous_timestamp": 7}

    def lose_claim(client: Client, report: Report) -> CloudReport:
        cloud_report = get_own_report(client, report)
        Report.objects.filter(pk=report.pk).update(**other_claim)
        return cloud_report

    monkeypatch.setattr(ownership, "get_own_report", lose_claim)
    lifecycle.advance_report(report.pk)
    assert Report.objects.filter(pk=report.pk, **other_claim).exists()
    assert count_generate_calls(sandbox, cloud_pack) == 0


def test_the_previous_report_is_never_taken_for_the_requested_one(
    cloud_pack: Pack, sandbox: Sandbox, run_to_end: RunToEnd
) -> None:
    first = run_to_end(requests.request_report(cloud_pack, None))
    sandbox.faults.set("previous-report", times=3)
    second = run_to_end(requests.request_report(cloud_pack, None))
    assert second.state == State.READY
    assert first.created_at
    assert second.created_at
    assert second.created_at > first.created_at


def test_an_expired_link_is_replaced_by_a_new_one(
    cloud_pack: Pack, sandbox: Sandbox, run_to_end: RunToEnd
) -> None:
    sandbox.faults.set("expired-link", times=1)
    assert run_to_end(requests.request_report(cloud_pack, None)).state == State.READY


@pytest.mark.parametrize(
    "fault", ["throttling", "unavailable", "internal-error", "reset", "cut-off"]
)
def test_a_temporary_error_does_not_end_a_report(
    fault: str, cloud_pack: Pack, sandbox: Sandbox, run_to_end: RunToEnd
) -> None:
    report = requests.request_report(cloud_pack, None)
    sandbox.faults.set(fault, times=3)
    assert run_to_end(report).state == State.READY


def test_an_error_that_stays_ends_the_report_with_its_code(
    cloud_pack: Pack, sandbox: Sandbox, run_to_end: RunToEnd
) -> None:
    report = requests.request_report(cloud_pack, None)
    sandbox.faults.set("unavailable")
    run_to_end(report)
    assert (report.state, report.error_code) == (State.FAILED, "ServiceUnavailable")
    assert report.error_facts["request_id"]


def test_a_missing_permission_ends_the_report_at_once_and_is_named(
    cloud_pack: Pack, sandbox: Sandbox, run_to_end: RunToEnd
) -> None:
    sandbox.faults.set("forbidden", on="GenerateCompliancePackReport")
    report = run_to_end(requests.request_report(cloud_pack, None))
    assert report.error_code == "Forbidden.RAM"
    assert report.error_facts["detail"] == "config:GenerateCompliancePackReport"


def test_an_unreadable_file_fails_is_archived_and_leaves_the_previous_report_current(
    cloud_pack: Pack, sandbox: Sandbox, run_to_end: RunToEnd
) -> None:
    readable = run_to_end(requests.request_report(cloud_pack, None))
    sandbox.faults.set("html-page", times=1)
    unreadable = run_to_end(requests.request_report(cloud_pack, None))
    assert (unreadable.state, unreadable.error_code) == (State.FAILED, "error_page")
    assert originals.find_damage(unreadable.require_original()) is None
    assert cloud_pack.reports.ready().get() == readable


def test_a_report_that_the_cloud_never_completes_ends_at_its_deadline(
    cloud_pack: Pack, sandbox: Sandbox
) -> None:
    sandbox.faults.set("never-completes")
    report = advance_until(State.CREATING, requests.request_report(cloud_pack, None))
    Report.objects.filter(pk=report.pk).update(deadline_at=timezone.now())
    assert advance_until(State.FAILED, report).error_code == "deadline"


@pytest.mark.parametrize("state", Report.UNDER_WAY)
def test_every_state_can_be_left_by_work_deadline_and_cancelling(
    state: Report.State, cloud_pack: Pack, run_to_end: RunToEnd
) -> None:
    for leave_state in (run_to_end, pass_deadline, cancel_run):
        report = advance_until(state, request_report_with(state, cloud_pack))
        assert not leave_state(report).under_way


def pass_deadline(report: Report) -> Report:
    """Take the step after the deadline; that of a list ends the list, and the report is read."""
    was_listing = report.state == State.LISTING
    Report.objects.filter(pk=report.pk).update(deadline_at=timezone.now(), next_at=timezone.now())
    lifecycle.advance_report(report.pk)
    return advance_until(State.READY if was_listing else State.FAILED, report)


def cancel_run(report: Report) -> Report:
    assert requests.cancel_report(report, None)
    return report


@pytest.mark.parametrize("state", Report.UNDER_WAY)
def test_a_step_whose_worker_died_is_due_again_when_the_claim_ends(
    state: Report.State, cloud_pack: Pack, sandbox: Sandbox, run_to_end: RunToEnd
) -> None:
    report = advance_until(state, request_report_with(state, cloud_pack))
    assert report.claim_step(30)  # claimed by a worker that died
    Report.objects.filter(pk=report.pk).update(next_at=report.requested_at)
    assert not lifecycle.find_overdue_reports().exists()
    assert lifecycle.advance_report(report.pk) is None
    lapsed = timezone.now() - dt.timedelta(seconds=1)
    Report.objects.filter(pk=report.pk).update(claimed_until=lapsed)
    assert list(lifecycle.find_overdue_reports()) == [report]
    assert run_to_end(report).state == State.READY
    assert count_generate_calls(sandbox, cloud_pack) == 1


def test_a_worker_that_lost_its_claim_writes_nothing(cloud_pack: Pack) -> None:
    report = requests.request_report(cloud_pack, None)
    assert report.claim_step(30)
    requests.cancel_report(Report.objects.get(pk=report.pk), None)
    assert not report.finish_step(state=State.CREATING)
    report.refresh_from_db()
    assert report.state == State.CANCELLED


def test_a_worker_that_lost_its_claim_while_storing_does_not_disturb_the_next_one(
    cloud_pack: Pack, run_to_end: RunToEnd, monkeypatch: pytest.MonkeyPatch
) -> None:
    late_copies: list[Report] = []
    store_report = report_writer.store_report

    def lose_claim(report: Report) -> None:
        late_copies.append(load_copy(report))
        Report.objects.filter(pk=report.pk).update(claimed_until=None, claim=None)

    monkeypatch.setattr(report_writer, "store_report", lose_claim)
    report = requests.request_report(cloud_pack, None)
    for _ in range(20):
        Report.objects.filter(pk=report.pk).update(next_at=report.requested_at)
        lifecycle.advance_report(report.pk)
        if late_copies:
            break
    monkeypatch.setattr(report_writer, "store_report", store_report)
    report_writer.store_report(late_copies[0])
    assert not report.rule_results.exists()
    assert not report.sheets.exists()
    assert run_to_end(report).state == State.READY


def load_copy(report: Report) -> Report:
    """Return the report as another worker would load it."""
    return Report.objects.select_related("pack__account", "original").get(pk=report.pk)


def test_a_worker_that_lost_its_claim_changes_nothing_in_a_ready_report(
    cloud_pack: Pack, run_to_end: RunToEnd
) -> None:
    report = run_to_end(requests.request_report(cloud_pack, None))
    late_copy = load_copy(report)
    late_copy.state, late_copy.claim, late_copy.reader_version = State.READING, uuid.uuid4(), 0
    before = load_stored_spans(cloud_pack), list(report.rule_results.values())
    report_writer.store_report(late_copy)
    assert (load_stored_spans(cloud_pack), list(report.rule_results.values())) == before


def test_a_large_report_that_is_cancelled_while_storing_adds_no_more_rows(
    cloud_pack: Pack, run_to_end: RunToEnd, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report_writer, "SMALL_ROWS", 0)
    monkeypatch.setattr(spans, "ROWS_PER_TRANSACTION", 20)
    first = run_to_end(requests.request_report(cloud_pack, None))
    before = load_stored_spans(cloud_pack)
    store_key_range = spans.store_key_range

    def store_and_cancel(report: Report, *arguments: Any, completes_spans: bool) -> None:
        store_key_range(report, *arguments, completes_spans=completes_spans)
        requests.cancel_report(Report.objects.get(pk=report.pk), None)
        lifecycle.remove_leftover_spans()

    monkeypatch.setattr(spans, "store_key_range", store_and_cancel)
    second = run_to_end(requests.request_report(cloud_pack, None))
    assert second.state == State.CANCELLED
    assert load_stored_spans(cloud_pack) == before
    assert first.rows > 20


def test_rule_parameters_are_stored_as_the_cloud_states_them(
    cloud_pack: Pack, run_to_end: RunToEnd
) -> None:
    report = run_to_end(requests.request_report(cloud_pack, None))
    results = report.rule_results.select_related("rule")
    stored = {result.rule.rule_id: result.parameters for result in results}
    stated = report.stated_counts["parameters"]
    assert any(stored.values())
    assert stored == {rule_id: stated.get(rule_id) for rule_id in stored}


def test_the_spans_of_a_cancelled_report_are_removed(
    cloud_pack: Pack, run_to_end: RunToEnd
) -> None:
    first = run_to_end(requests.request_report(cloud_pack, None))
    before = load_stored_spans(cloud_pack)
    second = run_to_end(requests.request_report(cloud_pack, None))
    Report.objects.filter(pk=second.pk).update(state=State.CANCELLED)
    lifecycle.remove_leftover_spans()
    assert load_stored_spans(cloud_pack) == before
    assert Evaluation.objects.at(cloud_pack.pk, first.position or 0).count() == first.rows


def load_stored_spans(pack: Pack) -> list[tuple[int, ...]]:
    spans = Evaluation.objects.filter(pack=pack).order_by("key", "first")
    return list(spans.values_list("key", "first", "until", "digest", "since"))


def test_a_report_counts_what_came_and_left_since_the_previous_one(
    cloud_pack: Pack, run_to_end: RunToEnd
) -> None:
    first = run_to_end(requests.request_report(cloud_pack, None))
    second = run_to_end(requests.request_report(cloud_pack, None))
    first.refresh_from_db()
    second.refresh_from_db()
    older, newer = load_statuses(first), load_statuses(second)
    assert (first.came, first.left, first.changes_by_reason) == (None, None, {})
    assert second.came == sum(
        1 for key in newer if newer[key] == FAILING and older.get(key) != FAILING
    )
    assert second.left == sum(
        1 for key in older if older[key] == FAILING and newer.get(key) != FAILING
    )
    assert second.came is not None
    assert second.left is not None
    assert second.came + second.left > 0
    assert first.failing + second.came - second.left == second.failing
    assert (second.changes_by_reason or {}).get("fixed", 0) == sum(
        1 for key in newer if newer[key] == COMPLIANT and older.get(key) == FAILING
    )


FAILING, COMPLIANT = Status.NON_COMPLIANT, Status.COMPLIANT


def load_statuses(report: Report) -> dict[int, int]:
    return dict(
        Evaluation.objects.at(report.pack_id, report.position or 0).values_list("key", "status")
    )


def test_every_pack_of_the_sandbox_reads_and_reconciles(
    cloud_account: object, run_to_end: RunToEnd
) -> None:
    for pack in Pack.objects.all():
        report = run_to_end(requests.request_report(pack, None))
        assert (report.state, report.remarks) == (State.READY, [])
        verdicts = {check["verdict"] for check in report.count_checks or []}
        assert verdicts == {"matches", "not_checked"}


def test_no_link_and_no_secret_is_stored_or_logged(
    cloud_pack: Pack, sandbox: Sandbox, run_to_end: RunToEnd, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    sandbox.faults.set("expired-link", times=1)
    report = run_to_end(requests.request_report(cloud_pack, None))
    stored_and_logged = caplog.text + str(Report.objects.filter(pk=report.pk).values())
    assert "Signature=" not in stored_and_logged
    assert cloud_pack.account.secret not in stored_and_logged


def test_calls_stay_within_the_assumed_limits(
    cloud_pack: Pack, sandbox: Sandbox, settings: Settings, run_to_end: RunToEnd
) -> None:
    settings.GENERATE_PER_MINUTE = 8  # a quarter of them at once
    packs = list(cloud_pack.account.packs.all())
    for report in [requests.request_report(pack, None) for pack in packs]:
        Report.objects.filter(pk=report.pk).update(next_at=timezone.now())
        lifecycle.advance_report(report.pk)
    waiting = [report for report in Report.objects.all() if report.state == State.REQUESTED]
    assert len(waiting) == len(packs) - 2
    assert all(report.next_at > timezone.now() for report in waiting)
