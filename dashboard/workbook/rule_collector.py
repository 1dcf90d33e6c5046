"""Collect the rules of a file, from its rule lists and from the rows of its evaluations."""

from collections.abc import Sequence

from .cells import Cell, cell_to_text, normalise_identifier
from .contents import RuleInfo
from .headers import Header
from .status_codes import parse_count, parse_risk
from .vocabulary import COUNT_MEANINGS, STATUS_OF_COUNT

_MAX_COUNT_DIGITS = 11  # a longer number is an id


class RuleCollector:
    """Holds each rule of a file once, found by its id, or by its name if it has no id."""

    def __init__(self) -> None:
        self.rules: list[RuleInfo] = []
        self._rule_by_key: dict[str, RuleInfo] = {}
        self._ids_by_name: dict[str, set[str]] = {}  # of the rule lists

    def find_or_add_rule(self, rule_id: str, name: str) -> RuleInfo | None:
        """Return the rule with this id, or without an id the only listed rule with this name.

        Add the rule if there is none yet. Return None if both texts are empty.
        """
        by_name = False
        key = normalise_identifier(rule_id)
        if not key:
            key = normalise_identifier(name)
            listed_ids = self._ids_by_name.get(key, set())
            if len(listed_ids) == 1:
                (key,) = listed_ids
            else:  # unknown, or the name of several rules
                by_name = True
        if not key:
            return None
        rule = self._rule_by_key.get(key)
        if rule is None:
            rule = RuleInfo(
                number=len(self.rules), key=key, rule_id=rule_id, name=name, by_name=by_name
            )
            self.rules.append(rule)
            self._rule_by_key[key] = rule
        rule.name = rule.name or name
        return rule

    def add_rule_list(self, header: Header, rows: Sequence[Sequence[Cell]]) -> None:
        """Add the rules of a rule list; `rows` are the rows below its header."""
        listed_rules = [_read_texts_by_meaning(header, row) for row in rows]
        # All ids by name first: a row without an id may take its id from another row.
        for texts in listed_rules:
            rule_id, name = texts.get("rule_id"), texts.get("rule_name")
            if rule_id and name:
                ids = self._ids_by_name.setdefault(normalise_identifier(name), set())
                ids.add(normalise_identifier(rule_id))
        for texts in listed_rules:
            self._add_listed_rule(texts)

    def _add_listed_rule(self, texts: dict[str, str]) -> None:
        """Add one row of a rule list, given by meaning; do not replace facts already known.

        The counts of a rule that is listed twice are added together.
        """
        if not any(texts.get(meaning) for meaning in ("risk", "rule_id", *COUNT_MEANINGS)):
            return  # a title, a total or a remark below the list
        rule = self.find_or_add_rule(texts.get("rule_id", ""), texts.get("rule_name", ""))
        if rule is None:
            return
        rule.risk = rule.risk or parse_risk(texts.get("risk", ""))
        for attribute in ("identifier", "description", "remediation", "execution"):
            setattr(rule, attribute, getattr(rule, attribute) or texts.get(attribute, ""))
        for meaning in COUNT_MEANINGS:
            count = parse_count(texts.get(meaning, ""))
            if count is not None:
                status = int(STATUS_OF_COUNT[meaning])
                rule.stated[status] = rule.stated.get(status, 0) + count


def _read_texts_by_meaning(header: Header, row: Sequence[Cell]) -> dict[str, str]:
    return {
        meaning: cell_to_text(row[column])
        for column, meaning in header.meanings.items()
        if column < len(row)
    }
