"""Reports as rows of a list, and their figures as cells: made ready once, for a template that only sets them down."""

from pathlib import PurePath
from typing import TypedDict

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from dashboard.models import Report
from dashboard.models.evaluations import position_time
from dashboard.models.reports import ReportQuerySet
from dashboard.queries import report_history
from dashboard.text import error_messages
from dashboard.text.formatting import format_number, format_rate, format_size, shorten_middle
from dashboard.text.template_tags import aside, change, failing_link, mark, rate_bar, time
from dashboard.workbook.archive import NAME

# What a row says, of the sixty columns that there are.
COLUMNS = (
    "pack", "pack_name", "source", "state", "listed_at", "evaluated_at", "received_at", "error_code", "error_facts",
    "file_name", "label", "held", "rows", "rated_compliant", "rated_failing", "new", "fixed",
    "failing", "failing_high", "failing_medium", "failing_low", "requested_by__username", "original__size",
)  # fmt: skip


def figure_cells(report: Report, labels: dict[str, str]) -> SafeString:
    """The figures of a ready report as the cells of its row: templates only set them down.

    Each has its label, but for a rate and a change that say what they are.
    """
    shown = {
        "rate": escape(format_rate(*report.rated)) + rate_bar(*report.rated),
        "failing": failing_link(report, report.failing),
        "high": failing_link(report, report.failing_high, "high"),
        "medium": failing_link(report, report.failing_medium, "medium"),
        "low": failing_link(report, report.failing_low, "low"),
        "change": change(report.new, report.fixed),
    }
    clear = {"rate": report.judged, "change": report.new or report.fixed}
    label = {name: "" if clear.get(name) else f' data-label="{labels[name]}"' for name in shown}
    made = (f"<td{label[name]}>{cell}" for name, cell in shown.items())
    return mark_safe("".join(made))  # noqa: S308  # HTML already, or escaped here


class Entry(TypedDict):
    """A report in a list of them; `cells` are those of a ready one, `state` and `cause` stand for one that is not."""

    report: Report
    pk: str
    time: str
    cells: str
    state: str
    cause: str
    same: str
    by: str
    evaluated: str
    received: str
    file: str
    whole: str
    facts: str


def with_list_columns(reports: ReportQuerySet, *more: str) -> ReportQuerySet:
    """The reports with what their rows say, and with `more` columns."""
    told = reports.select_related("requested_by", "original").only(*COLUMNS, *more)
    return report_history.with_same_content(told).newest_first()


def build_entry(report: Report, labels: dict[str, str]) -> Entry:
    """What the row of a report says that is `listed`."""
    same: int | None = getattr(report, "same", None)
    ready = report.state == Report.State.READY
    ended = not ready and not report.under_way
    told = (
        format_size(report.original.size) if report.original else "",
        describe_row_count(report.rows) if ready else "",
    )
    return {
        "report": report,
        "pk": str(report.pk),
        "time": time(report.listed_at),
        "cells": figure_cells(report, labels) if ready else "",
        "state": "" if ready else mark(state_slug(report), report.get_state_display()),
        "cause": error_messages.explain_error(report.error_code, report.error_facts).title
        if ended and report.error_code
        else "",
        "same": time(position_time(same)) if same else "",
        "by": describe_starter(report),
        "evaluated": aside(labels["evaluated"], report.evaluated_at),
        "received": aside(labels["received"], report.received_at),
        "file": shorten_middle(report.file_name),
        "whole": full_file_name(report),
        "facts": " · ".join(filter(None, (*told, shorten_middle(report.original_id or "", 9)))),
    }


def full_file_name(report: Report) -> str:
    """What the cell of the file cuts short: the hash, and a name that does not merely say account, pack and time."""
    name = "" if NAME.fullmatch(PurePath(report.file_name).stem) else report.file_name
    return "\n".join(filter(None, (name, report.original_id)))


def state_slug(report: Report) -> str:
    """In which status' colour a report stands that is not ready."""
    if report.under_way:
        return "under-way"
    return "failing" if report.state == Report.State.FAILED else "not-applicable"


def describe_starter(report: Report) -> str:
    """Who began it, and how."""
    name = {"name": report.requested_by.get_username()} if report.requested_by else {}
    if report.source == Report.Source.IMPORTED:
        return _("imported by %(name)s") % name if name else _("imported")
    return _("by %(name)s") % name if name else _("from the command line")


def describe_row_count(count: int) -> str:
    return ngettext("%(count)s row", "%(count)s rows", count) % {"count": format_number(count)}


def list_labels() -> dict[str, str]:
    """The words that stand beside figures and times, looked up and escaped once."""
    words = {
        "rate": _("Evaluation rate"),
        "failing": _("Failing"),
        "high": _("High"),
        "medium": _("Medium"),
        "low": _("Low"),
        "change": _("Since last report"),
        "evaluated": _("evaluated"),
        "received": _("received"),
    }
    return {name: escape(word) for name, word in words.items()}
