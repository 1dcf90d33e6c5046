"""The step that fetches the evaluation results of a pack, beside the pack's report.

The operation ListConfigRuleEvaluationResults answers a page of at most 100 rows and a token for the
next page. The pages are collected in parts (see archive/result_parts.py). Each part that is stored
is a progress: a worker that goes on after another has died asks for the page after it. The row
ResultList stores how far the list has come and how it ended. The report is read in every case.
"""

import datetime as dt
import logging
import time
from collections.abc import Mapping, Set
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.utils import timezone

from dashboard import cloud
from dashboard.archive import location, originals, result_parts
from dashboard.archive.machine_faults import find_machine_fault, log_machine_faults
from dashboard.cloud.time_limit import IsStopped
from dashboard.generation import cloud_client, ownership, rate_limit, rule_details, step_errors
from dashboard.generation.claims import ClaimLostError, save_while_claimed
from dashboard.generation.page_collector import PageCollector
from dashboard.models import Report, ResultList, Status

if TYPE_CHECKING:
    from dashboard.cloud.client import Client

STEP_SECONDS = 20.0  # then other runs get their turn
MAX_PAUSE_SECONDS = 1.0  # a longer wait for the next call is left to the queue
MAX_RESTARTS = 3  # of a list, because its token was refused or one of its parts is missing
ONE_ATTEMPT = 1  # a repeated call counts like any other, and is not reserved
logger = logging.getLogger(__name__)

Outcome = ResultList.Outcome


def fetch_results(report: Report, is_stopped: IsStopped) -> None:
    """Take a step of the state LISTING: pages of the list, and the states of rules after its end.

    Only a fault of the machine is raised; any other error ends the list, and not the run.
    """
    result_list, _is_new = ResultList.objects.get_or_create(report=report)
    try:
        if not result_list.has_ended:
            advance_list(report, result_list, is_stopped)
        if result_list.has_ended:
            finish_listing(report, result_list, is_stopped)
    except ClaimLostError:
        return
    except Exception as error:
        if find_machine_fault(error):
            raise
        logger.error("Report %s is read without its list", report.pk, exc_info=error)
        with suppress(ClaimLostError):
            if not result_list.has_ended:
                end_list(report, result_list, Outcome.FAILED, "defect")
            finish_list_and_start_reading(report)


def advance_list(report: Report, result_list: ResultList, is_stopped: IsStopped) -> None:
    """Fetch pages of the list, and end it if this was the last, or if it cannot be fetched."""
    if not report.pack.account.fetches_results:
        end_list(report, result_list, Outcome.SWITCHED_OFF)
        return
    if timezone.now() > report.deadline_at:
        end_list_at_deadline(report, result_list)
        return
    with location.temporary_folder() as folder:
        try:
            with PageCollector(report, result_list, folder) as collector:
                collect_pages(collector, is_stopped)
        except FileNotFoundError:  # a stored part is missing
            begin_list_again(report, result_list, cloud.CloudError("machine"))


def collect_pages(collector: PageCollector, is_stopped: IsStopped) -> None:
    """Fetch pages in the time of one step, then save how far the list has come."""
    report, result_list = collector.report, collector.result_list
    try:
        wait = fetch_pages(collector, is_stopped)
    except cloud.CloudError as error:
        handle_list_error(collector, error)
        return
    if wait is None:
        collector.store_list()
        end_list(report, result_list, Outcome.COMPLETE)
        return
    if collector.has_unsaved_pages:
        collector.save_part()
    next_at = timezone.now() + dt.timedelta(seconds=wait)
    report.finish_step(next_at=next_at, **step_errors.NO_ERROR)


def fetch_pages(collector: PageCollector, is_stopped: IsStopped) -> float | None:
    """Fetch pages until the list or the time of the step ends. Raise CloudError, ClaimLostError.

    Return None at the end of the list, otherwise the seconds until the next call may be made.
    """
    pack, result_list = collector.report.pack, collector.result_list
    ownership.require_own_key(pack.account, is_stopped)
    calls = rate_limit.ResultCalls(pack.account)
    step_end = time.monotonic() + STEP_SECONDS
    with cloud_client.open_client(pack.account, is_stopped, attempts=ONE_ATTEMPT) as client:
        while time.monotonic() < step_end:
            wait = calls.seconds_until_allowed()
            if wait > MAX_PAUSE_SECONDS:
                return wait
            if wait:
                time.sleep(wait)
                continue
            page = client.list_evaluation_results(pack.pack_id, result_list.next_token)
            collector.add_page(page)
            if not page.next_token:
                require_failing_rules(client, collector)
                return None
            if collector.is_part_complete:
                collector.save_part()
    return 0.0


def require_failing_rules(client: "Client", collector: PageCollector) -> None:
    """Raise CloudError (ResultsIncomplete) if a rule has failing resources, and no row in the list.

    A list states no total, so this is what shows that it ended short. The status of the rules was
    fetched with the file, if possible; a rule without a row is asked for again, because it may have
    changed.
    """
    report = collector.report
    statuses = get_rule_statuses(report)
    if statuses and not find_missing_rules(statuses, collector.rule_ids):
        return
    if rate_limit.seconds_until_get_allowed(report.pack.account):
        return  # not decided; the rows are held against the cloud's counts later anyway
    try:
        compliance = client.get_rule_compliance(report.pack.pack_id)
    except cloud.CloudError:
        return
    statuses = {rule.rule_id: rule.status for rule in compliance.rules}
    for rule_id in find_missing_rules(statuses, collector.rule_ids):
        raise cloud.CloudError("ResultsIncomplete", detail=rule_id)


def get_rule_statuses(report: Report) -> dict[str, str]:
    """Return the statuses of rules that were fetched with the file, by the rule's id."""
    counts = report.stated_counts
    statuses = {
        rule_id: rule.get("status", "") for rule_id, rule in counts.get("rules", {}).items()
    }
    return {**counts.get("rule_statuses", {}), **statuses}


def find_missing_rules(statuses: Mapping[str, str], rule_ids: Set[str]) -> list[str]:
    """Return the ids of the rules that fail, as the cloud states it, and are not in `rule_ids`."""
    failing = Status.NON_COMPLIANT.name
    return [
        rule_id
        for rule_id, status in statuses.items()
        if status == failing and rule_id not in rule_ids
    ]


def handle_list_error(collector: PageCollector, error: cloud.CloudError) -> None:
    """End the list, begin it again, or schedule the step again, as the error demands."""
    report, result_list = collector.report, collector.result_list
    if error.advice is cloud.Advice.PERMISSION:
        end_list(report, result_list, Outcome.NOT_PERMITTED, error.code, error.facts)
    elif is_token_refused(result_list, error):
        begin_list_again(report, result_list, error)
    elif not error.is_temporary:
        end_list(report, result_list, Outcome.FAILED, error.code, error.facts)
    elif timezone.now() > report.deadline_at:
        end_list_at_deadline(report, result_list)
    else:
        if collector.has_unsaved_pages:
            collector.save_part()
            report.failed_attempts = 0  # errors count in succession
        if not step_errors.retry_later(report, error):
            end_list(report, result_list, Outcome.FAILED, error.code, error.facts)


def is_token_refused(result_list: ResultList, error: cloud.CloudError) -> bool:
    """Return whether the token of the next page may be what the cloud does not accept.

    The documentation names no code for this. But the first page was asked for with the same
    parameters, except the token.
    """
    advice = (cloud.Advice.PAGE_TOKEN, cloud.Advice.DEFECT)
    return bool(result_list.next_token) and error.advice in advice


def begin_list_again(report: Report, result_list: ResultList, error: cloud.CloudError) -> None:
    """Discard all pages and begin with the first again; end the list if that was done too often."""
    if result_list.restarts >= MAX_RESTARTS:
        code = "InvalidNextToken" if error.advice is cloud.Advice.DEFECT else error.code
        end_list(report, result_list, Outcome.FAILED, code, error.facts)
        return
    logger.warning("The list of report %s begins again: %s", report.pk, error.code)
    with save_while_claimed(report):
        result_list.begin_again()
        result_list.save()
        result_parts.delete_parts(report.pk)
    report.postpone_step(0)


def end_list_at_deadline(report: Report, result_list: ResultList) -> None:
    """End the list because its time is up; the last error says why, if there was one."""
    minutes = settings.RESULTS_LIMIT_MINUTES
    if report.error_code:
        code, facts = report.error_code, {**report.error_facts, "minutes": minutes}
    else:
        code, facts = "ResultsTimedOut", {"detail": str(minutes)}
    end_list(report, result_list, Outcome.FAILED, code, facts)


def end_list(
    report: Report,
    result_list: ResultList,
    outcome: Outcome,
    code: str = "",
    facts: dict[str, Any] | None = None,
) -> None:
    """Save how the list ended, and delete its parts. Raise ClaimLostError."""
    has_parts = result_list.parts > 0
    result_list.end(outcome, code, facts or {})
    with save_while_claimed(report):
        result_list.save()
    if has_parts:
        with log_machine_faults(f"The parts of the list of report {report.pk}: deleting them"):
            result_parts.delete_parts(report.pk)


def finish_listing(report: Report, result_list: ResultList, is_stopped: IsStopped) -> None:
    """Ask for the state of rules without evaluations, then let the report be read."""
    wait = rule_details.fetch_rule_details(report, result_list, is_stopped)
    if wait:
        next_at = timezone.now() + dt.timedelta(seconds=wait)
        report.finish_step(stated_counts=report.stated_counts, next_at=next_at)
    else:
        finish_list_and_start_reading(report)


def finish_list_and_start_reading(report: Report) -> None:
    """Set the state READING, with time enough to read the file and the list."""
    now = timezone.now()
    deadlines = (
        report.requested_at + dt.timedelta(minutes=settings.REPORT_LIMIT_MINUTES),
        now + 2 * dt.timedelta(seconds=settings.READ_LIMIT_SECONDS),
    )
    report.finish_step(
        state=Report.State.READING,
        stated_counts=report.stated_counts,
        deadline_at=max(deadlines),
        next_at=now,
        **step_errors.NO_ERROR,
    )


def compute_list_deadline(now: dt.datetime) -> dt.datetime:
    """Return the time at which a list that begins now is ended, complete or not."""
    return now + dt.timedelta(minutes=settings.RESULTS_LIMIT_MINUTES)


def discard_damaged_list(report: Report, error: originals.DamagedOriginalError) -> bool:
    """Let the report be read without its list, which was damaged in the archive.

    Return False, and do nothing, if the damaged original is not that of the list.
    """
    damaged = error.original
    lists = ResultList.objects.filter(pk=report.pk, original=damaged, outcome=Outcome.COMPLETE)
    result_list = lists.first()
    if result_list is None:
        return False
    originals.verify_original(damaged)  # stores what is wrong with it
    result_list.end(Outcome.FAILED, error.code, {})
    result_list.save()
    return True


def remove_leftovers() -> None:
    """End the lists of runs that have ended, and delete the parts that no list needs any more."""
    report_ids = set(result_parts.list_reports_with_parts())
    listing = Report.objects.filter(state=Report.State.LISTING, pk__in=report_ids)
    for report_id in report_ids - set(listing.values_list("pk", flat=True)):
        result_parts.delete_parts(report_id)
    lists_under_way = ResultList.objects.filter(outcome=Outcome.UNDER_WAY).select_related("report")
    for result_list in lists_under_way.exclude(report__state__in=Report.UNDER_WAY):
        report = result_list.report
        result_list.end(Outcome.FAILED, report.error_code, report.error_facts)
        result_list.save()
