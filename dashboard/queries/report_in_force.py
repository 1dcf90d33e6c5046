"""The report of a pack that was in force on a date, and the choice of two reports."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils import timezone

from dashboard.models import Pack, Report
from dashboard.models.reports import ReportQuerySet
from dashboard.queries.days import get_day_end
from dashboard.text.formatting import format_age


@dataclass(frozen=True)
class ReportInForce:
    """The newest report of a pack at the end of a day, and the first one after that day."""

    day: dt.date
    end: dt.datetime
    report: Report | None
    next_report: Report | None

    @property
    def age(self) -> str:
        """How old the report was at the end of the day; today, how old it is now."""
        if self.report is None:
            return ""
        return format_age(self.report.created_at, min(self.end, timezone.now()))


def find_report_in_force(pack: Pack, day: dt.date) -> ReportInForce:
    """Return the report that was in force at the end of a day in the active time zone."""
    end = get_day_end(day)
    reports = Report.objects.ready().filter(pack=pack).only("pack", "created_at", "label")
    return ReportInForce(
        day=day,
        end=end,
        report=reports.filter(created_at__lt=end).order_by("-position").first(),
        next_report=reports.filter(created_at__gte=end).order_by("position").first(),
    )


@dataclass(frozen=True)
class ReportChoice:
    """A ready report to choose for a comparison."""

    pk: int
    created_at: dt.datetime
    label: str


def list_report_choices(pack: Pack) -> Sequence[ReportChoice]:
    """Return all ready reports of a pack, newest first."""
    return load_choices(Report.objects.filter(pack=pack))


def find_report_choices(pack_id: int, ids: Sequence[str | None]) -> dict[int, ReportChoice]:
    """Return the ready reports of a pack by id, newest first; `ids` are texts of a query string.

    Texts that are no id of such a report are ignored.
    """
    numbers = [int(text) for text in ids if text and text.isdecimal() and len(text) < 19]
    if not numbers:
        return {}
    choices = load_choices(Report.objects.filter(pack=pack_id, pk__in=numbers))
    return {choice.pk: choice for choice in choices}


def load_choices(reports: ReportQuerySet) -> list[ReportChoice]:
    columns = reports.ready().order_by("-position").values_list("pk", "created_at", "label")
    return [ReportChoice(pk, time, label) for pk, time, label in columns if time]
