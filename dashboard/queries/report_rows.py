"""The rows of a report's tables: rules and resources, with their texts for a template.

A position is the order number of a report in its pack.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.translation import ngettext

from dashboard.models import Evaluation, EvaluationSource, Report, Risk
from dashboard.models.result_lists import has_result_list
from dashboard.queries.first_seen import FirstSeen, build_first_seen, load_first_position
from dashboard.queries.report_positions import count_reports_since, load_positions
from dashboard.queries.report_rules import load_failing_since
from dashboard.queries.rule_summaries import RuleSummary, load_rule_names
from dashboard.queries.rules_without_data import explain_missing_data
from dashboard.text.formatting import format_number

RISK_BARS = {Risk.HIGH: "▮▮▮", Risk.MEDIUM: "▮▮▯", Risk.LOW: "▮▯▯", Risk.NOT_STATED: ""}

ID_END_LENGTH = 8  # characters


@dataclass(frozen=True)
class RuleRow:
    """A rule of a report; `failing_since` is the time since which it has been failing, or None.

    `gap` is why it has no evaluation; empty if it has some or the cloud was not asked.
    """

    summary: RuleSummary
    failing_since: FirstSeen | None
    gap: str = ""

    @property
    def code(self) -> str:
        """The name of the managed rule, or else the id of the rule."""
        return self.summary.identifier or self.summary.code

    @property
    def status_slug(self) -> str:
        """The status that marks the rule: failing if any resource fails the rule.

        It is not-applicable if no resource is compliant or failing.
        """
        if not self.summary.judged_count:
            return "not-applicable"
        return "failing" if self.summary.failing else "compliant"


@dataclass(frozen=True)
class ResourceRow:
    """A row of the table of resources: an evaluation and its texts."""

    evaluation: Evaluation
    rule_name: str
    first_seen: FirstSeen  # the first report with the status
    reports_in_a_row: str  # how many reports the status has been the same, in words
    # What states the evaluation; None in a report that has only its file.
    source: EvaluationSource | None = None

    @property
    def id_start(self) -> str:
        """The part of the resource id that a narrow column may cut off."""
        return self.evaluation.resource_id[:-ID_END_LENGTH]

    @property
    def id_end(self) -> str:
        """The end of the resource id, which is never cut off: ids often differ only there."""
        return self.evaluation.resource_id[-ID_END_LENGTH:]

    @property
    def is_only_in_results(self) -> bool:
        """Whether only the evaluation results state the evaluation, and not the file."""
        return self.source is EvaluationSource.RESULTS

    @property
    def risk_text(self) -> str:
        """The risk as a bar of characters and a word, for example "▮▮▯ Medium"."""
        risk = Risk(self.evaluation.risk)
        return f"{RISK_BARS[risk]} {risk.label}"


def build_rule_rows(report: Report, summaries: Iterable[RuleSummary]) -> list[RuleRow]:
    """Return a row for each of these rules of a report, in the same order."""
    positions = load_failing_since(report)
    first_position = load_first_position(report.pack_id)
    return [
        RuleRow(
            summary,
            build_first_seen(positions[summary.rule], first_position)
            if summary.rule in positions
            else None,
            explain_missing_data(report, summary),
        )
        for summary in summaries
    ]


def build_resource_rows(report: Report, evaluations: Iterable[Evaluation]) -> list[ResourceRow]:
    """Return a row for each of these evaluations of a report, in the same order."""
    evaluations = list(evaluations)
    rule_names = load_rule_names(report)
    has_list = has_result_list(report)
    first_position = load_first_position(report.pack_id)
    # The positions of the first reports in which the evaluations have their present status.
    since_positions = {evaluation.since for evaluation in evaluations}
    positions = load_positions(report, first_position=min(since_positions, default=0))
    reports_in_a_row = {
        since: describe_reports_in_a_row(count_reports_since(positions, since))
        for since in since_positions
    }
    return [
        ResourceRow(
            evaluation,
            rule_names.get(evaluation.rule_id, ""),
            build_first_seen(evaluation.since, first_position),
            reports_in_a_row[evaluation.since],
            find_source(evaluation, has_list),
        )
        for evaluation in evaluations
    ]


def find_source(evaluation: Evaluation, has_list: bool) -> EvaluationSource | None:
    """Return what states an evaluation; None where the file is all that the report has."""
    source = EvaluationSource(evaluation.source)
    return source if has_list or source is not EvaluationSource.FILE else None


def describe_reports_in_a_row(count: int) -> str:
    text = ngettext("%(count)s report in a row", "%(count)s reports in a row", count)
    return text % {"count": format_number(count)}
