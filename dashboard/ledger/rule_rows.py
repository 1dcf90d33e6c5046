"""The rules of a pack, as rows of the database."""

from typing import Any

from dashboard.models import Pack, Rule
from dashboard.workbook import RuleInfo

RulesByKey = dict[str, dict[str, Any]]  # the columns of a pack's rules, by key


def rule_ids_by_number(infos: list[RuleInfo], known: RulesByKey) -> dict[int, int]:
    """The ids of rules by their number in the file."""
    return {info.number: known[info.key[:300]]["pk"] for info in infos}


def update_rules(pack: Pack, infos: list[RuleInfo], known: RulesByKey | None = None) -> RulesByKey:
    """The pack's rules, while it is held: new ones are made, known ones learn the file's words.

    `known` is how they just were; it learns, too.
    """
    told = {info.key[:300]: rule_columns(info) for info in infos}
    known = known or load_rules(pack)
    if new := [Rule(pack=pack, key=key, **said) for key, said in told.items() if key not in known]:
        Rule.objects.bulk_create(new, ignore_conflicts=True)
        known = load_rules(pack)
    for key, said in told.items():
        # What a file says otherwise is taken over, never an empty word for a full one.
        if better := {
            name: word for name, word in said.items() if word and word != known[key][name]
        }:
            Rule.objects.filter(pk=known[key]["pk"]).update(**better)
            known[key] |= better
    return known


def load_rules(pack: Pack) -> RulesByKey:
    rows = pack.rules.values(
        "pk", "key", "rule_id", "name", "identifier", "description", "remediation"
    )
    return {row["key"]: {**row} for row in rows}


def rule_columns(info: RuleInfo) -> dict[str, str]:
    return {
        "rule_id": info.rule_id[:64],
        "name": info.name[:300],
        "identifier": info.identifier[:200],
        "description": info.description,
        "remediation": info.remediation,
    }
