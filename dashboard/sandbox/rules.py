"""The managed rules that the sandbox knows, read from a table beside this module."""

import csv
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources


@dataclass(frozen=True, slots=True)
class Rule:
    """A managed rule, and as part of a pack also its id; `risk` is 1 high, 2 medium, 3 low."""

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

    def name(self, language: str) -> str:
        return self.name_zh if language == "zh" else self.name_en

    def in_pack(self, rule_id: str) -> "Rule":
        return replace(self, id=rule_id)


@cache
def of_family(family: str) -> tuple[Rule, ...]:
    """Return the rules of one of the cloud's pack templates (`mlps`, `oss`, `pci` ...), in the table's order."""
    return tuple(rule for families, rule in _table() if family in families)


@cache
def _table() -> tuple[tuple[frozenset[str], Rule], ...]:
    text = resources.files(__package__).joinpath("rules.tsv").read_text(encoding="utf-8")
    rows = csv.DictReader(text.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE)
    return tuple(
        (
            frozenset(row.pop("packs").split(",")),
            Rule(
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
