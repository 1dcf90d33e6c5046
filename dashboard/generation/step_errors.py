"""What becomes of a run whose step raised an error: it fails, or the step is taken again."""

import datetime as dt
import logging
from typing import Any

from django.conf import settings
from django.utils import timezone

from dashboard import cloud
from dashboard.archive import originals
from dashboard.archive.machine_faults import MachineFault, find_machine_fault
from dashboard.generation import discovery
from dashboard.models import Report
from dashboard.models.runs import READING_LIMIT
from dashboard.workbook import WorkbookError

MAX_TEMPORARY_FAILURES = 6  # in succession, in about two minutes; then the report fails
NO_ERROR: dict[str, Any] = {"failed_attempts": 0, "error_code": "", "error_facts": {}}
FAULT_PAUSE = dt.timedelta(seconds=15)  # from a fault of the machine to the next try
logger = logging.getLogger(__name__)


def save_step_error(report: Report, error: Exception) -> bool:
    """Save the error of a step; return False if database or disk do not allow it now."""
    try:
        handle_step_error(report, error)
    except Exception as second_error:
        if not find_machine_fault(second_error):
            raise
        logger.warning("Report %s: its step is taken again later: %s", report.pk, second_error)
        return False
    return True


def handle_step_error(report: Report, error: Exception) -> None:
    """Fail the report, or schedule the step again if the error may pass."""
    if isinstance(error, cloud.CloudError):
        handle_cloud_error(report, error)
    elif isinstance(error, WorkbookError):
        fail_report(report, error.code, dict(error.facts))
    elif isinstance(error, originals.DamagedOriginalError):
        originals.verify_original(error.original)  # stores what is wrong with it
        fail_report(report, error.code, {})
    elif fault := find_machine_fault(error):
        logger.warning("Report %s waits in state %s: %s", report.pk, report.state, error)
        wait_after_fault(report, fault)
    else:  # a bug in this program
        logger.error("Report %s failed in state %s", report.pk, report.state, exc_info=error)
        fail_report(report, "defect", {})


def handle_cloud_error(report: Report, error: cloud.CloudError) -> None:
    """Schedule the step again if the error is temporary; otherwise fail the report.

    After MAX_TEMPORARY_FAILURES in succession, and at its deadline, the report fails too.
    """
    # If the download link has expired, the next try gets a new one.
    temporary = error.is_temporary or error.code == "LinkExpired"
    now = timezone.now()
    if temporary and now > report.deadline_at:
        # The deadline itself ends a call as TimedOut; the fault before says more.
        is_known = error.code == "TimedOut" and report.error_code
        code, facts = (
            (report.error_code, report.error_facts) if is_known else (error.code, error.facts)
        )
        fail_at_deadline(report, code, facts)
        return
    if not temporary or not retry_later(report, error):
        fail_report(report, error.code, error.facts)
        if error.code == discovery.GONE_CODE:
            discovery.mark_pack_if_gone(report.pack)


def retry_later(report: Report, error: cloud.CloudError, **changes: Any) -> bool:
    """Schedule the step again after a temporary error, and save these changes of the report.

    Return False, and do nothing, if the error came MAX_TEMPORARY_FAILURES times in succession.
    """
    failed_attempts = report.failed_attempts + 1
    if failed_attempts >= MAX_TEMPORARY_FAILURES:
        return False
    next_at = timezone.now() + dt.timedelta(seconds=min(2**failed_attempts, 60))
    report.finish_step(
        failed_attempts=failed_attempts,
        error_code=error.code,
        error_facts=error.facts,
        next_at=min(next_at, report.deadline_at),
        **changes,
    )
    return True


def wait_after_fault(report: Report, fault: MachineFault) -> None:
    """Schedule the step again; after its deadline the run fails with this cause.

    A list of evaluation results that reaches its deadline does not fail the run: see
    result_fetching.py.
    """
    now, facts = timezone.now(), dict(fault.facts)
    next_at = now + FAULT_PAUSE
    if now <= report.deadline_at:
        next_at = min(next_at, report.deadline_at)
    elif report.state != Report.State.LISTING:
        fail_at_deadline(report, fault.code, facts)
        return
    report.finish_step(next_at=next_at, error_code=fault.code, error_facts=facts)


def fail_at_deadline(report: Report, code: str, facts: dict[str, Any]) -> None:
    """End the run with the cause that kept it from ending in time, and say that time ran out."""
    is_generated = report.source == Report.Source.GENERATED
    minutes = (
        settings.REPORT_LIMIT_MINUTES if is_generated else READING_LIMIT // dt.timedelta(minutes=1)
    )
    fail_report(report, code, {**facts, "minutes": minutes})


def fail_report(report: Report, code: str, facts: dict[str, Any]) -> None:
    """End the run with this error. Writes nothing if this worker lost its claim."""
    report.finish_step(
        state=Report.State.FAILED, ended_at=timezone.now(), error_code=code, error_facts=facts
    )
