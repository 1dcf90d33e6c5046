"""The steps of a report's run: submit the request, poll the cloud, fetch the file, read the file.

Before the request the pack may be evaluated (see pack_evaluation.py), and before the file is read
the evaluation results are fetched (see result_fetching.py).

The database row of the report, not the queue, says which step is due. An entry in the queue only
makes a worker read the row. A worker claims a step, so that no other worker takes it (see
models/runs.py). A step may be repeated: it either changes nothing or leads to the next state. If a
worker dies, its claim ends after LEASE_SECONDS, and the task that runs every minute
(dashboard/tasks.py) schedules the step again.
"""

import datetime as dt
import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection
from django.utils import timezone

from dashboard import cloud
from dashboard.archive import location, originals, stored_forms
from dashboard.cloud.time_limit import IsStopped
from dashboard.generation import (
    cloud_client,
    cloud_counts,
    ownership,
    pack_evaluation,
    rate_limit,
    result_fetching,
    step_errors,
)
from dashboard.generation.step_errors import NO_ERROR
from dashboard.ledger import report_writer, spans
from dashboard.models import Account, Report
from dashboard.models.reports import ReportQuerySet

FETCH_SECONDS = 300.0
CHECK_SECONDS = 1.0  # how soon a call to the cloud notices that its run was cancelled
logger = logging.getLogger(__name__)

State = Report.State


def advance_report(report_id: int) -> float | None:
    """Load the report and take its next step.

    Return the seconds until the following step, or None (see take_due_step).
    """
    reports = Report.objects.select_related("pack__account", "original")
    return take_due_step(reports.get(pk=report_id))


def take_due_step(report: Report) -> float | None:
    """Take the report's next step if it is due and no other worker has claimed it.

    Return the seconds until the following step. Return None if no step was taken or the run has
    ended.
    """
    if not report.under_way or report.next_at > timezone.now():
        return None
    if not report.claim_step(settings.LEASE_SECONDS):
        return None
    with renew_claim_while_working(report) as is_stopped:
        is_saved = run_step_or_fail(report, is_stopped)
    if not is_saved or not report.under_way:
        return None
    return max(0.0, (report.next_at - timezone.now()).total_seconds())


def run_step_or_fail(report: Report, is_stopped: IsStopped) -> bool:
    """Run the claimed step. If it raises an error, save the error in the report.

    Return False if not even this could be saved: the claim then ends by itself, and the step is
    taken again.
    """
    try:
        run_step(report, is_stopped)
    except Exception as error:  # noqa: BLE001  any error ends or delays this run, not the worker
        if not connection.in_atomic_block:
            # PostgreSQL may have closed the connection: the next query opens a new one.
            connection.close_if_unusable_or_obsolete()
        return step_errors.save_step_error(report, error)
    return True


def run_step(report: Report, is_stopped: IsStopped) -> None:
    """Run the step for the report's state. Fail the report if its deadline has passed.

    A step that calls the cloud ends its call soon after `is_stopped` returns true. The deadline of
    the state LISTING ends the list only, see result_fetching.py.
    """
    if timezone.now() > report.deadline_at and report.state != State.LISTING:
        step_errors.fail_at_deadline(report, report.error_code or "deadline", report.error_facts)
        return
    if report.state == State.READING:
        read_report_file(report)
        return
    run_cloud_step = {
        State.EVALUATING: pack_evaluation.evaluate_pack,
        State.REQUESTED: submit_request,
        State.CREATING: poll_cloud,
        State.FETCHING: fetch_file,
        State.LISTING: result_fetching.fetch_results,
    }[State(report.state)]
    run_cloud_step(report, is_stopped)


def submit_request(report: Report, is_stopped: IsStopped) -> None:
    """Ask the cloud to generate the report.

    First save the timestamp of the newest report already in the cloud, so that the new report can
    be recognised by a later timestamp.
    """
    account = report.pack.account
    ownership.require_own_key(account, is_stopped)
    with cloud_client.open_client(account, is_stopped) as client:
        if report.previous_timestamp is None:
            if wait := rate_limit.seconds_until_get_allowed(account):
                report.postpone_step(wait)
                return
            cloud_report = ownership.get_own_report(client, report)
            previous_timestamp = find_previous_timestamp(report, cloud_report)
            # Save it before the request is sent: if this step is repeated afterwards, it must not
            # take the timestamp of the report that the request produced.
            if not report.save_progress(previous_timestamp=previous_timestamp):
                return  # another worker has the claim, and may have sent the request already
        if wait := rate_limit.seconds_until_generate_allowed(account):
            report.postpone_step(wait)
            return
        generated = client.generate_report(report.pack.pack_id, report.client_token)
    now = timezone.now()
    report.finish_step(
        state=State.CREATING,
        submitted_at=now,
        joined=generated.joined,  # true if the cloud was generating this report already
        provenance={**report.provenance, "generate_request_id": generated.request_id},
        next_at=now + compute_poll_interval(0),
        **NO_ERROR,
    )


def find_previous_timestamp(report: Report, cloud_report: cloud.CloudReport) -> int:
    """Return ReportCreateTimestamp (ms) of the report that the cloud had before this request.

    Return 0 if it had none. `cloud_report` is what the cloud answers before the request.
    """
    if cloud_report.status == "COMPLETE" and cloud_report.created_at_ms:
        return cloud_report.created_at_ms
    # The cloud is generating another report, or has never generated one. Use the newest report
    # that this product received from the cloud.
    received_reports = report.pack.reports.ready().filter(source=Report.Source.GENERATED)
    last_report = received_reports.order_by("-created_at").first()
    if last_report is None or last_report.created_at is None:
        return 0
    return round(last_report.created_at.timestamp() * 1000)


def poll_cloud(report: Report, is_stopped: IsStopped) -> None:
    """Set the state FETCHING if the cloud has completed the report; otherwise poll again later."""
    account = report.pack.account
    if wait := rate_limit.seconds_until_get_allowed(account):
        report.postpone_step(wait)
        return
    with cloud_client.open_client(account, is_stopped) as client:
        cloud_report = ownership.get_own_report(client, report)
    now = timezone.now()
    if is_requested_report(report, cloud_report):
        created_at = parse_creation_time(cloud_report)
        report.finish_step(state=State.FETCHING, created_at=created_at, next_at=now, **NO_ERROR)
    else:
        poll_count = report.poll_count + 1
        next_at = now + compute_poll_interval(poll_count)
        report.finish_step(poll_count=poll_count, next_at=next_at, **NO_ERROR)


def fetch_file(report: Report, is_stopped: IsStopped) -> None:
    """Get a new download link and store the file in the archive. The link is never stored."""
    account = report.pack.account
    if wait := rate_limit.seconds_until_get_allowed(account):
        report.postpone_step(wait)
        return
    with cloud_client.open_client(account, is_stopped) as client:
        cloud_report = ownership.get_own_report(client, report)
        if not is_requested_report(report, cloud_report):
            # Another request replaced the report meanwhile: wait for the newer report.
            next_at = timezone.now() + compute_poll_interval(0)
            report.finish_step(state=State.CREATING, next_at=next_at)
            return
        stated_counts = cloud_counts.fetch_cloud_counts(client, report.pack)
    file_fields = download_original(cloud_report.url, is_stopped)
    now = timezone.now()
    report.finish_step(
        state=State.LISTING,
        created_at=parse_creation_time(cloud_report),
        received_at=now,
        stated_counts=stated_counts,
        next_at=now,
        deadline_at=result_fetching.compute_list_deadline(now),
        provenance={
            **report.provenance,
            **build_answer_evidence(account, cloud_report),
            **file_fields.pop("evidence"),
        },
        **file_fields,
        **NO_ERROR,
    )


def build_answer_evidence(account: Account, cloud_report: cloud.CloudReport) -> dict[str, Any]:
    """Return whose AccessKey was used and what the answer that gave the link states."""
    return {
        "key_account": account.key_owner_uid,
        "get_request_id": cloud_report.request_id,
        "answer_account": cloud_report.account_id,
        "answer_pack": cloud_report.pack_id,
        "created_ms": cloud_report.created_at_ms,
    }


def download_original(url: str, is_stopped: IsStopped) -> dict[str, Any]:
    """Download a file into the archive.

    Return the fields of Report that describe it, and "evidence" of where it came from.
    """
    # Imported here, so that commands that do not call the cloud start faster.
    from dashboard.cloud.download import download_file

    with location.temporary_folder() as folder:
        path = folder / "original"
        with path.open("wb") as target:
            download = download_file(
                url,
                target,
                allowed_hosts=settings.DOWNLOAD_HOSTS,
                max_bytes=settings.FILE_LIMIT_BYTES,
                timeout=FETCH_SECONDS,
                answer_timeout=cloud_client.compute_call_seconds(),
                transport=settings.CLOUD_TRANSPORT,
                is_stopped=is_stopped,
            )
        original = originals.store_local_file(path, download.sha256)
    return {
        "original": original,
        "file_name": download.file_name,
        "evidence": dict(download.evidence),
    }


def read_report_file(report: Report) -> None:
    """Read the file and store its contents in the database, which makes the report ready."""
    try:
        stored_forms.ensure_stored_form(report)
    except originals.DamagedOriginalError as error:
        if not result_fetching.discard_damaged_list(report, error):
            raise
        stored_forms.ensure_stored_form(report)
    ownership.require_own_file(report)
    report_writer.store_report(report)


def is_requested_report(report: Report, cloud_report: cloud.CloudReport) -> bool:
    """Return whether the cloud's report is complete and newer than the one before our request."""
    previous_timestamp = report.previous_timestamp or 0
    return (
        cloud_report.status == "COMPLETE" and (cloud_report.created_at_ms or 0) > previous_timestamp
    )


def parse_creation_time(cloud_report: cloud.CloudReport) -> dt.datetime:
    return dt.datetime.fromtimestamp((cloud_report.created_at_ms or 0) / 1000, dt.UTC)


def compute_poll_interval(poll_count: int) -> dt.timedelta:
    """Return the time to wait after `poll_count` polls: 2 seconds, growing to 15."""
    return dt.timedelta(seconds=min(2 * 1.25**poll_count, 15))


@contextmanager
def renew_claim_while_working(report: Report) -> Iterator[IsStopped]:
    """Renew the claim in a thread until the block ends, so that a slow step does not lose it.

    Yield a function that says whether the step's calls to the cloud must end: the run was cancelled
    or has reached its deadline, or another worker has its claim.
    """
    finished, stopped = threading.Event(), threading.Event()

    def watch_until_finished() -> None:
        interval = min(CHECK_SECONDS, settings.LEASE_SECONDS / 3)
        renewed_at = time.monotonic()
        while not finished.wait(interval):
            if timezone.now() > report.deadline_at:
                stopped.set()
            try:
                if report.has_lost_claim():
                    stopped.set()
                    break
                if time.monotonic() - renewed_at >= settings.LEASE_SECONDS / 3:
                    renewed_at = time.monotonic()
                    report.renew_claim(settings.LEASE_SECONDS)
            except (DatabaseError, InterfaceError):
                # The database is busy or away: ask again, on a new connection if this one is lost.
                connection.close_if_unusable_or_obsolete()
        connection.close()  # Django opens one database connection per thread

    thread = threading.Thread(target=watch_until_finished, daemon=True)
    thread.start()
    try:
        yield stopped.is_set
    finally:
        finished.set()
        thread.join()


def find_overdue_reports() -> ReportQuerySet:
    """Return the reports whose next step is due and not claimed by a worker."""
    return Report.objects.due(timezone.now())


def remove_leftover_spans() -> None:
    """Remove the spans (evaluation rows) of failed, cancelled and withdrawn reports."""
    for report in Report.objects.with_leftover_spans():
        spans.remove_report(report)
