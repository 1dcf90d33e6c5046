"""A pack is evaluated before its report if a user asks for it; the report comes in any case."""

import datetime as dt
import uuid

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from dashboard.generation import lifecycle, pack_evaluation, rate_limit, requests
from dashboard.models import Account, Pack, Report
from dashboard.sandbox.wsgi import Sandbox
from tests.conftest import RunToEnd
from tests.generation.listing import (
    State,
    WorkerKilledError,
    advance_to,
    count_calls,
    hook_calls,
    take_step,
    unhook_calls,
)

pytestmark = pytest.mark.usefixtures("no_defect")
Outcome = Report.EvaluationOutcome
START, GET_RULE, GET_PACK = "StartConfigRuleEvaluation", "GetConfigRule", "GetCompliancePack"


def request_evaluated_report(pack: Pack) -> Report:
    return requests.request_report(pack, None, evaluates_first=True)


def count_rules(sandbox: Sandbox, pack: Pack) -> int:
    return len(sandbox.cloud_state.get_pack_state(pack.pack_id).rules)


def pass_time_limit(report: Report) -> None:
    """Move the request into the past, so that the evaluation is no longer waited for."""
    now = timezone.now()
    report.requested_at = now - 0.7 * (report.deadline_at - report.requested_at)
    report.deadline_at = now + dt.timedelta(minutes=5)
    report.save()
    assert pack_evaluation.compute_time_limit(report) < now


def test_without_being_asked_for_no_evaluation_is_started(
    cloud_pack: Pack, sandbox: Sandbox, run_to_end: RunToEnd
) -> None:
    report = run_to_end(requests.request_report(cloud_pack, None))
    assert (report.evaluation_asked_at, report.evaluation_outcome) == (None, "")
    assert count_calls(sandbox, START) == 0


def test_a_pack_is_evaluated_once_then_its_report_is_made(
    cloud_pack: Pack, sandbox: Sandbox, run_to_end: RunToEnd
) -> None:
    report = request_evaluated_report(cloud_pack)
    assert report.state == State.EVALUATING
    run_to_end(report)
    assert (report.state, report.evaluation_outcome) == (State.READY, Outcome.COMPLETE)
    assert count_calls(sandbox, START) == 1
    assert report.evaluation_asked_at
    assert report.submitted_at
    assert report.requested_at <= report.evaluation_asked_at <= report.submitted_at
    evaluation = report.provenance["evaluation"]
    assert evaluation["request_id"]
    assert evaluation["pending"] == []


def test_the_report_waits_until_every_rule_was_evaluated_since(
    cloud_pack: Pack, sandbox: Sandbox, run_to_end: RunToEnd
) -> None:
    sandbox.faults.set("evaluating-rule", times=pack_evaluation.MAX_UNFINISHED_RULES)
    report = request_evaluated_report(cloud_pack)
    take_step(report)
    take_step(report)
    assert report.state == State.EVALUATING
    rule_count = count_rules(sandbox, cloud_pack)
    assert len(report.provenance["evaluation"]["pending"]) == rule_count
    assert report.next_at > timezone.now()
    assert count_calls(sandbox, GET_RULE) == pack_evaluation.MAX_UNFINISHED_RULES
    run_to_end(report)
    assert report.evaluation_outcome == Outcome.COMPLETE
    assert count_calls(sandbox, GET_RULE) == pack_evaluation.MAX_UNFINISHED_RULES + rule_count


def test_an_evaluation_from_before_the_request_does_not_count(
    cloud_pack: Pack, sandbox: Sandbox
) -> None:
    report = request_evaluated_report(cloud_pack)
    take_step(report)
    report.provenance["evaluation"]["asked_ms"] += 60_000
    report.save()
    take_step(report)
    assert report.state == State.EVALUATING
    assert report.provenance["evaluation"]["pending"]


def test_rules_that_are_switched_off_are_not_waited_for(
    cloud_pack: Pack, sandbox: Sandbox, run_to_end: RunToEnd
) -> None:
    sandbox.faults.set("inactive-rule")
    report = run_to_end(request_evaluated_report(cloud_pack))
    assert (report.state, report.evaluation_outcome) == (State.READY, Outcome.COMPLETE)


def test_an_evaluation_that_does_not_end_is_waited_for_until_its_time_is_up(
    cloud_pack: Pack, sandbox: Sandbox, run_to_end: RunToEnd
) -> None:
    sandbox.faults.set("evaluating-rule")
    report = request_evaluated_report(cloud_pack)
    for _ in range(4):
        take_step(report)
    assert report.state == State.EVALUATING
    pass_time_limit(report)
    run_to_end(report)
    assert (report.state, report.evaluation_outcome) == (State.READY, Outcome.INCOMPLETE)
    assert len(report.provenance["evaluation"]["pending"]) == count_rules(sandbox, cloud_pack)
    assert (report.error_code, report.failed_attempts) == ("", 0)


@pytest.mark.parametrize("fault", ["forbidden", "no-permission", "no-service-role"])
def test_a_refusal_to_evaluate_is_kept_and_the_report_is_made(
    fault: str, cloud_pack: Pack, sandbox: Sandbox, run_to_end: RunToEnd
) -> None:
    sandbox.faults.set(fault, on=START)
    report = run_to_end(request_evaluated_report(cloud_pack))
    assert (report.state, report.evaluation_outcome) == (State.READY, Outcome.REFUSED)
    evaluation = report.provenance["evaluation"]
    assert evaluation["error_code"]
    if fault in ("forbidden", "no-permission"):
        assert evaluation["error_facts"]["detail"] == f"config:{START}"
    assert count_calls(sandbox, GET_RULE) == 0


def test_a_cloud_that_cannot_be_asked_to_evaluate_has_not_refused(
    cloud_pack: Pack, sandbox: Sandbox, run_to_end: RunToEnd, client: Client, auditor: User
) -> None:
    sandbox.faults.set("unavailable", on=START)
    report = run_to_end(request_evaluated_report(cloud_pack))
    assert (report.state, report.evaluation_outcome) == (State.READY, Outcome.FAILED)
    client.force_login(auditor)
    page = client.get(f"/reports/{report.pk}/").content.decode()
    assert "whether that came to its end is not known: The cloud is not available" in page


def test_an_error_loses_none_of_the_rules_that_were_found_evaluated(
    cloud_pack: Pack, sandbox: Sandbox, run_to_end: RunToEnd
) -> None:
    def fail_at_fourth(call: int) -> None:
        if call == 4:
            sandbox.faults.set("unavailable", on=GET_RULE, times=1)

    hook_calls(sandbox, fail_at_fourth, GET_RULE)
    report = run_to_end(request_evaluated_report(cloud_pack))
    assert report.evaluation_outcome == Outcome.COMPLETE
    assert count_calls(sandbox, GET_RULE) == count_rules(sandbox, cloud_pack) + 1


def test_an_evaluation_that_may_make_no_calls_ends_when_its_time_is_up(
    cloud_pack: Pack, sandbox: Sandbox, run_to_end: RunToEnd
) -> None:
    report = request_evaluated_report(cloud_pack)
    take_step(report)
    pass_time_limit(report)
    Account.objects.update(ask_free_at=timezone.now() + dt.timedelta(seconds=90))
    take_step(report)
    assert (report.state, report.evaluation_outcome) == (State.REQUESTED, Outcome.INCOMPLETE)


@pytest.mark.parametrize("operation", [GET_RULE, GET_PACK])
def test_where_rules_may_not_be_read_the_end_of_the_evaluation_is_not_known(
    operation: str, cloud_pack: Pack, sandbox: Sandbox, run_to_end: RunToEnd
) -> None:
    sandbox.faults.set("forbidden", on=operation)
    report = run_to_end(request_evaluated_report(cloud_pack))
    assert (report.state, report.evaluation_outcome) == (State.READY, Outcome.FAILED)
    evaluation = report.provenance["evaluation"]
    assert evaluation["error_facts"]["detail"] == f"config:{operation}"
    assert evaluation["request_id"]


@pytest.mark.parametrize("operation", [START, GET_PACK, GET_RULE])
def test_a_temporary_error_delays_an_evaluation_and_starts_no_second_one(
    operation: str, cloud_pack: Pack, sandbox: Sandbox, run_to_end: RunToEnd
) -> None:
    sandbox.faults.set("unavailable", on=operation, times=2)
    report = run_to_end(request_evaluated_report(cloud_pack))
    assert report.evaluation_outcome == Outcome.COMPLETE
    started = [call for call in sandbox.call_log if (call.operation, call.code) == (START, "")]
    assert len(started) == 1


def test_a_key_of_another_account_starts_nothing(
    cloud_pack: Pack, sandbox: Sandbox, run_to_end: RunToEnd
) -> None:
    account = cloud_pack.account
    Account.objects.filter(pk=account.pk).update(
        caller_account_uid="1888888888888888",
        caller_access_key_id=account.access_key_id,
        caller_asked_at=timezone.now(),
    )
    report = run_to_end(request_evaluated_report(cloud_pack))
    assert (report.state, report.error_code) == (State.FAILED, "ForeignAccessKey")
    assert count_calls(sandbox, START) == 0


def test_a_worker_that_died_before_the_answer_came_asks_again_and_keeps_the_first_time(
    cloud_pack: Pack, sandbox: Sandbox, run_to_end: RunToEnd
) -> None:
    def kill(call: int) -> None:
        raise WorkerKilledError

    report = request_evaluated_report(cloud_pack)
    hook_calls(sandbox, kill, START)
    with pytest.raises(WorkerKilledError):
        take_step(report)
    unhook_calls(sandbox)
    Report.objects.filter(pk=report.pk).update(claimed_until=report.requested_at)
    report.refresh_from_db()
    asked_at = report.evaluation_asked_at
    run_to_end(report)
    assert (report.evaluation_outcome, report.evaluation_asked_at) == (Outcome.COMPLETE, asked_at)


def test_a_worker_that_lost_its_claim_starts_nothing(
    cloud_pack: Pack, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = request_evaluated_report(cloud_pack)
    reserve_call = rate_limit.seconds_until_evaluation_allowed

    def lose_claim(account: Account) -> float:
        Report.objects.filter(pk=report.pk).update(claim=uuid.uuid4())
        return reserve_call(account)

    monkeypatch.setattr(rate_limit, "seconds_until_evaluation_allowed", lose_claim)
    lifecycle.advance_report(report.pk)
    report.refresh_from_db()
    assert (report.state, report.evaluation_asked_at) == (State.EVALUATING, None)
    assert count_calls(sandbox, START) == 0


def test_an_evaluation_keeps_within_the_limits_of_calls(cloud_pack: Pack, sandbox: Sandbox) -> None:
    report = request_evaluated_report(cloud_pack)
    packs_before = count_calls(sandbox, GET_PACK)
    used_up = timezone.now() + dt.timedelta(seconds=90)
    Account.objects.update(list_free_at=used_up)
    take_step(report)
    assert (report.state, count_calls(sandbox, START)) == (State.EVALUATING, 0)
    assert report.next_at > timezone.now() + dt.timedelta(seconds=25)
    Account.objects.update(list_free_at=None)
    take_step(report)
    Account.objects.update(ask_free_at=used_up)
    take_step(report)
    assert (count_calls(sandbox, START), count_calls(sandbox, GET_PACK)) == (1, packs_before)
    assert report.state == State.EVALUATING


def test_a_run_under_way_is_joined_and_not_evaluated(cloud_pack: Pack, sandbox: Sandbox) -> None:
    first = requests.request_report(cloud_pack, None)
    assert request_evaluated_report(cloud_pack) == first
    advance_to(State.CREATING, first)
    assert count_calls(sandbox, START) == 0
