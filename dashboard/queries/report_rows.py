"""The rows of a report's tables: rules and evaluations, with what the report adds to them."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.translation import ngettext

from dashboard.models import Evaluation, Report, Risk
from dashboard.models.evaluations import position_time
from dashboard.queries.report_positions import count_reports_since, load_positions
from dashboard.queries.report_rules import load_failing_since
from dashboard.queries.rule_summaries import RuleSummary, load_rule_names
from dashboard.text.formatting import format_number

RISK_BARS = {Risk.HIGH: "▮▮▮", Risk.MEDIUM: "▮▮▯", Risk.LOW: "▮▯▯", Risk.NOT_STATED: ""}

ID_END = 8  # characters


@dataclass(frozen=True)
class RuleRow:
    """A rule of a report, and since when one of its resources has been failing."""

    summary: RuleSummary
    failing_since: dt.datetime | None

    @property
    def code(self) -> str:
        """The name of the managed rule, or else the id of the rule."""
        return self.summary.identifier or self.summary.code

    @property
    def status_slug(self) -> str:
        """The status that marks the rule: of its worst row that counts for the rate."""
        if not self.summary.judged:
            return "not-applicable"
        return "failing" if self.summary.failing else "compliant"


@dataclass(frozen=True)
class ResourceRow:
    """An evaluation of a report, with the words that the report adds to it."""

    evaluation: Evaluation
    rule_name: str
    reports_in_a_row: str  # how many reports the status has been the same, in words

    @property
    def id_start(self) -> str:
        """The part of the resource id that a narrow column may cut off."""
        return self.evaluation.resource_id[:-ID_END]

    @property
    def id_end(self) -> str:
        """The end of the resource id, which always shows: ids often differ only in it."""
        return self.evaluation.resource_id[-ID_END:]

    @property
    def risk_text(self) -> str:
        """The risk as a bar of characters and a word."""
        risk = Risk(self.evaluation.risk)
        return f"{RISK_BARS[risk]} {risk.label}"


def build_rule_rows(report: Report, summaries: Iterable[RuleSummary]) -> list[RuleRow]:
    """Return the rows of these rules of a report."""
    positions = load_failing_since(report)
    return [
        RuleRow(
            summary,
            position_time(positions[summary.rule]) if summary.rule in positions else None,
        )
        for summary in summaries
    ]


def build_resource_rows(report: Report, evaluations: Iterable[Evaluation]) -> list[ResourceRow]:
    """Return the rows of these evaluations of a report."""
    evaluations = list(evaluations)
    rule_names = load_rule_names(report)
    starts = {evaluation.since for evaluation in evaluations}
    positions = load_positions(report, min(starts, default=0))
    reports_in_a_row = {
        since: describe_reports_in_a_row(count_reports_since(positions, since)) for since in starts
    }
    return [
        ResourceRow(
            evaluation,
            rule_names.get(evaluation.rule_id, ""),
            reports_in_a_row[evaluation.since],
        )
        for evaluation in evaluations
    ]


def describe_reports_in_a_row(count: int) -> str:
    text = ngettext("%(count)s report in a row", "%(count)s reports in a row", count)
    return text % {"count": format_number(count)}
