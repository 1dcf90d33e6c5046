"""A run goes on after the server's clock, which was ahead, has been set right."""

import datetime as dt
import uuid

from django.utils import timezone

from dashboard.generation import clock_changes, lifecycle, requests
from dashboard.models import Account, BulkRequest, Pack, Report
from tests.conftest import RunToEnd


def test_a_run_that_was_planned_a_day_ahead_goes_on_when_the_clock_is_set_back(
    cloud_pack: Pack, run_to_end: RunToEnd
) -> None:
    report = requests.request_report(cloud_pack, None)
    tomorrow = timezone.now() + dt.timedelta(days=1)
    Account.objects.update(**dict.fromkeys(clock_changes.CALL_TIMES, tomorrow))
    Report.objects.update(next_at=tomorrow, claim=uuid.uuid4(), claimed_until=tomorrow)
    BulkRequest.objects.create(next_at=tomorrow)
    clock_changes.bring_back_times()
    assert list(lifecycle.find_overdue_reports()) == [report]
    assert BulkRequest.objects.get().next_at < timezone.now()
    assert run_to_end(report).state == Report.State.READY


def test_what_is_planned_for_the_next_minutes_stays_as_it_is(cloud_pack: Pack) -> None:
    soon = timezone.now() + dt.timedelta(minutes=5)
    report = requests.request_report(cloud_pack, None)
    Account.objects.update(ask_free_at=soon)
    Report.objects.update(next_at=soon)
    clock_changes.bring_back_times()
    report.refresh_from_db()
    assert report.next_at == soon
    assert Account.objects.get().ask_free_at == soon
