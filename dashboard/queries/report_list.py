"""Reports as rows of a list: the history of all packs and the reports of one pack."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePath

from django.db.models import OuterRef, Subquery
from django.utils.translation import gettext as _

from dashboard.models import Report
from dashboard.models.evaluations import position_time
from dashboard.models.reports import ReportQuerySet
from dashboard.text import error_messages
from dashboard.workbook.zip_members import REPORT_FILE_NAME

REPORTS_PER_PAGE = 25


@dataclass(frozen=True)
class ReportRow:
    """A report as a row of a list."""

    report: Report

    @property
    def is_ready(self) -> bool:
        return self.report.state == Report.State.READY

    @property
    def status_slug(self) -> str:
        """The status in whose colour the state of a report that is not ready is shown."""
        if self.report.under_way:
            return "under-way"
        return "failing" if self.report.state == Report.State.FAILED else "not-applicable"

    @property
    def error_title(self) -> str:
        """Why the report failed or was cancelled; empty for a report under way."""
        report = self.report
        if report.under_way or not report.error_code:
            return ""
        return error_messages.explain_error(report.error_code, report.error_facts).title

    @property
    def same_content_time(self) -> dt.datetime | None:
        """The time of the latest earlier report with equal content (see select_list_columns)."""
        position: int | None = getattr(self.report, "same_content_position", None)
        return position_time(position) if position else None

    @property
    def starter(self) -> str:
        """Who started the report, and how."""
        user = self.report.requested_by
        if self.report.source == Report.Source.IMPORTED:
            return (
                _("imported by %(name)s") % {"name": user.get_username()} if user else _("imported")
            )
        return (
            _("by %(name)s") % {"name": user.get_username()} if user else _("from the command line")
        )

    @property
    def file_title(self) -> str:
        """The whole file name and SHA-256, which the cell of the file shortens.

        A name of the cloud's own form is left out: it repeats account, pack and time.
        """
        report = self.report
        name = (
            "" if REPORT_FILE_NAME.fullmatch(PurePath(report.file_name).stem) else report.file_name
        )
        return "\n".join(filter(None, (name, report.original_id)))


def get_figure_labels() -> dict[str, str]:
    """Return the headings of a report's figures, translated once for all rows of a page."""
    return {
        "rate": _("Evaluation rate"),
        "failing": _("Failing"),
        "high": _("High"),
        "medium": _("Medium"),
        "low": _("Low"),
        "change": _("Since last report"),
    }


def select_list_columns(reports: ReportQuerySet, *more_columns: str) -> ReportQuerySet:
    """Return the reports newest first, with the columns of a row.

    `same_content_position` is the position of the latest earlier report of the pack with the same
    content hash. Only ready reports have one.
    """
    equal_reports = Report.objects.filter(
        pack=OuterRef("pack"),
        content_hash=OuterRef("content_hash"),
        position__lt=OuterRef("position"),
    )
    latest_equal = equal_reports.order_by("-position").values("position")[:1]
    return (
        reports.with_list_fields(*more_columns)
        .annotate(same_content_position=Subquery(latest_equal))
        .newest_first()
    )


def build_report_rows(reports: Iterable[Report]) -> list[ReportRow]:
    return [ReportRow(report) for report in reports]
