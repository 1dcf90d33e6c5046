"""The life of a report, against the sandbox's cloud."""

import datetime as dt
import hashlib
import logging
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from pytest_django import Settings

from dashboard.archive import originals
from dashboard.generation import lifecycle, requests
from dashboard.ledger import report_writer, spans
from dashboard.models import Evaluation, Pack, Report, Status
from dashboard.sandbox.wsgi import Sandbox

State = Report.State
Work = Callable[[Report], Report]


def generates(sandbox: Sandbox, pack: Pack) -> int:
    return int(sandbox.generated[pack.pack_id])


def until(state: Report.State, report: Report) -> Report:
    """Takes steps until the report is in this state."""
    for _ in range(20):
        report.refresh_from_db()
        if report.state == state:
            return report
        Report.objects.filter(pk=report.pk).update(next_at=report.requested_at)
        lifecycle.advance_report(report.pk)
    raise AssertionError(f"never {state}: {report.state} {report.error_code}")


def test_a_click_ends_in_a_ready_report_whose_bytes_have_the_stored_hash(
    pack: Pack, officer: User, work: Work
) -> None:
    report = work(requests.request_report(pack, officer))
    assert (report.state, report.requested_by) == (State.READY, officer)
    assert report.original
    with originals.open_original(report.original) as file:
        assert hashlib.sha256(file.read()).hexdigest() == report.original_id
    assert report.file_name.startswith(f"{pack.account.uid}-{pack.pack_id}-report-")
    assert Evaluation.objects.at(pack.pk, report.position or 0).count() == report.rows > 0


def test_two_clicks_make_one_report_and_one_generate(
    pack: Pack, officer: User, sandbox: Sandbox, work: Work
) -> None:
    first, second = requests.request_report(pack, officer), requests.request_report(pack, None)
    assert first == second
    work(first)
    assert generates(sandbox, pack) == 1


def test_a_report_that_somebody_else_has_the_cloud_make_is_joined(
    pack: Pack, sandbox: Sandbox, work: Work
) -> None:
    sandbox.faults.set("never-completes", times=None)
    theirs = until(State.CREATING, requests.request_report(pack, None))
    requests.cancel_report(theirs)
    ours = until(State.CREATING, requests.request_report(pack, None))
    assert ours.joined
    sandbox.faults.clear("never-completes")
    assert work(ours).state == State.READY
    assert generates(sandbox, pack) == 1


def test_the_report_before_is_never_taken_for_the_one_asked_for(
    pack: Pack, sandbox: Sandbox, work: Work
) -> None:
    first = work(requests.request_report(pack, None))
    sandbox.faults.set("previous-report", times=3)
    second = work(requests.request_report(pack, None))
    assert second.state == State.READY
    assert first.created_at
    assert second.created_at
    assert second.created_at > first.created_at


def test_an_expired_link_is_asked_for_again(pack: Pack, sandbox: Sandbox, work: Work) -> None:
    sandbox.faults.set("expired-link", times=1)
    assert work(requests.request_report(pack, None)).state == State.READY


@pytest.mark.parametrize(
    "fault", ["throttling", "unavailable", "internal-error", "reset", "cut-off"]
)
def test_a_fault_that_passes_does_not_end_a_report(
    fault: str, pack: Pack, sandbox: Sandbox, work: Work
) -> None:
    report = requests.request_report(pack, None)
    sandbox.faults.set(fault, times=3)
    assert work(report).state == State.READY


def test_a_fault_that_does_not_pass_ends_the_report_with_its_cause(
    pack: Pack, sandbox: Sandbox, work: Work
) -> None:
    report = requests.request_report(pack, None)
    sandbox.faults.set("unavailable")
    work(report)
    assert (report.state, report.error_code) == (State.FAILED, "ServiceUnavailable")
    assert report.error_facts["request_id"]


def test_a_missing_permission_ends_the_report_at_once_and_is_named(
    pack: Pack, sandbox: Sandbox, work: Work
) -> None:
    sandbox.faults.set("forbidden", on="GenerateCompliancePackReport")
    report = work(requests.request_report(pack, None))
    assert report.error_code == "Forbidden.RAM"
    assert report.error_facts["detail"] == "config:GenerateCompliancePackReport"


def test_a_file_nobody_can_read_fails_is_kept_and_leaves_the_report_before_current(
    pack: Pack, sandbox: Sandbox, work: Work
) -> None:
    good = work(requests.request_report(pack, None))
    sandbox.faults.set("html-page", times=1)
    bad = work(requests.request_report(pack, None))
    assert (bad.state, bad.error_code) == (State.FAILED, "error_page")
    assert bad.original
    assert originals.matches_hash(bad.original)
    assert pack.reports.ready().get() == good


def test_a_report_that_the_cloud_never_completes_ends_at_its_deadline(
    pack: Pack, sandbox: Sandbox
) -> None:
    sandbox.faults.set("never-completes")
    report = until(State.CREATING, requests.request_report(pack, None))
    Report.objects.filter(pk=report.pk).update(deadline_at=timezone.now())
    assert until(State.FAILED, report).error_code == "deadline"


@pytest.mark.parametrize("state", Report.UNDER_WAY)
def test_no_state_is_without_an_exit(state: Report.State, pack: Pack, work: Work) -> None:
    for leave in (work, expired, cancelled):
        report = until(state, requests.request_report(pack, None))
        assert not leave(report).under_way


def expired(report: Report) -> Report:
    Report.objects.filter(pk=report.pk).update(deadline_at=timezone.now(), next_at=timezone.now())
    lifecycle.advance_report(report.pk)
    report.refresh_from_db()
    return report


def cancelled(report: Report) -> Report:
    assert requests.cancel_report(report)
    return report


@pytest.mark.parametrize("state", Report.UNDER_WAY)
def test_a_worker_that_dies_in_any_state_costs_its_lease_and_nothing_else(
    state: Report.State, pack: Pack, sandbox: Sandbox, work: Work
) -> None:
    report = until(state, requests.request_report(pack, None))
    assert report.claim_step(30)  # taken, and never heard of again
    Report.objects.filter(pk=report.pk).update(next_at=report.requested_at)
    assert not lifecycle.find_overdue_reports().exists()
    assert lifecycle.advance_report(report.pk) is None
    lapsed = timezone.now() - dt.timedelta(seconds=1)
    Report.objects.filter(pk=report.pk).update(claimed_until=lapsed)
    assert list(lifecycle.find_overdue_reports()) == [report]
    assert work(report).state == State.READY
    assert generates(sandbox, pack) == 1


def test_whoever_lost_the_claim_writes_nothing(pack: Pack) -> None:
    report = requests.request_report(pack, None)
    assert report.claim_step(30)
    requests.cancel_report(Report.objects.get(pk=report.pk))
    assert not report.finish_step(state=State.CREATING)
    report.refresh_from_db()
    assert report.state == State.CANCELLED


def test_whoever_lost_the_claim_while_entering_leaves_nothing_in_the_way_of_the_one_who_has_it(
    pack: Pack, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    late: list[Report] = []
    enter = report_writer.store_report

    def stalled(report: Report) -> None:
        late.append(Report.objects.select_related("pack__account", "original").get(pk=report.pk))
        Report.objects.filter(pk=report.pk).update(claimed_until=None, claim=None)

    monkeypatch.setattr(report_writer, "store_report", stalled)
    report = requests.request_report(pack, None)
    for _ in range(20):
        Report.objects.filter(pk=report.pk).update(next_at=report.requested_at)
        lifecycle.advance_report(report.pk)
        if late:
            break
    monkeypatch.setattr(report_writer, "store_report", enter)
    report_writer.store_report(late[0])
    assert not report.rule_results.exists()
    assert not report.sheets.exists()
    assert work(report).state == State.READY


def test_whoever_lost_the_claim_to_one_who_has_finished_writes_nothing(
    pack: Pack, work: Work
) -> None:
    report = work(requests.request_report(pack, None))
    late = Report.objects.select_related("pack__account", "original").get(pk=report.pk)
    late.state, late.claim, late.reader_version = State.READING, uuid.uuid4(), 0
    before = stored_spans(pack), list(report.rule_results.values())
    report_writer.store_report(late)
    assert (stored_spans(pack), list(report.rule_results.values())) == before


def test_a_large_report_that_is_cancelled_meanwhile_puts_no_more_rows(
    pack: Pack, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report_writer, "SMALL_ROWS", 0)
    monkeypatch.setattr(spans, "BATCH", 20)
    first = work(requests.request_report(pack, None))
    before = stored_spans(pack)
    put_range = spans.store_key_range

    def cancelling(report: Report, *rest: Any) -> None:
        put_range(report, *rest)
        requests.cancel_report(Report.objects.get(pk=report.pk))
        lifecycle.remove_spans_of_ended_runs()

    monkeypatch.setattr(spans, "store_key_range", cancelling)
    second = work(requests.request_report(pack, None))
    assert second.state == State.CANCELLED
    assert stored_spans(pack) == before
    assert first.rows > 20


def test_parameters_come_back_from_the_database_as_the_cloud_gave_them(
    pack: Pack, work: Work
) -> None:
    report = work(requests.request_report(pack, None))
    told = report.stated_counts["parameters"]
    found = {one.rule.rule_id: one.parameters for one in report.rule_results.select_related("rule")}
    assert any(found.values())
    assert found == {rule: told.get(rule) for rule in found}


def test_what_a_cancelled_report_brought_into_the_spans_is_taken_out_again(
    pack: Pack, work: Work
) -> None:
    first = work(requests.request_report(pack, None))
    before = stored_spans(pack)
    second = work(requests.request_report(pack, None))
    Report.objects.filter(pk=second.pk).update(state=State.CANCELLED)
    lifecycle.remove_spans_of_ended_runs()
    assert stored_spans(pack) == before
    assert Evaluation.objects.at(pack.pk, first.position or 0).count() == first.rows


def stored_spans(pack: Pack) -> list[tuple[int, ...]]:
    spans = Evaluation.objects.filter(pack=pack).order_by("key", "first")
    return list(spans.values_list("key", "first", "until", "digest", "since"))


def test_a_report_tells_what_is_new_and_fixed_since_the_one_before(pack: Pack, work: Work) -> None:
    first, second = (
        work(requests.request_report(pack, None)),
        work(requests.request_report(pack, None)),
    )
    first.refresh_from_db()
    second.refresh_from_db()
    was, now = statuses(first), statuses(second)
    assert (first.new, first.fixed) == (None, None)
    assert second.new == sum(
        1 for key in now if now[key] == FAILING and was.get(key) not in (FAILING, IGNORED)
    )
    assert second.fixed == sum(
        1 for key in now if now[key] == COMPLIANT and was.get(key) == FAILING
    )
    assert second.new + second.fixed > 0


FAILING, IGNORED, COMPLIANT = Status.NON_COMPLIANT, Status.IGNORED, Status.COMPLIANT


def statuses(report: Report) -> dict[int, int]:
    return dict(
        Evaluation.objects.at(report.pack_id, report.position or 0).values_list("key", "status")
    )


def test_every_pack_of_the_sandbox_reads_and_reconciles(account: object, work: Work) -> None:
    for pack in Pack.objects.all():
        report = work(requests.request_report(pack, None))
        assert (report.state, report.notes) == (State.READY, [])
        assert report.stated_counts["checked"]


def test_no_link_and_no_secret_is_stored_or_logged(
    pack: Pack, sandbox: Sandbox, work: Work, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    sandbox.faults.set("expired-link", times=1)
    report = work(requests.request_report(pack, None))
    kept = caplog.text + str(Report.objects.filter(pk=report.pk).values())
    assert "Signature=" not in kept
    assert pack.account.secret not in kept


def test_calls_keep_to_the_assumed_limits(
    pack: Pack, sandbox: Sandbox, settings: Settings, work: Work
) -> None:
    settings.GENERATE_PER_MINUTE = 4  # half of them at once
    packs = list(pack.account.packs.all())
    asked = [requests.request_report(one, None) for one in packs]
    for report in asked:
        Report.objects.filter(pk=report.pk).update(next_at=timezone.now())
        lifecycle.advance_report(report.pk)
    waiting = [report for report in Report.objects.all() if report.state == State.REQUESTED]
    assert len(waiting) == len(packs) - 2
    assert all(report.next_at > timezone.now() for report in waiting)
