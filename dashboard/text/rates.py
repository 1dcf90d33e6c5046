"""The two rates of a report in words: evaluation rate and resource rate, never mixed.

Each is compliant / (compliant + non-compliant) of its kind.
"""

from collections.abc import Collection
from typing import NamedTuple, Protocol

from django.utils.translation import gettext as _

from dashboard.models import Report, Status
from dashboard.text.formatting import format_number, format_rate

JUDGED_STATUSES = {Status.COMPLIANT, Status.NON_COMPLIANT}


class Rated(Protocol):
    """What has the counts of both rates: a report, or a point of a trend."""

    @property
    def rate_counts(self) -> tuple[int, int]: ...
    @property
    def resource_rate_counts(self) -> tuple[int, int] | None: ...
    @property
    def listed_statuses(self) -> Collection[int]: ...


class NamedRate(NamedTuple):
    """A rate with its name, formula and source; `gap` says why it is missing, else it is empty."""

    key: str
    label: str
    compliant: int
    failing: int
    formula: str
    source: str
    gap: str

    @property
    def is_known(self) -> bool:
        return bool(self.compliant + self.failing)

    @property
    def calculation(self) -> str:
        """The numbers of the formula: `357 / (357 + 57)`."""
        compliant, failing = format_number(self.compliant), format_number(self.failing)
        return f"{compliant} / ({compliant} + {failing})"

    @property
    def text(self) -> str:
        """The rate in percent, or a dash with the reason why it is missing."""
        return f"– ({self.gap})" if self.gap else format_rate(self.compliant, self.failing)


def build_evaluation_rate(report: Report) -> NamedRate:
    compliant, failing = report.rate_counts
    return NamedRate(
        "evaluation_rate",
        _("Evaluation rate"),
        compliant,
        failing,
        formula=_("compliant / (compliant + non-compliant) evaluations"),
        source=describe_evaluation_source(report),
        gap=explain_evaluation_gap(report),
    )


def describe_evaluation_source(report: Report) -> str:
    """Return of which rows the counts of the evaluation rate are."""
    sources = Report.ResourcesSource
    is_of_both = report.resources_source == sources.RESULTS
    return str((sources.RESULTS if is_of_both else sources.ROWS).label)


def build_resource_rate(report: Report) -> NamedRate:
    compliant, failing = report.resource_rate_counts or (0, 0)
    return NamedRate(
        "resource_rate",
        _("Resource rate"),
        compliant,
        failing,
        formula=_("resources that no rule fails / judged resources"),
        source=describe_resource_source(report),
        gap=explain_resource_gap(report),
    )


def describe_resource_source(report: Report) -> str:
    """Return where the counts of the resource rate come from.

    A report that was stored before its counts were checked does not say yet what its file's
    overview counts.
    """
    source = str(report.get_resources_source_display())
    if report.resources_source == Report.ResourcesSource.OVERVIEW and report.count_checks is None:
        return _("%(source)s; not checked yet, run manage.py rebuild") % {"source": source}
    return source


def list_named_rates(report: Report) -> list[NamedRate]:
    """Return both rates of a report, the evaluation rate first."""
    return [build_evaluation_rate(report), build_resource_rate(report)]


def explain_evaluation_gap(report: Rated) -> str:
    """Return why there is no evaluation rate; empty if the file lists what it is made of."""
    if any(report.rate_counts) or set(report.listed_statuses) >= JUDGED_STATUSES:
        return ""
    return _("the file does not list compliant and non-compliant evaluations row by row")


def explain_resource_gap(report: Rated) -> str:
    """Return why there is no resource rate; empty if rows or overview give its counts."""
    if report.resource_rate_counts is not None:
        return ""
    if set(report.listed_statuses) >= JUDGED_STATUSES:
        return _("not counted by this version yet; run manage.py rebuild")
    return _("the file neither lists compliant resources nor states how many there are")
