"""The rules of a report with their counts."""

from typing import NamedTuple

from dashboard.models import Report


class RuleSummary(NamedTuple):
    """A rule as one report counts it; a tuple costs a fraction of a model instance."""

    rule: int
    name: str
    code: str
    risk: int
    failing: int
    insufficient_data: int
    ignored: int
    not_applicable: int
    compliant: int
    new: int | None
    fixed: int | None
    identifier: str

    @property
    def judged(self) -> int:
        """The denominator of the rule's rate."""
        return self.compliant + self.failing


SUMMARY_COLUMNS = (
    "rule_id",
    "name",
    "rule__rule_id",
    *RuleSummary._fields[3:11],
    "rule__identifier",
)


def load_rule_summaries(report: Report) -> list[RuleSummary]:
    """Return the rules, failing first, then by risk, number of failing resources and name.

    The list is kept on the report object, so that a request queries it once.
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
    """Return the names that the report's rules have in it, by the ids of the rules."""
    return {summary.rule: summary.name for summary in load_rule_summaries(report)}
