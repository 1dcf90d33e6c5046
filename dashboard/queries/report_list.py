"""Reports as rows of a list, for the history of all packs and for the page of one pack."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePath

from django.core.paginator import Page
from django.db.models import OuterRef, Subquery
from django.utils.translation import gettext as _

from dashboard.models import Report
from dashboard.models.evaluations import position_time
from dashboard.models.reports import ReportQuerySet
from dashboard.queries.paging import CountedRows, paginate
from dashboard.text import error_messages
from dashboard.text.report_remarks import RemarkSummary, summarize_remarks
from dashboard.workbook.zip_members import REPORT_FILE_NAME

REPORTS_PER_PAGE = 20


@dataclass(frozen=True)
class ReportRow:
    """A report as a row of a list."""

    report: Report

    @property
    def is_ready(self) -> bool:
        return self.report.state == Report.State.READY

    @property
    def status_slug(self) -> str:
        """The slug of the status whose colour is used for a report that is not ready."""
        if self.report.under_way:
            return "under-way"
        return "failing" if self.report.state == Report.State.FAILED else "not-applicable"

    @property
    def error_title(self) -> str:
        """The reason why the report failed or was cancelled; empty if it did not."""
        report = self.report
        if report.under_way or not report.error_code:
            return ""
        return error_messages.explain_error(report.error_code, report.error_facts).title

    @property
    def same_content_time(self) -> dt.datetime | None:
        """The time of the latest earlier report with the same content; None if there is none.

        It needs the annotation of select_list_columns.
        """
        position: int | None = getattr(self.report, "same_content_position", None)
        return position_time(position) if position else None

    @property
    def remark_summary(self) -> RemarkSummary:
        """How many remarks the report has on its file."""
        return summarize_remarks(self.report)

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
        """The full file name and SHA-256, as the tooltip of a cell that shows them shortened.

        A name in the form that the cloud gives is left out: it only repeats account, pack and
        time, which the row shows anyway.
        """
        report = self.report
        name = (
            "" if REPORT_FILE_NAME.fullmatch(PurePath(report.file_name).stem) else report.file_name
        )
        return "\n".join(filter(None, (name, report.original_id)))


def get_figure_labels() -> dict[str, str]:
    """Return the labels of the figures in a row, translated once and not once per row."""
    return {
        "rate": _("Evaluation rate"),
        "resource_rate": _("Resource rate"),
        "failing": _("Failing"),
        "high": _("High"),
        "medium": _("Medium"),
        "low": _("Low"),
        "change": _("Since last report"),
    }


def select_list_columns(reports: ReportQuerySet, *more_columns: str) -> ReportQuerySet:
    """Return the reports newest first, with the columns that a ReportRow needs.

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


def paginate_reports(
    reports: ReportQuerySet, number: int | str | None, *, count: int, with_packs: bool = False
) -> Page[Report]:
    """Return a page of these `count` reports, newest first, with what a ReportRow needs.

    Only ids are sorted and counted off; all else, `with_packs` also the names of pack and account,
    is loaded for the reports of the page alone.
    """
    ids = reports.newest_first().values_list("pk", flat=True)

    def load_reports(start: int, stop: int) -> list[Report]:
        page_reports = Report.objects.filter(pk__in=list(ids[start:stop]))
        if not with_packs:
            return list(select_list_columns(page_reports))
        page_reports = page_reports.select_related("pack__account")
        return list(select_list_columns(page_reports, "pack__account__name"))

    return paginate(CountedRows(count, load_reports), number, REPORTS_PER_PAGE)


def build_report_rows(reports: Iterable[Report]) -> list[ReportRow]:
    return [ReportRow(report) for report in reports]
