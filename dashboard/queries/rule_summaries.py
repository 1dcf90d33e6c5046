"""The rules of a report, each with the counts of its resources by status."""

from typing import NamedTuple

from dashboard.models import Report


class RuleSummary(NamedTuple):
    """The counts of one rule in one report.

    It is a tuple because a tuple is built much faster than a model instance.
    """

    rule: int  # the primary key of the Rule
    name: str
    code: str  # the id of the rule in the cloud
    risk: int
    failing: int
    insufficient_data: int
    ignored: int
    not_applicable: int
    compliant: int
    came: int | None
    left: int | None
    changes_by_reason: dict[str, int] | None
    identifier: str

    @property
    def judged_count(self) -> int:
        """The number of compliant and failing resources: the denominator of the rule's rate."""
        return self.compliant + self.failing

    @property
    def has_evaluations(self) -> bool:
        """Whether the rule judged any resource, whatever the status."""
        return bool(
            self.judged_count or self.insufficient_data or self.ignored or self.not_applicable
        )


SUMMARY_COLUMNS = (
    "rule_id",
    "name",
    "rule__rule_id",
    *RuleSummary._fields[3:12],
    "rule__identifier",
)


def load_rule_summaries(report: Report) -> list[RuleSummary]:
    """Return the report's rules: failing ones first, then by risk, failing resources and name.

    The list is saved as an attribute of the report object, so that it is queried only once.
    """
    if "_rule_summaries" not in vars(report):
        rows = report.rule_results.values_list(*SUMMARY_COLUMNS)
        vars(report)["_rule_summaries"] = sorted(
            map(RuleSummary._make, rows),
            key=lambda summary: (
                not summary.failing,
                summary.risk,
                -summary.failing,
                summary.name,
            ),
        )
    summaries: list[RuleSummary] = vars(report)["_rule_summaries"]
    return summaries


def load_rule_names(report: Report) -> dict[int, str]:
    """Return the rules' names as they are in this report, by the primary key of the Rule."""
    return {summary.rule: summary.name for summary in load_rule_summaries(report)}
