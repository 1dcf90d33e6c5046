"""What a report says of each of its rules."""

from typing import NamedTuple

from dashboard.models import Report


class RuleSummary(NamedTuple):
    """What a report says of a rule, as its tables need it: a fraction of what the model costs."""

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
        """The rate's denominator."""
        return self.compliant + self.failing


RESULT = ("rule_id", "name", "rule__rule_id", *RuleSummary._fields[3:11], "rule__identifier")


def load_rule_summaries(report: Report) -> list[RuleSummary]:
    """The report's rules, failing first, then by risk, failing resources and name; looked up once a request."""
    kept_here: dict[str, list[RuleSummary]] = vars(report)
    if "_results" not in kept_here:
        found = map(RuleSummary._make, report.rule_results.values_list(*RESULT))
        kept_here["_results"] = sorted(
            found, key=lambda one: (not one.failing, one.risk, -one.failing, one.name)
        )
    return kept_here["_results"]
