"""What a report file itself states, read with calamine and without the code of the product."""

import datetime as dt
import io
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from python_calamine import CalamineWorkbook

CHINA_TIME_ZONE = dt.timezone(dt.timedelta(hours=8))
# The labels of an overview in both languages of files.
LABELS = {
    "pack_id": ("合规包ID", "Compliance Pack ID"),
    "account": ("账号ID", "Account ID"),
    "time": ("报告生成时间", "Report Generated At"),
    "rate": ("资源合规率", "Resource Compliance Rate"),
    "rules": ("规则数", "Rules"),
    "failing_rules": ("不合规规则数", "Non-Compliant Rules"),
    "total": ("资源数", "Resources"),
    "compliant": ("合规资源数", "Compliant Resources"),
    "non_compliant": ("不合规资源数", "Non-Compliant Resources"),
    "not_applicable": ("不适用资源数", "Not Applicable Resources"),
    "insufficient_data": ("无数据资源数", "Insufficient Data Resources"),
    "ignored": ("已排除资源数", "Excluded Resources"),
}
NAMES = {label: name for name, labels in LABELS.items() for label in labels}
STATUSES = ("compliant", "non_compliant", "not_applicable", "insufficient_data", "ignored")
RISKS = {"高风险": "high", "中风险": "medium", "低风险": "low",
         "High": "high", "Medium": "medium", "Low": "low"}  # fmt: skip
SHEETS = {
    "rules": ("规则列表", "Rule List"),
    "failing": ("不合规资源", "Non-Compliant Resources"),
    "compliant": ("合规资源", "Compliant Resources"),
}
COLUMNS = {
    "rule": ("审计规则名称", "Audit Rule Name", "规则名称", "Rule Name"),
    "type": ("资源类型", "Resource Type"),
    "id": ("资源ID", "Resource ID"),
    "reason": ("不合规原因", "Reason for Non-Compliance", "Reason"),
    "risk": ("风险等级", "Risk Level"),
}
Resource = tuple[str, str]  # type and id


@dataclass(frozen=True)
class FailingRow:
    """A row of the sheet of non-compliant resources; `reason_cell` is the text of its reason."""

    rule: str
    resource_id: str
    reason_cell: str

    @cached_property
    def annotation(self) -> dict[str, str]:
        """The JSON of the reason; empty if the file gives the reason as a sentence."""
        is_json = self.reason_cell.startswith("{")
        return dict(json.loads(self.reason_cell)) if is_json else {}

    @property
    def reason(self) -> str:
        return self.annotation.get("reason", self.reason_cell)


@dataclass
class OriginalFile:
    """The overview and the lists of a report file.

    `facts` are the labelled values of the overview by the names of LABELS; `by_risk` is its table:
    rules, failing rules and failing evaluations of each risk.
    """

    facts: dict[str, str] = field(default_factory=dict)
    by_risk: dict[str, tuple[int, int, int]] = field(default_factory=dict)
    rule_risks: dict[str, str] = field(default_factory=dict)
    lists_rules: bool = False
    failing_rows: list[FailingRow] = field(default_factory=list)
    failing_resources: set[Resource] = field(default_factory=set)
    compliant_resources: set[Resource] | None = None

    def count(self, name: str) -> int:
        return int(float(self.facts[name]))

    @property
    def created_at(self) -> dt.datetime:
        time, zone = self.facts["time"][:19], self.facts["time"][19:]
        assert zone == " (UTC+8)"
        return dt.datetime.fromisoformat(time).replace(tzinfo=CHINA_TIME_ZONE)

    def count_ours(self) -> dict[str, int]:
        """Return what the lists of the file give for the counts of the overview, counted here.

        What the file does not list has no count.
        """
        failing_rules = Counter(row.rule for row in self.failing_rows)
        counts = {
            "non_compliant": len(self.failing_resources),
            "failing_rules": len(failing_rules),
        }
        if self.compliant_resources is not None:
            counts["compliant"] = len(self.compliant_resources - self.failing_resources)
        if self.lists_rules:
            counts["rules"] = len(self.rule_risks)
        for risk in self.by_risk:
            rules = {rule for rule, its_risk in self.rule_risks.items() if its_risk == risk}
            if self.lists_rules:
                counts[f"rules {risk}"] = len(rules)
            if self.rule_risks or not failing_rules:
                counts[f"failing_rules {risk}"] = len(rules & failing_rules.keys())
                counts[f"failing_evaluations {risk}"] = sum(failing_rules[rule] for rule in rules)
        return counts

    def list_stated_counts(self) -> dict[str, int]:
        """Return every count of the overview; those of the table of risks as "name risk"."""
        names = (*STATUSES, "total", "rules", "failing_rules")
        counts = {name: self.count(name) for name in names}
        for risk, (rules, failing_rules, failing_evaluations) in self.by_risk.items():
            counts[f"rules {risk}"] = rules
            counts[f"failing_rules {risk}"] = failing_rules
            counts[f"failing_evaluations {risk}"] = failing_evaluations
        return counts


def read_original(content: bytes) -> OriginalFile:
    """Read a report file; its first sheet is the overview."""
    book = CalamineWorkbook.from_filelike(io.BytesIO(content))
    original = OriginalFile()
    read_overview(original, book.get_sheet_by_index(0).to_python())
    for name in book.sheet_names[1:]:
        rows = book.get_sheet_by_name(name).to_python()
        if name in SHEETS["rules"]:
            read_rules(original, rows)
        elif name in SHEETS["failing"]:
            read_failing_rows(original, rows)
        elif name in SHEETS["compliant"]:
            original.compliant_resources = set(list_resources(rows))
    return original


def read_overview(original: OriginalFile, rows: Sequence[Sequence[Any]]) -> None:
    for row in rows:
        cells = [str(cell) for cell in row if cell != ""]
        if len(cells) == 2 and cells[0] in NAMES:
            original.facts[NAMES[cells[0]]] = cells[1]
        elif len(cells) == 4 and cells[0] in RISKS:
            rules, failing_rules, failing_evaluations = (int(float(cell)) for cell in cells[1:])
            original.by_risk[RISKS[cells[0]]] = (rules, failing_rules, failing_evaluations)


def find_column(header: Sequence[Any], name: str) -> int:
    return next(number for number, title in enumerate(header) if title in COLUMNS[name])


def read_rules(original: OriginalFile, rows: Sequence[Sequence[Any]]) -> None:
    rule, risk = (find_column(rows[0], name) for name in ("rule", "risk"))
    original.rule_risks = {row[rule]: RISKS[row[risk]] for row in rows[1:]}
    original.lists_rules = True


def read_failing_rows(original: OriginalFile, rows: Sequence[Sequence[Any]]) -> None:
    rule, resource_id, reason = (find_column(rows[0], name) for name in ("rule", "id", "reason"))
    original.failing_rows = [
        FailingRow(row[rule], row[resource_id], row[reason]) for row in rows[1:]
    ]
    original.failing_resources = set(list_resources(rows))
    if not original.lists_rules and any(title in COLUMNS["risk"] for title in rows[0]):
        risk = find_column(rows[0], "risk")
        original.rule_risks = {row[rule]: RISKS[row[risk]] for row in rows[1:]}


def list_resources(rows: Sequence[Sequence[Any]]) -> list[Resource]:
    resource_type, resource_id = (find_column(rows[0], name) for name in ("type", "id"))
    return [(str(row[resource_type]), str(row[resource_id])) for row in rows[1:]]
