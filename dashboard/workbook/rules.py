"""The rules of a file: those its list states, and those its rows name."""

from collections.abc import Sequence

from . import columns
from .cells import Cell, normal, text
from .codes import risk_of
from .contents import RuleInfo
from .recognise import Header


class Rules:
    """Every rule of a file once, known by its id, and only where it has none by its name."""

    def __init__(self) -> None:
        self.found: list[RuleInfo] = []
        self._by_key: dict[str, RuleInfo] = {}
        self._ids_of_name: dict[str, set[str]] = {}

    def named(self, rule_id: str, name: str) -> RuleInfo | None:
        """The rule with this id, else the one whose listed name this is; None where a row names neither."""
        by_name = False
        key = normal(rule_id)
        if not key:
            key = normal(name)
            listed = self._ids_of_name.get(key, set())
            by_name = len(listed) != 1
            key = key if by_name else next(iter(listed))
        if not key:
            return None
        rule = self._by_key.get(key)
        if rule is None:
            rule = RuleInfo(len(self.found), key, rule_id, name, by_name)
            self.found.append(rule)
            self._by_key[key] = rule
        rule.name = rule.name or name
        return rule

    def learn(self, header: Header, rows: Sequence[Sequence[Cell]]) -> int:
        """Take in the rows of a rule list; the number of rules it names."""
        listed = [_texts(header, row) for row in rows]
        for row in listed:
            if row.get("rule_id") and row.get("rule_name"):
                self._ids_of_name.setdefault(normal(row["rule_name"]), set()).add(
                    normal(row["rule_id"])
                )
        return sum(self._take(row) for row in listed)

    def _take(self, row: dict[str, str]) -> bool:
        if not any(row.get(meaning) for meaning in ("risk", "rule_id", *columns.COUNTS)):
            return False  # a title, a total or a remark below the list
        rule = self.named(row.get("rule_id", ""), row.get("rule_name", ""))
        if rule is None:
            return False
        rule.risk = rule.risk or risk_of(row.get("risk", ""))
        for attribute in ("identifier", "description", "remediation", "execution"):
            setattr(rule, attribute, getattr(rule, attribute) or row.get(attribute, ""))
        for meaning in columns.COUNTS:
            if (count := whole(row.get(meaning, ""))) is not None:
                status = int(columns.STATUS_OF_COUNT[meaning])
                rule.stated[status] = rule.stated.get(status, 0) + count
        return True


def whole(words: str) -> int | None:
    """A count as people write it (`1,234`); None for anything else."""
    digits = words.replace(",", "").replace(" ", "")
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 12 else None


def _texts(header: Header, row: Sequence[Cell]) -> dict[str, str]:
    return {
        meaning: text(row[column])
        for column, meaning in header.meanings.items()
        if column < len(row)
    }
