"""Template tags for what the evaluation results say of an evaluation: source and the cloud's times.

A report has a file, and evaluation results may have been fetched beside it.
"""

import datetime as dt
from collections.abc import Iterator
from typing import Protocol

from django import template
from django.utils.html import escape, format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from dashboard.models import EvaluationSource, Report, Status
from dashboard.text.error_messages import explain_error
from dashboard.text.rule_words import describe_triggers
from dashboard.text.template_tags import render_time

register = template.Library()
register.simple_tag(describe_triggers, name="trigger_words")
# A sheet of paper, the lines of a list, and a sheet with lines.
SOURCE_ICON_PATHS = {
    EvaluationSource.FILE: "M2.5 1h5l2 2v8h-7z",
    EvaluationSource.RESULTS: "M1 2.5h1M4 2.5h7M1 6h1M4 6h7M1 9.5h1M4 9.5h7",
    EvaluationSource.BOTH: "M2.5 1h5l2 2v8h-7zM4.5 5h3M4.5 7h3M4.5 9h3",
}
# In a row, where the word stands beside many others.
SHORT_LABELS = {EvaluationSource.BOTH: _("both")}


class CloudTimes(Protocol):
    """What the evaluation results say of times, as an evaluation and a row of a comparison have it.

    A time is None, and the day on which an exemption ends is empty, if it is not stated.
    """

    @property
    def failing_since(self) -> dt.datetime | None: ...

    @property
    def fixed_at(self) -> dt.datetime | None: ...

    @property
    def exempt_until(self) -> str: ...


@register.simple_tag(name="evaluation_error")
def describe_evaluation_error(report: Report) -> str:
    """Return the title of the error that ended the evaluation asked for before the report."""
    evaluation = report.provenance.get("evaluation", {})
    return explain_error(evaluation.get("error_code", ""), evaluation.get("error_facts", {})).title


@register.simple_tag(name="source_mark")
def render_source_mark(source: int, is_short: bool = False) -> SafeString:
    """Show what states an evaluation, as an icon and a word; `source` is an EvaluationSource."""
    value = EvaluationSource(source)
    label = SHORT_LABELS.get(value, value.label) if is_short else value.label
    return format_html(
        '<span class="source" data-source="{}" title="{}"><svg viewBox="0 0 12 12" '
        'aria-hidden="true"><path d="{}"/></svg>{}</span>',
        value.slug,
        value.label,
        SOURCE_ICON_PATHS[value],
        label,
    )


@register.simple_tag(name="cloud_times")
def render_cloud_times(times: CloudTimes, status: int | None) -> SafeString:
    """Show the cloud's own times that matter for a status, each on a line; nothing without any.

    A failing evaluation shows since when, a compliant one when it was fixed, an ignored one until
    when.
    """
    lines = list(iterate_cloud_times(times, status))
    return format_html_join("", '<span class="cloudtime">{}</span>', ((line,) for line in lines))


def iterate_cloud_times(times: CloudTimes, status: int | None) -> Iterator[SafeString]:
    if status == Status.NON_COMPLIANT and times.failing_since:
        # Translators: %(time)s is the cloud's own time, beside the first report in the archive.
        text = escape(gettext("cloud: failing since %(time)s"))
        yield SafeString(text % {"time": render_time(times.failing_since)})
    if status == Status.COMPLIANT and times.fixed_at:
        text = escape(gettext("cloud: fixed %(time)s"))
        yield SafeString(text % {"time": render_time(times.fixed_at)})
    if status == Status.IGNORED and times.exempt_until:
        yield escape(gettext("cloud: exempt until %(day)s") % {"day": times.exempt_until})
