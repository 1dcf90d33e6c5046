"""Requesting a report schedules its step in the queue."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest
from huey.contrib.djhuey import HUEY

from dashboard.generation import lifecycle, queue, requests
from dashboard.models import Pack, Report

CaptureOnCommit = Callable[..., AbstractContextManager[list[Callable[[], object]]]]


@pytest.fixture(autouse=True)
def empty_queue() -> Iterator[None]:
    HUEY.flush()
    yield
    HUEY.flush()


def list_scheduled_reports() -> list[int]:
    """Return the ids of the reports in the queue."""
    return [task.args[0] for task in HUEY.pending()]


def test_a_request_schedules_its_first_step_after_the_commit(
    cloud_pack: Pack, django_capture_on_commit_callbacks: CaptureOnCommit
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        report = requests.request_report(cloud_pack, None)
        assert list_scheduled_reports() == []
    assert list_scheduled_reports() == [report.pk]


def test_a_request_that_joins_a_run_schedules_its_step_as_well(
    cloud_pack: Pack, django_capture_on_commit_callbacks: CaptureOnCommit
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        report = requests.request_report(cloud_pack, None)
        assert requests.request_report(cloud_pack, None) == report
    assert list_scheduled_reports() == [report.pk, report.pk]


def test_a_task_takes_one_step_and_schedules_the_next(
    cloud_pack: Pack, django_capture_on_commit_callbacks: CaptureOnCommit
) -> None:
    report = requests.request_report(cloud_pack, None)
    with django_capture_on_commit_callbacks(execute=True):
        queue.take_next_step.call_local(report.pk)
    report.refresh_from_db()
    assert report.state == Report.State.CREATING
    assert list_scheduled_reports() == [report.pk]


def test_a_task_schedules_nothing_for_a_run_that_has_ended(
    cloud_pack: Pack, django_capture_on_commit_callbacks: CaptureOnCommit
) -> None:
    report = requests.request_report(cloud_pack, None)
    requests.cancel_report(report, None)
    with django_capture_on_commit_callbacks(execute=True):
        queue.take_next_step.call_local(report.pk)
    assert list_scheduled_reports() == []
    assert not lifecycle.find_overdue_reports().exists()
