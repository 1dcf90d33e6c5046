"""The life of a report, step by step: ask, wait, fetch, read.

The row is the truth and a queue entry only a nudge. Every step is claimed, may run twice, and leaves the row either
where it was or one step further; whoever is killed in the middle of it loses the claim after LEASE_SECONDS, and the
sweep goes on.
"""

import datetime as dt
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.db import connection
from django.utils import timezone

from dashboard import cloud
from dashboard.archive import originals, readings
from dashboard.generation import cloud_client, cloud_counts, rate_limit
from dashboard.ledger import report_writer, spans
from dashboard.models import Report
from dashboard.models.reports import ReportQuerySet
from dashboard.workbook import WorkbookError

FETCH_SECONDS = 300.0
MAX_TEMPORARY_FAILURES = 6  # passing faults in a row before a report gives up: about two minutes
logger = logging.getLogger(__name__)

State = Report.State


def advance_report(report_id: int) -> float | None:
    """Takes the report's next step if it is due and nobody else is at it.

    Returns the seconds after which it wants the next one, None where this call has nothing more to ask for.
    """
    return take_due_step(
        Report.objects.select_related("pack__account", "original").get(pk=report_id)
    )


def take_due_step(report: Report) -> float | None:
    """The same for a report at hand."""
    if (
        not report.under_way
        or report.next_at > timezone.now()
        or not report.claim_step(settings.LEASE_SECONDS)
    ):
        return None
    with renew_claim_while_working(report):
        try:
            run_step(report)
        except cloud.CloudError as error:
            handle_cloud_error(report, error)
        except WorkbookError as error:
            end_report(report, State.FAILED, error.code, dict(error.facts))
        except Exception:  # a defect of ours: this report fails, the worker goes on
            logger.exception("Report %s failed in state %s", report.pk, report.state)
            end_report(report, State.FAILED, "defect", {})
    if not report.under_way:
        return None
    return max(0.0, (report.next_at - timezone.now()).total_seconds())


def run_step(report: Report) -> None:
    if timezone.now() > report.deadline_at:
        end_report(
            report,
            State.FAILED,
            "deadline",
            {"minutes": settings.REPORT_LIMIT_MINUTES, **report.error_facts},
        )
        return
    {
        State.REQUESTED: submit_request,
        State.CREATING: poll_cloud,
        State.FETCHING: fetch_file,
        State.READING: read_file,
    }[State(report.state)](report)


def submit_request(report: Report) -> None:
    """Notes which report the cloud has before ours, then has one made."""
    account = report.pack.account
    with cloud_client.open_client(account) as client:
        if report.previous_timestamp is None:
            if wait := rate_limit.seconds_until_get_allowed(account):
                return postpone_step(report, wait)
            report.previous_timestamp = find_previous_timestamp(
                report, client.get_report(report.pack.pack_id)
            )
            # Kept before Generate is sent: whoever repeats this step must not take the new report for the old one.
            Report.objects.filter(pk=report.pk).update(previous_timestamp=report.previous_timestamp)
        if wait := rate_limit.seconds_until_generate_allowed(account):
            return postpone_step(report, wait)
        generated = client.generate_report(report.pack.pack_id, report.client_token)
    now = timezone.now()
    report.finish_step(
        state=State.CREATING,
        submitted_at=now,
        joined=generated.joined,
        next_at=now + poll_interval(0),
        **NO_ERROR,
    )
    return None


def find_previous_timestamp(report: Report, there: cloud.CloudReport) -> int:
    """ReportCreateTimestamp (ms) of the last report that is not ours, 0 for none."""
    if there.status == "COMPLETE" and there.created_at_ms:
        return there.created_at_ms
    # One is being made already, or none ever was: the newest that we received is the last we know of.
    received = (
        report.pack.reports.ready()
        .filter(source=Report.Source.GENERATED)
        .order_by("-created_at")
        .first()
    )
    return round(received.created_at.timestamp() * 1000) if received and received.created_at else 0


def poll_cloud(report: Report) -> None:
    """Looks whether the cloud has finished a report that is newer than the one before."""
    account = report.pack.account
    if wait := rate_limit.seconds_until_get_allowed(account):
        return postpone_step(report, wait)
    with cloud_client.open_client(account) as client:
        there = client.get_report(report.pack.pack_id)
    if is_requested_report(report, there):
        report.finish_step(
            state=State.FETCHING,
            created_at=report_created_at(there),
            next_at=timezone.now(),
            **NO_ERROR,
        )
    else:
        poll_count = report.poll_count + 1
        report.finish_step(
            poll_count=poll_count, next_at=timezone.now() + poll_interval(poll_count), **NO_ERROR
        )
    return None


def fetch_file(report: Report) -> None:
    """Asks for a fresh link and brings the file into the archive at once; the link is kept nowhere."""
    from dashboard.cloud.download import download_file

    account = report.pack.account
    if wait := rate_limit.seconds_until_get_allowed(account):
        return postpone_step(report, wait)
    with cloud_client.open_client(account) as client:
        there = client.get_report(report.pack.pack_id)
        if not is_requested_report(
            report, there
        ):  # somebody had it made anew: that one will be ours
            report.finish_step(state=State.CREATING, next_at=timezone.now() + poll_interval(0))
            return None
        stated_counts = cloud_counts.fetch_cloud_counts(client, report.pack)
    with originals.temporary_folder() as folder:
        path = folder / "original"
        with path.open("wb") as target:
            fetched = download_file(
                there.url,
                target,
                allowed_hosts=settings.DOWNLOAD_HOSTS,
                max_bytes=settings.FILE_LIMIT_BYTES,
                timeout=FETCH_SECONDS,
                transport=settings.CLOUD_TRANSPORT,
            )
        original = originals.store_file(path, fetched.sha256)
    now = timezone.now()
    report.finish_step(
        state=State.READING,
        original=original,
        file_name=fetched.file_name,
        created_at=report_created_at(there),
        received_at=now,
        stated_counts=stated_counts,
        next_at=now,
        **NO_ERROR,
    )
    return None


def read_file(report: Report) -> None:
    """Reads the file into sheets and spans; the report is ready once everything is stored and reconciled."""
    readings.ensure_reading(report)
    report_writer.store_report(report)


def is_requested_report(report: Report, there: cloud.CloudReport) -> bool:
    """Whether the cloud's report is complete, and newer than the one that was there before we asked."""
    return there.status == "COMPLETE" and (there.created_at_ms or 0) > (
        report.previous_timestamp or 0
    )


def report_created_at(there: cloud.CloudReport) -> dt.datetime:
    return dt.datetime.fromtimestamp((there.created_at_ms or 0) / 1000, dt.UTC)


def poll_interval(asked: int) -> dt.timedelta:
    """How long to wait before asking again: 2 s, growing to 15 s."""
    return dt.timedelta(seconds=min(2 * 1.25**asked, 15))


NO_ERROR: dict[str, Any] = {"failed_attempts": 0, "error_code": "", "error_facts": {}}


def postpone_step(report: Report, seconds: float) -> None:
    report.finish_step(next_at=timezone.now() + dt.timedelta(seconds=seconds))


def handle_cloud_error(report: Report, error: cloud.CloudError) -> None:
    """A fault that may pass is tried again a few times; any other ends the report."""
    facts = {"request_id": error.request_id, "message": error.message, "detail": error.detail}
    # A link that has expired between two steps is no fault: the next try asks for a fresh one.
    passing = error.is_temporary or error.code == "LinkExpired"
    if not passing or report.failed_attempts + 1 >= MAX_TEMPORARY_FAILURES:
        end_report(report, State.FAILED, error.code, facts)
        if error.code == "Invalid.CompliancePackId.Value":
            report.pack.mark_gone(timezone.now())
        return
    wait = dt.timedelta(seconds=min(2 ** (report.failed_attempts + 1), 60))
    report.finish_step(
        failed_attempts=report.failed_attempts + 1,
        error_code=error.code,
        error_facts=facts,
        next_at=timezone.now() + wait,
    )


def end_report(report: Report, state: Report.State, code: str, facts: dict[str, Any]) -> None:
    report.finish_step(state=state, ended_at=timezone.now(), error_code=code, error_facts=facts)


@contextmanager
def renew_claim_while_working(report: Report) -> Iterator[None]:
    """Keeps the claim alive while its step is at work, so that only the dead lose it."""
    done = threading.Event()

    def renew() -> None:
        while not done.wait(settings.LEASE_SECONDS / 3):
            if not report.renew_claim(settings.LEASE_SECONDS):
                break
        connection.close()

    thread = threading.Thread(target=renew, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def find_overdue_reports() -> ReportQuerySet:
    """Reports under way whose next step is overdue: their nudge was lost, or their worker died."""
    return Report.objects.due(timezone.now())


def remove_spans_of_ended_runs() -> None:
    """Takes what failed and cancelled reports had brought into the spans out again."""
    for report in Report.objects.failed_or_cancelled().exclude(position=None):
        spans.remove_report(report)
        Report.objects.filter(pk=report.pk).update(position=None)
