"""What the cloud said of the rules of a pack when the report was made, for each rule's result.

It stands in Report.stated_counts ("rules"), so that a rebuild finds it again.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from dashboard.models import Report, RuleResult
from dashboard.models.rule_results import RuleText
from dashboard.workbook import Contents, RuleInfo, make_name_key, make_rule_key

# What is kept of GetConfigRule's answer about a rule without evaluations.
STATE_FIELDS = ("state", "error_code", "error_message", "evaluated_ms")

RuleFacts = Mapping[str, Any]


def get_rule_facts(report: Report) -> dict[str, RuleFacts]:
    """Return what the cloud said of each rule of the pack, by the key of the rule's id."""
    facts_by_id: Mapping[str, RuleFacts] = report.stated_counts.get("rules", {})
    return {
        make_rule_key(rule_id): {"id": rule_id, **facts} for rule_id, facts in facts_by_id.items()
    }


def lists_rules(report: Report, contents: Contents) -> bool:
    """Return whether the report states all rules of its pack.

    A file does so in its list of rules. Beside evaluation results, the cloud's own list of the
    pack's rules counts too.
    """
    has_sheet = any(sheet.role == "rules" for sheet in contents.sheets)
    return has_sheet or (has_results(contents) and bool(report.stated_counts.get("rules")))


def has_results(contents: Contents) -> bool:
    """Return whether evaluation results were read beside the file."""
    return contents.results is not None and not contents.results.error_code


def get_id_key(rule: RuleInfo) -> str:
    """Return the key of a rule's id, even if the rule's own key is its name."""
    return make_rule_key(rule.rule_id) or rule.key


def add_rules_without_data(report: Report, contents: Contents) -> None:
    """Add to the contents the rules of the pack that neither file nor evaluation results name.

    Do nothing without evaluation results: then a rule that is not named may have evaluations.
    """
    if not has_results(contents):
        return
    known_ids = {get_id_key(rule) for rule in contents.rules}
    known_keys = {rule.key for rule in contents.rules}
    uses_names = bool(contents.rules) and all(rule.by_name for rule in contents.rules)
    for id_key, facts in get_rule_facts(report).items():
        if id_key in known_ids:
            continue
        name = facts.get("name") or facts["id"]
        name_key = make_name_key(name)
        by_name = uses_names and name_key not in known_keys
        rule = RuleInfo(
            number=len(contents.rules),
            key=name_key if by_name else id_key,
            rule_id=facts["id"],
            name=name,
            by_name=by_name,
            risk=facts.get("risk") or 0,
        )
        contents.rules.append(rule)
        known_keys.add(rule.key)


def set_cloud_facts(report: Report, contents: Contents, results: Iterable[RuleResult]) -> None:
    """Set the text and the state of each result, without saving it.

    `results` are in the order of the rules of the contents. A text that is not stored is left out.
    """
    facts_by_key = get_rule_facts(report)
    hashes = {facts.get("text") for facts in facts_by_key.values()}
    known_hashes = set(RuleText.objects.filter(pk__in=hashes).values_list("pk", flat=True))
    for rule, result in zip(contents.rules, results, strict=True):
        facts = facts_by_key.get(get_id_key(rule), {})
        result.text_id = facts.get("text") if facts.get("text") in known_hashes else None
        result.cloud_state = build_rule_state(facts)


def build_rule_state(facts: RuleFacts) -> dict[str, Any] | None:
    """Return what GetConfigRule answered; None if it was not asked."""
    return {name: facts.get(name) for name in STATE_FIELDS} if "state" in facts else None
