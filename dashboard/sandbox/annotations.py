"""The reason why a resource fails a rule, as the cloud writes it: an annotation, or a sentence."""

import json

from dashboard.sandbox import report_texts as texts
from dashboard.sandbox.managed_rules import ManagedRule


def build_annotation_json(rule: ManagedRule, language: str) -> str:
    """Return the reason why a resource fails the rule, in the JSON format of the cloud."""
    annotation = {
        "configuration": rule.actual,
        "desiredValue": rule.desired,
        "operator": rule.operator,
        "property": rule.property,
        "reason": build_reason_sentence(rule, language),
    }
    return json.dumps(annotation, ensure_ascii=False)


def build_reason_sentence(rule: ManagedRule, language: str) -> str:
    """Return the reason in words: the operator itself stands in the annotation only."""
    actual_texts = texts.ACTUAL_TEXT if rule.actual else texts.EMPTY_ACTUAL_TEXT
    desired = rule.desired
    if desired.startswith("["):
        desired = texts.LIST_SEPARATOR[language].join(json.loads(desired))
    return texts.REASON_TEXT[language].format(
        property=rule.property,
        actual=actual_texts[language].format(actual=rule.actual),
        requirement=texts.REQUIREMENT_TEXTS[language][rule.operator].format(desired=desired),
    )
