"""When a status was seen first and last: in reports, never at a time in between."""

import datetime as dt

import pytest

from dashboard.models import Evaluation, Pack
from dashboard.models.evaluations import FOREVER
from dashboard.queries.first_seen import build_first_seen, load_first_position
from dashboard.queries.resource_history import load_timelines
from tests.sample_history import import_history, make_sandbox_pack

pytestmark = pytest.mark.django_db


@pytest.fixture
def pack(db: None) -> Pack:
    """A pack with four weekly reports."""
    return import_history(make_sandbox_pack(rows=200), 4)


def test_a_status_of_the_archives_first_report_began_no_later_than_it(pack: Pack) -> None:
    reports = list(pack.reports.order_by("position"))
    first_position = load_first_position(pack.pk)
    assert first_position == reports[0].position
    first, second = (
        build_first_seen(report.require_position(), first_position) for report in reports[:2]
    )
    assert first.is_archive_start
    assert not second.is_archive_start
    assert abs((reports[0].created_at or first.time) - first.time) < dt.timedelta(seconds=1)


def test_a_pack_without_a_report_has_no_first_position(pack: Pack) -> None:
    pack.reports.all().delete()
    assert load_first_position(pack.pk) is None


def test_what_has_ended_was_last_seen_in_the_last_report_that_had_it(pack: Pack) -> None:
    ended_span = Evaluation.objects.filter(pack=pack, until__lt=FOREVER).order_by("until")[0]
    last_report = pack.reports.filter(position__lt=ended_span.until).latest("position")
    periods = [
        period
        for timeline in load_timelines(ended_span.resource)
        for period in timeline.periods
        if period.evaluation.pk == ended_span.pk
    ]
    [period] = periods
    assert period.last_seen is not None
    assert f"{period.last_seen:%Y-%m-%d %H:%M}" == f"{last_report.created_at:%Y-%m-%d %H:%M}"
    assert period.end is not None
    assert period.last_seen < period.end
