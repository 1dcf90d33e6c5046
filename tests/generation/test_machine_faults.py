"""Runs wait while the database or the disk fails, and go on by themselves afterwards."""

import datetime as dt
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from wsgiref.types import StartResponse, WSGIEnvironment

import httpx
import psycopg
import pytest
from django.db import InterfaceError, connection
from django.utils import timezone
from pytest_django import Settings

from dashboard.generation import lifecycle, queue, requests
from dashboard.models import Pack, Report
from dashboard.sandbox.wsgi import Sandbox
from dashboard.text.error_messages import explain_error
from tests.conftest import RunToEnd
from tests.small_disk import fill_disk, mount_small_disk

State = Report.State


def take_steps_until(report: Report, state: Report.State) -> None:
    for _ in range(20):
        report.refresh_from_db()
        if report.state == state:
            return
        Report.objects.filter(pk=report.pk).update(next_at=report.requested_at)
        lifecycle.advance_report(report.pk)
    raise AssertionError(f"the report never was {state}")


def take_step(report: Report) -> None:
    Report.objects.filter(pk=report.pk).update(next_at=report.requested_at)
    lifecycle.advance_report(report.pk)
    report.refresh_from_db()


@pytest.fixture
def fetching_report(cloud_pack: Pack) -> Report:
    report = requests.request_report(cloud_pack, None)
    take_steps_until(report, State.FETCHING)
    return report


def test_a_disk_that_does_not_answer_delays_a_run_and_does_not_end_it(
    fetching_report: Report, run_to_end: RunToEnd, settings: Settings
) -> None:
    incoming = Path(settings.MEDIA_ROOT, "incoming")
    incoming.write_text("no folder")
    for _ in range(10):  # more often than a fault of the cloud is tried
        take_step(fetching_report)
        assert (fetching_report.state, fetching_report.error_code) == (State.FETCHING, "machine")
        assert fetching_report.next_at > timezone.now()
    incoming.unlink()
    report = run_to_end(fetching_report)
    assert (report.state, report.error_code) == (State.READY, "")


@pytest.fixture
def small_disk(settings: Settings, tmp_path: Path) -> Iterator[Path]:
    """An archive on a disk of its own, which a test can fill."""
    with mount_small_disk(tmp_path / "disk", "4m") as folder:
        settings.MEDIA_ROOT = folder
        yield folder


@pytest.mark.parametrize("state", [State.FETCHING, State.LISTING, State.READING])
def test_a_full_disk_delays_a_run_until_there_is_room(
    state: Report.State, cloud_pack: Pack, small_disk: Path, run_to_end: RunToEnd
) -> None:
    report = requests.request_report(cloud_pack, None)
    take_steps_until(report, state)
    filler = fill_disk(small_disk)
    take_step(report)
    assert (report.state, report.error_code) == (state, "storage_full")
    filler.unlink()
    report = run_to_end(report)
    assert (report.state, report.error_code) == (State.READY, "")


def test_an_archive_that_is_not_mounted_delays_a_run_and_is_named(
    fetching_report: Report, run_to_end: RunToEnd, settings: Settings, tmp_path: Path
) -> None:
    run_to_end(fetching_report)
    report = requests.request_report(fetching_report.pack, None)
    take_steps_until(report, State.FETCHING)
    settings.MEDIA_ROOT = tmp_path / "not mounted"
    take_step(report)
    assert (report.state, report.error_code) == (State.FETCHING, "archive_missing")
    assert "not mounted" in explain_error(report.error_code, report.error_facts).meaning
    settings.MEDIA_ROOT = tmp_path
    assert run_to_end(report).state == State.READY


def test_a_fault_of_the_machine_until_the_deadline_is_the_cause_that_is_shown(
    fetching_report: Report, settings: Settings
) -> None:
    Path(settings.MEDIA_ROOT, "incoming").write_text("no folder")
    take_step(fetching_report)
    Report.objects.filter(pk=fetching_report.pk).update(
        deadline_at=timezone.now() - dt.timedelta(seconds=1)
    )
    take_step(fetching_report)
    assert (fetching_report.state, fetching_report.error_code) == (State.FAILED, "machine")
    message = explain_error(fetching_report.error_code, fetching_report.error_facts)
    assert "until the time limit of the run (30 minutes)" in message.meaning


def call_before_answers(sandbox: Sandbox, action: Callable[[], None], settings: Settings) -> None:
    """Call `action` before each answer of the cloud."""

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        action()
        return sandbox(environ, start_response)

    settings.CLOUD_TRANSPORT = httpx.WSGITransport(app=answer)


def open_second_connection() -> psycopg.Connection:
    return psycopg.connect(
        dbname=connection.settings_dict["NAME"],
        host=connection.settings_dict["HOST"],
        user=connection.settings_dict["USER"],
        port=connection.settings_dict["PORT"] or None,
        autocommit=True,
    )


@pytest.mark.skipif(connection.vendor != "postgresql", reason="PostgreSQL only")
@pytest.mark.django_db(transaction=True)
def test_a_database_server_that_ends_all_connections_delays_a_run(
    cloud_pack: Pack, sandbox: Sandbox, run_to_end: RunToEnd, settings: Settings
) -> None:
    report = requests.request_report(cloud_pack, None)

    def end_connections() -> None:
        with open_second_connection() as other:
            other.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )

    call_before_answers(sandbox, end_connections, settings)
    take_step(report)
    assert (report.state, report.error_code) == (State.REQUESTED, "machine")
    settings.CLOUD_TRANSPORT = httpx.WSGITransport(app=sandbox)
    assert run_to_end(report).state == State.READY


@pytest.mark.skipif(connection.vendor != "sqlite", reason="SQLite only")
@pytest.mark.django_db(transaction=True)
def test_a_locked_database_lets_the_claim_lapse_and_the_run_goes_on(
    cloud_pack: Pack,
    sandbox: Sandbox,
    run_to_end: RunToEnd,
    settings: Settings,
    caplog: pytest.LogCaptureFixture,
) -> None:
    report = requests.request_report(cloud_pack, None)
    other = connection.copy()

    def lock_database() -> None:
        other.ensure_connection()
        if not other.connection.in_transaction:
            other.connection.execute("BEGIN IMMEDIATE")

    call_before_answers(sandbox, lock_database, settings)
    queue.take_next_step.call_local(report.pk)
    assert other.connection.in_transaction
    other.connection.rollback()
    other.close()
    report.refresh_from_db()
    assert (report.state, report.error_code) == (State.REQUESTED, "")
    assert report.claimed_until is not None
    assert "is taken again later" in caplog.text
    Report.objects.filter(pk=report.pk).update(claimed_until=timezone.now())
    settings.CLOUD_TRANSPORT = httpx.WSGITransport(app=sandbox)
    assert run_to_end(report).state == State.READY


def test_a_bug_of_this_program_still_ends_a_run(
    fetching_report: Report, settings: Settings
) -> None:
    settings.DOWNLOAD_HOSTS = None  # a defect of the kind that no fault of the machine explains
    take_step(fetching_report)
    assert (fetching_report.state, fetching_report.error_code) == (State.FAILED, "defect")


@pytest.mark.django_db(transaction=True)
def test_a_claim_is_renewed_although_the_connection_was_lost_in_between(
    cloud_pack: Pack, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.LEASE_SECONDS = 0.6
    report = requests.request_report(cloud_pack, None)
    report.claim_step(settings.LEASE_SECONDS)
    rows = Report.objects.filter(pk=report.pk).values_list("claimed_until", flat=True)
    first_end = rows.get()
    has_lost_claim = Report.has_lost_claim
    errors: list[Exception] = [InterfaceError("connection already closed")]

    def fail_once(self: Report) -> bool:
        if errors:
            raise errors.pop()
        return has_lost_claim(self)

    monkeypatch.setattr(Report, "has_lost_claim", fail_once)
    wait_end = time.monotonic() + 20
    with lifecycle.renew_claim_while_working(report):
        while rows.get() == first_end and time.monotonic() < wait_end:
            time.sleep(0.1)
    assert not errors
    assert rows.get() != first_end
