"""The step that has a pack evaluated again before its report is requested.

The cloud tells neither how far an evaluation has come nor when it has ended. So each rule is asked
for when it was last evaluated, until all of them were evaluated after the request. However this
ends, the report is requested.
"""

import datetime as dt
from typing import TYPE_CHECKING, Any

from django.utils import timezone

from dashboard import cloud
from dashboard.cloud.time_limit import IsStopped
from dashboard.generation import cloud_client, ownership, rate_limit, step_errors
from dashboard.models import Account, Report

if TYPE_CHECKING:
    from dashboard.cloud.client import Client

TIME_SHARE = 0.5  # of the run's time; the rest is for the report
MAX_UNFINISHED_RULES = 5  # asked for in one step: the others are most likely unfinished too
# A rule in one of these states is not evaluated.
IDLE_STATES = ("INACTIVE", "DELETING")


def evaluate_pack(report: Report, is_stopped: IsStopped) -> None:
    """Take a step of the state EVALUATING: ask for the evaluation, or look how far it has come.

    `report.provenance["evaluation"]` holds: "request_id", "asked_ms" (the request, by the cloud's
    clock), "pending" (the ids of the rules that are not known to be evaluated since), "polls", and
    at the end "error_code" and "error_facts" if an error ended it.
    """
    try:
        with cloud_client.open_client(report.pack.account, is_stopped, attempts=1) as client:
            if "evaluation" in report.provenance:
                wait_for_rules(client, report)
            else:
                ownership.require_own_key(report.pack.account, is_stopped)
                start_evaluation(client, report)
    except cloud.CloudError as error:
        handle_evaluation_error(report, error)


def start_evaluation(client: "Client", report: Report) -> None:
    """Ask the cloud to evaluate the pack. A worker that repeats this step asks again: no harm."""
    if wait := rate_limit.seconds_until_evaluation_allowed(report.pack.account):
        wait_for_call(report, wait)
        return
    if report.evaluation_asked_at is None and not report.save_progress(
        evaluation_asked_at=timezone.now()
    ):
        return  # another worker has the claim
    start = client.start_evaluation(report.pack.pack_id)
    evaluation = {
        "request_id": start.request_id,
        "asked_ms": start.asked_ms,
        "pending": None,  # the rules of the pack are not known yet
        "polls": 0,
    }
    save_evaluation(report, evaluation, compute_pause(0))


def wait_for_rules(client: "Client", report: Report) -> None:
    """Look which rules were evaluated since; end the step if all were, or if the time is up."""
    evaluation = dict(report.provenance["evaluation"])
    account = report.pack.account
    if evaluation["pending"] is None:
        if wait := rate_limit.seconds_until_get_allowed(account):
            wait_for_call(report, wait)
            return
        rules = client.get_pack(report.pack.pack_id).rules
        evaluation["pending"] = [rule.rule_id for rule in rules]
    evaluation["polls"] += 1
    try:
        wait = ask_for_pending_rules(client, account, evaluation)
    finally:  # an error loses none of what was found out
        report.provenance = {**report.provenance, "evaluation": evaluation}
    if not evaluation["pending"]:
        end_evaluation(report, Report.EvaluationOutcome.COMPLETE, evaluation)
    elif timezone.now() > compute_time_limit(report):
        end_evaluation(report, Report.EvaluationOutcome.INCOMPLETE, evaluation)
    else:
        save_evaluation(report, evaluation, max(wait, compute_pause(evaluation["polls"])))


def ask_for_pending_rules(client: "Client", account: Account, evaluation: dict[str, Any]) -> float:
    """Remove the rules that were evaluated from evaluation["pending"].

    Stop at several that were not: they come last in the next step. Return the seconds until the
    next call is allowed, or 0. Raise CloudError.
    """
    pending, unfinished_count = evaluation["pending"], 0
    for rule_id in list(pending):
        if unfinished_count == MAX_UNFINISHED_RULES:
            break
        if wait := rate_limit.seconds_until_get_allowed(account):
            return wait
        is_evaluated = is_rule_evaluated(client, rule_id, evaluation["asked_ms"])
        pending.remove(rule_id)
        if not is_evaluated:
            pending.append(rule_id)
            unfinished_count += 1
    return 0.0


def wait_for_call(report: Report, seconds: float) -> None:
    """Take the step again when a call is allowed; if the time is up by then, end the evaluation."""
    if timezone.now() + dt.timedelta(seconds=seconds) <= compute_time_limit(report):
        report.postpone_step(seconds)
        return
    if evaluation := report.provenance.get("evaluation"):
        end_evaluation(report, Report.EvaluationOutcome.INCOMPLETE, evaluation)
    else:
        error = cloud.CloudError("Throttling", "this server has used the calls of the account")
        handle_evaluation_error(report, error)


def is_rule_evaluated(client: "Client", rule_id: str, asked_ms: int) -> bool:
    """Return whether a rule was evaluated since, or cannot be evaluated."""
    try:
        rule = client.get_config_rule(rule_id)
    except cloud.CloudError as error:
        if error.advice is cloud.Advice.GONE_RULE:
            return True
        raise
    return rule.state in IDLE_STATES or rule.was_evaluated_since(asked_ms)


def handle_evaluation_error(report: Report, error: cloud.CloudError) -> None:
    """Try again after a temporary error; otherwise go on without the evaluation."""
    may_retry = error.is_temporary and timezone.now() <= compute_time_limit(report)
    if may_retry and step_errors.retry_later(report, error, provenance=report.provenance):
        return
    evaluation = report.provenance.get("evaluation", {})
    is_refused = not evaluation and not error.is_temporary
    outcome = Report.EvaluationOutcome.REFUSED if is_refused else Report.EvaluationOutcome.FAILED
    facts = {"error_code": error.code, "error_facts": error.facts}
    end_evaluation(report, outcome, {**evaluation, **facts})


def end_evaluation(
    report: Report, outcome: Report.EvaluationOutcome, evaluation: dict[str, Any]
) -> None:
    """Save how the evaluation ended; the report is requested next."""
    report.finish_step(
        state=Report.State.REQUESTED,
        evaluation_outcome=outcome,
        provenance={**report.provenance, "evaluation": evaluation},
        next_at=timezone.now(),
        **step_errors.NO_ERROR,
    )


def save_evaluation(report: Report, evaluation: dict[str, Any], seconds: float) -> None:
    """Save how far the evaluation has come, and take the next step in `seconds`."""
    report.finish_step(
        provenance={**report.provenance, "evaluation": evaluation},
        next_at=timezone.now() + dt.timedelta(seconds=seconds),
        **step_errors.NO_ERROR,
    )


def compute_time_limit(report: Report) -> dt.datetime:
    """Return when the evaluation is no longer waited for."""
    return report.requested_at + TIME_SHARE * (report.deadline_at - report.requested_at)


def compute_pause(polls: int) -> float:
    """Return the seconds to wait after so many polls: 2, growing to 15."""
    return min(2 * 1.25**polls, 15.0)
