"""The managed rules of the sandbox, read from the table `managed_rules.tsv` in this folder.

Managed rules are those that the cloud itself defines; pack templates consist of them.
"""

import csv
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources


@dataclass(frozen=True, slots=True)
class ManagedRule:
    """A managed rule; `id` is its id in a pack. `risk` is 1 high, 2 medium, 3 low.

    The rule compares the `property` of a resource with the value `desired` by `operator`;
    non-compliant resources have the value `actual`.
    """

    identifier: str
    resource_type: str
    risk: int
    name_zh: str
    name_en: str
    property: str
    operator: str
    desired: str
    actual: str
    id: str = ""

    def get_name(self, language: str) -> str:
        """Return the name in Chinese for the language "zh", in English for any other."""
        return self.name_zh if language == "zh" else self.name_en

    def get_description(self, language: str) -> str:
        """Return what the rule demands, in a sentence."""
        if language == "zh":
            return f"{self.name_zh}，视为“合规”。"
        return f"A resource is compliant if this holds: {self.name_en}."

    def with_id(self, rule_id: str) -> "ManagedRule":
        """Return a copy of the rule with this id."""
        return replace(self, id=rule_id)


@cache
def find_rules_of_family(family: str) -> tuple[ManagedRule, ...]:
    """Return the rules of a pack template (`mlps`, `oss`, `pci` ...), in the table's order."""
    return tuple(rule for families, rule in _load_rules_with_families() if family in families)


@cache
def _load_rules_with_families() -> tuple[tuple[frozenset[str], ManagedRule], ...]:
    """Return each rule of the table, with the families (pack templates) that it belongs to."""
    table = resources.files(__package__).joinpath("managed_rules.tsv").read_text(encoding="utf-8")
    rows = csv.DictReader(table.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE)
    return tuple(
        (
            frozenset(row["packs"].split(",")),
            ManagedRule(
                identifier=row["identifier"],
                resource_type=row["resource_type"],
                risk=int(row["risk"]),
                name_zh=row["name_zh"],
                name_en=row["name_en"],
                property=row["property"],
                operator=row["operator"],
                desired=row["desired"],
                actual=row["actual"],
            ),
        )
        for row in rows
    )
