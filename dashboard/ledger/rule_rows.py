"""Store the rules of a file as Rule rows of its pack."""

import hashlib
from typing import Any

from dashboard.models import Pack, Rule
from dashboard.models.search_texts import build_search_text
from dashboard.workbook import RuleInfo

MAX_KEY_LENGTH = 300
TEXT_FIELDS = ("rule_id", "name", "identifier", "description", "remediation")
SEARCHED_FIELDS = ("name", "identifier", "rule_id")

# The columns of each rule of a pack, by the rule's key.
RulesByKey = dict[str, dict[str, Any]]


def store_rules(pack: Pack, infos: list[RuleInfo]) -> dict[int, int]:
    """Create and update the pack's rules from a file. The caller must hold the pack's lock.

    Return the database id of each rule, by the rule's number in the file.
    """
    texts_by_key = {build_rule_key(info): collect_rule_texts(info) for info in infos}
    rules = load_rules(pack)
    new_rules = [
        Rule(pack=pack, key=key, search_text=join_searched_texts(texts), **texts)
        for key, texts in texts_by_key.items()
        if key not in rules
    ]
    if new_rules:
        Rule.objects.bulk_create(new_rules, ignore_conflicts=True)
        rules = load_rules(pack)
    for key, texts in texts_by_key.items():
        # A text of the file replaces the stored one, but an empty text does not.
        changed = {
            field: text for field, text in texts.items() if text and text != rules[key][field]
        }
        if changed:
            search_text = join_searched_texts(rules[key] | changed)
            Rule.objects.filter(pk=rules[key]["pk"]).update(**changed, search_text=search_text)
    return {info.number: rules[build_rule_key(info)]["pk"] for info in infos}


def build_rule_key(info: RuleInfo) -> str:
    """Return the key of a rule in its pack. The hash at the end of a long key tells it from others.

    A rule without an id has its name as key, which a file may give any length.
    """
    if len(info.key) <= MAX_KEY_LENGTH:
        return info.key
    key_hash = hashlib.sha256(info.key.encode("utf-8", "surrogatepass")).hexdigest()[:32]
    return f"{info.key[: MAX_KEY_LENGTH - 33]} {key_hash}"


def join_searched_texts(texts: dict[str, str]) -> str:
    """Return the text in which the search finds a rule with these texts."""
    return build_search_text(*(texts[field] for field in SEARCHED_FIELDS))


def load_rules(pack: Pack) -> RulesByKey:
    """Return the stored columns of the pack's rules, by the rule's key."""
    return {rule["key"]: {**rule} for rule in pack.rules.values("pk", "key", *TEXT_FIELDS)}


def collect_rule_texts(info: RuleInfo) -> dict[str, str]:
    """Return the texts of a rule by field of Rule, cut to the lengths of the fields."""
    return {
        "rule_id": info.rule_id[:64],
        "name": info.name[:300],
        "identifier": info.identifier[:200],
        "description": info.description,
        "remediation": info.remediation,
    }
