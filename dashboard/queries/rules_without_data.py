"""The rules of a pack without any evaluation in a report, and why they have none.

What the cloud said of them was kept when the report was made (Report.stated_counts["rules"]). A
file that lists failing resources only does not name such rules at all.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dashboard.models import Report, Rule, RuleText
from dashboard.queries.rule_summaries import RuleSummary, load_rule_summaries
from dashboard.text.rule_words import RuleStateWords, describe_rule_state


@dataclass(frozen=True)
class RuleWithoutData:
    """A rule without any evaluation; `rule` is the primary key of the Rule, None if not stored."""

    rule_id: str
    name: str
    identifier: str
    description: str
    rule: int | None
    state: RuleStateWords


def find_rule_states(report: Report) -> dict[str, Mapping[str, Any]]:
    """Return what the cloud said of the rules that it was asked about, by the rule's id."""
    rules: dict[str, Mapping[str, Any]] = report.stated_counts.get("rules", {})
    return {rule_id: rule for rule_id, rule in rules.items() if rule.get("state")}


def explain_missing_data(report: Report, summary: RuleSummary) -> str:
    """Return why a rule of a report has no evaluation; "" if it has some or was not asked about."""
    if summary.has_evaluations:
        return ""
    words = describe_rule_state(find_rule_states(report).get(summary.code))
    return words.title if words else ""


def count_rules_without_data(report: Report) -> int:
    """Return how many rules load_rules_without_data returns, with no query of its own."""
    judging = {summary.code for summary in load_rule_summaries(report) if summary.has_evaluations}
    return len(find_rule_states(report).keys() - judging)


def load_rules_without_data(report: Report) -> list[RuleWithoutData]:
    """Return the rules without evaluations that the cloud was asked about, by name."""
    states = find_rule_states(report)
    if not states:
        return []
    summaries = {summary.code: summary for summary in load_rule_summaries(report)}
    texts = RuleText.objects.in_bulk({state.get("text") for state in states.values()} - {None})
    names = load_known_names(report, states.keys() - summaries.keys())
    rules = []
    for rule_id, state in states.items():
        summary, words = summaries.get(rule_id), describe_rule_state(state)
        if words is None or (summary and summary.has_evaluations):
            continue
        text = texts.get(state.get("text"))
        identifier = text.identifier if text else ""
        name = summary.name if summary else state.get("name") or names.get(rule_id, "")
        rules.append(
            RuleWithoutData(
                rule_id=rule_id,
                name=name or identifier or rule_id,
                identifier=identifier,
                description=text.description if text else "",
                rule=summary.rule if summary else None,
                state=words,
            )
        )
    return sorted(rules, key=lambda rule: rule.name)


def load_known_names(report: Report, rule_ids: set[str]) -> dict[str, str]:
    """Return the names of rules that other reports of the pack have, by the rule's id."""
    if not rule_ids:
        return {}
    rules = Rule.objects.filter(pack=report.pack_id, rule_id__in=rule_ids)
    return dict(rules.values_list("rule_id", "name"))
