"""Fragments (parts of a page, loaded by htmx) and template contexts that several views use.

A run is the generation of a report.
"""

from typing import Any, NamedTuple

from django.http import HttpResponse
from django.shortcuts import render

from dashboard.exports.menu import list_export_choices
from dashboard.exports.report_tables import REPORT_ROWS_PER_SECOND
from dashboard.models import Report
from dashboard.queries.poll_times import compute_poll_seconds
from dashboard.text import error_messages
from dashboard.views import Request

# The slug of the status whose colour is used for the outcome of a run.
OUTCOME_SLUGS: dict[str, str] = {
    Report.State.READY: "compliant",
    Report.State.FAILED: "failing",
    Report.State.CANCELLED: "not-applicable",
}


class RunStep(NamedTuple):
    """A step of a run as its row shows it."""

    label: str
    is_current: bool
    is_done: bool


def build_run_status_context(report: Report, can_act: bool) -> dict[str, Any]:
    """Return the context of report/status.html; `can_act` shows Cancel and Try again.

    `refresh` is the number of seconds after which the page reloads itself if the browser runs no
    scripts.
    """
    context: dict[str, Any] = {
        "report": report,
        "status_slug": OUTCOME_SLUGS.get(report.state, "under-way"),
        "can_act": can_act,
    }
    if report.error_code:
        context["error"] = error_messages.explain_error(report.error_code, report.error_facts)
    if report.under_way:
        context["steps"] = list_run_steps(report)
        context["poll_seconds"] = context["refresh"] = compute_poll_seconds([report.requested_at])
    return context


def get_reading_permission(report: Report) -> str:
    """Return the permission that lets a user have the file of a failed report read again."""
    is_import = report.source == Report.Source.IMPORTED
    return "dashboard.import_report" if is_import else "dashboard.generate_report"


def list_run_steps(report: Report) -> list[RunStep]:
    """Return the steps of a run under way.

    Only a run for which the user asked it evaluates the pack first, and only generated reports of
    accounts that are set so have evaluation results beside them.
    """
    state = Report.State
    has_step = {
        state.EVALUATING: bool(report.evaluation_asked_at),
        state.LISTING: report.source == Report.Source.GENERATED
        and report.pack.account.fetches_results,
    }
    steps = [
        step
        for step in (*Report.UNDER_WAY, state.READY)
        if has_step.get(step, True) or step == report.state
    ]
    current = steps.index(state(report.state))
    return [
        RunStep(str(step.label), is_current=index == current, is_done=index < current)
        for index, step in enumerate(steps)
    ]


def render_run_status(request: Request, report: Report, can_act: bool) -> HttpResponse:
    """Render the fragment that shows the progress of a report, or the outcome of its run."""
    context = build_run_status_context(report, can_act)
    return render(request, "report/status.html#status", context)


def build_export_menu_context(report: Report, row_count: int, query_string: str) -> dict[str, Any]:
    """Return the context of export/menu.html for a report's table with this many rows."""
    return {
        "export_choices": list_export_choices(
            "report-export", REPORT_ROWS_PER_SECOND, report_id=report.pk
        ),
        "rows_exported": row_count,
        "query_exported": query_string,
    }
