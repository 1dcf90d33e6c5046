"""Collect the rules of a file, from its rule lists and from the rows of its evaluations."""

from collections.abc import Sequence

from .cells import Cell, cell_to_text, normalise_identifier
from .column_words import COUNT_MEANINGS, STATUS_OF_COUNT
from .contents import RuleInfo
from .headers import Header
from .identity_values import is_lost_text, make_name_key, normalise_rule_id
from .invisible import clean_text
from .remarks import RemarkCollector
from .row_kinds import find_row_kind
from .status_codes import is_not_stated, parse_count, parse_risk


class RuleCollector:
    """Holds each rule of a file once, found by its id, or by its name if it has no id.

    `uses_names` says that the file gives names of rules only. Then the names stay the keys although
    the evaluation results state ids: reports of the same kind without results have names only.
    """

    def __init__(self) -> None:
        self.rules: list[RuleInfo] = []
        self.uses_names = False
        self._rule_by_key: dict[str, RuleInfo] = {}
        # Ids by key, by the name of the rule; of rule lists and evaluation results.
        self._ids_by_name: dict[str, dict[str, str]] = {}
        self._cloud_risks: dict[str, int] = {}  # of the evaluation results, by the id's key
        self._cloud_rules: set[tuple[str, str, int]] = set()

    def find_or_add_rule(self, rule_id: str, name: str) -> RuleInfo | None:
        """Return the rule with this id, or without an id the only listed rule with this name.

        Add the rule if there is none yet. Return None if both texts are empty.
        """
        name_key = make_name_key(name)
        listed_ids = self._ids_by_name.get(name_key, {})
        if not rule_id and len(listed_ids) == 1:
            (rule_id,) = listed_ids.values()
        key = normalise_identifier(rule_id)
        by_name = not key or (self.uses_names and listed_ids.keys() == {key})
        if by_name:
            key = name_key
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

    def add_cloud_rule(self, rule_id: str, name: str, risk: int) -> None:
        """Remember what the evaluation results say of a rule, for rows that say less of it.

        The rule itself is not added. Of several risks the highest counts.
        """
        if not rule_id or (rule_id, name, risk) in self._cloud_rules:
            return
        self._cloud_rules.add((rule_id, name, risk))
        key = normalise_identifier(rule_id)
        if name:
            self._ids_by_name.setdefault(make_name_key(name), {})[key] = rule_id
        if risk:
            self._cloud_risks[key] = min(self._cloud_risks.get(key, risk), risk)

    def find_risk(self, rule: RuleInfo) -> int:
        """Return the risk of a rule in a rule list, else in the evaluation results; 0 if none."""
        return rule.risk or self._cloud_risks.get(normalise_identifier(rule.rule_id), 0)

    def add_rule_list(
        self,
        header: Header,
        rows: Sequence[Sequence[Cell]],
        first_row: int,
        remarks: RemarkCollector,
    ) -> None:
        """Add the rules of a rule list; `rows` are the rows below its header.

        `first_row` is the row index of the first. Rows that are no rules are remarked.
        """
        listed_rules: list[tuple[int, dict[str, str]]] = []
        is_other_table = False
        for row_number, row in enumerate(rows, first_row):
            if all(cell is None for cell in row):
                continue
            kind = find_row_kind(row, header.meanings)
            if kind in ("rows_other_table", "rows_repeated_head"):
                is_other_table = kind == "rows_other_table"
            if is_other_table:
                remarks.add("rows_other_table", row_number)
            elif kind:
                remarks.add(kind, row_number)
            else:
                listed_rules.append((row_number, _read_texts_by_meaning(header, row)))
        # All ids by name first: a row without an id may take its id from another row.
        for _row_number, texts in listed_rules:
            rule_id, name = texts.get("rule_id"), texts.get("rule_name")
            if rule_id and name:
                ids = self._ids_by_name.setdefault(make_name_key(name), {})
                ids[normalise_identifier(rule_id)] = normalise_rule_id(rule_id)
        for row_number, texts in listed_rules:
            self._add_listed_rule(texts, row_number, remarks)

    def _add_listed_rule(
        self, texts: dict[str, str], row_number: int, remarks: RemarkCollector
    ) -> None:
        """Add one row of a rule list, given by meaning; do not replace facts already known.

        The counts of a rule that is listed twice are added together.
        """
        has_facts = any(texts.get(meaning) for meaning in ("risk", "rule_id", *COUNT_MEANINGS))
        rule_id = normalise_rule_id(texts.get("rule_id", ""))
        rule = self.find_or_add_rule(rule_id, texts.get("rule_name", "")) if has_facts else None
        if rule is None:
            remarks.add("rows_skipped", row_number)
            return
        if is_lost_text(rule_id):
            remarks.add("digits_lost", row_number)
        risk_text = texts.get("risk", "")
        risk = parse_risk(risk_text)
        if risk_text and not risk and not is_not_stated(risk_text):
            remarks.add("risk_unknown", row_number, word=risk_text)
        rule.risk = rule.risk or risk
        for attribute in ("identifier", "description", "remediation", "execution"):
            setattr(rule, attribute, getattr(rule, attribute) or texts.get(attribute, ""))
        for meaning in COUNT_MEANINGS:
            count = parse_count(texts.get(meaning, ""))
            if count is not None:
                status = int(STATUS_OF_COUNT[meaning])
                rule.stated[status] = rule.stated.get(status, 0) + count


def _read_texts_by_meaning(header: Header, row: Sequence[Cell]) -> dict[str, str]:
    return {
        meaning: clean_text(cell_to_text(row[column]))
        for column, meaning in header.meanings.items()
        if column < len(row)
    }
