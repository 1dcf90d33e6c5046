"""Turn the rows of sheets into evaluations: the status of one resource under one rule.

Evaluations are sorted by their key, a hash of rule and resource (see evaluation_hashes). A bucket
is the list of all evaluations whose keys begin with the same five bits.
"""

import marshal
import sys
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

from .cells import Cell, cell_to_text
from .contents import Contents, EvaluationGroup, RuleInfo, SheetInfo
from .evaluation_hashes import (
    add_to_content_hash,
    change_duplicate_key,
    hash_place,
    hash_resource_id,
    hash_resource_name,
    hash_result,
    hash_rule,
)
from .reasons import parse_reason
from .remarks import RemarkCollector
from .rule_collector import RuleCollector
from .status_codes import StatusCode, parse_risk, parse_status
from .stored_form import BUCKET_COUNT, BUCKET_SHIFT
from .times import TimeRange

# The fields of an EvaluationRow, in their order. marshal and orjson accept plain tuples only.
RowTuple = tuple[Any, ...]

WAITING_ROWS = 70_000  # above this number, rows in memory are compressed; an .xls sheet has fewer
_GROUPS_PER_SHEET = 50_000  # the maximum in memory at once
_NO_COLUMN = sys.maxsize  # for a meaning that no column has; every row ends before it
_UNSAFE_NUMBER = 10**15  # spreadsheets keep 15 digits of a number
# The meanings of the columns whose values an EvaluationGroup holds.
_GROUP_MEANINGS = (
    "rule_id",
    "rule_name",
    "account_id",
    "region",
    "resource_type",
    "status",
    "risk",
)
# The meanings of the columns whose values each EvaluationRow holds.
_ROW_MEANINGS = ("resource_id", "resource_name", "actual", "expected", "reason")
# The status of all rows of a sheet, for the sheet roles with only one status.
STATUS_BY_ROLE = {
    "non_compliant": StatusCode.NON_COMPLIANT,
    "compliant": StatusCode.COMPLIANT,
    "ignored": StatusCode.IGNORED,
}


@dataclass(slots=True)
class _SheetGroup:
    """An EvaluationGroup while rows are added to it: values that many rows of a sheet share."""

    number: int
    rule: RuleInfo
    status: int
    risk: int
    account: str
    region: str
    resource_type: str
    rule_hash: int
    place_hash: int
    rows: int = 0

    def to_evaluation_group(self) -> EvaluationGroup:
        return EvaluationGroup(
            rule=self.rule.number,
            status=self.status,
            risk=self.risk,
            account=self.account,
            region=self.region,
            resource_type=self.resource_type,
            rows=self.rows,
        )


class EvaluationCollector:
    """Collects the evaluations of all sheets of a file, and yields them sorted by key."""

    def __init__(self, rules: RuleCollector, contents: Contents, times: TimeRange) -> None:
        self._rules = rules
        self._contents = contents
        self._times = times
        self._buckets: list[list[RowTuple]] = [[] for _ in range(BUCKET_COUNT)]
        self._compressed: list[list[bytes]] = [[] for _ in range(BUCKET_COUNT)]
        self._waiting_rows = 0
        self.groups: list[EvaluationGroup] = []  # by number; rows are counted at a sheet's end
        self._resources_by_status: dict[int, set[int]] = {
            StatusCode.NON_COMPLIANT: set(),
            StatusCode.COMPLIANT: set(),
        }
        self._risk_by_rule: dict[int, int] = {}  # the highest that a row gives

    def open_sheet(
        self, info: SheetInfo, account: str, remarks: RemarkCollector
    ) -> "SheetCollector":
        """Return the collector of one sheet. Rows that name no account belong to `account`."""
        return SheetCollector(self, self._rules, self._times, info, account, remarks)

    def add_row(self, row: RowTuple) -> None:
        """Put an evaluation into its bucket."""
        key = row[0]
        self._buckets[key >> BUCKET_SHIFT].append(row)

    def compress_waiting_rows(self, added: int) -> None:
        """Count `added` new rows, and compress all rows if there are more than WAITING_ROWS."""
        self._waiting_rows += added
        if self._waiting_rows > WAITING_ROWS:
            for compressed, rows in zip(self._compressed, self._buckets, strict=True):
                compressed.append(zlib.compress(marshal.dumps(rows), 1))
                rows.clear()
            self._waiting_rows = 0

    def take_buckets(self) -> Iterator[tuple[int, list[RowTuple]]]:
        """Yield (bucket number, rows sorted by key) for each bucket with rows, and free the bucket.

        The content hash, the duplicates and the judged resources are counted on the way.
        """
        for bucket, rows in enumerate(self._buckets):
            for compressed in self._compressed[bucket]:
                rows += marshal.loads(zlib.decompress(compressed))  # noqa: S302  written above
            self._compressed[bucket].clear()
            if not rows:
                continue
            rows.sort(key=itemgetter(0))
            if len({row[0] for row in rows}) < len(rows):
                rows = self._separate_duplicates(rows)
            self._summarise_rows(rows)
            yield bucket, rows
            self._buckets[bucket] = []

    def _separate_duplicates(self, rows: list[RowTuple]) -> list[RowTuple]:
        """Give each evaluation a different key, and return them sorted by key.

        Evaluations with the same key are numbered in the order of their content, so that the new
        keys do not depend on the order of rows and sheets.
        """

        def order_by_content(row: RowTuple) -> tuple[Any, ...]:
            key, digest, _resource, group_number, *texts, _sheet, _row = row
            _rule, *group_values, _rows = self.groups[group_number]
            return key, digest, group_values, texts

        separate_rows = []
        occurrences: Counter[int] = Counter()
        for row in sorted(rows, key=order_by_content):
            key = row[0]
            if occurrences[key]:
                row = (change_duplicate_key(key, occurrences[key]), *row[1:])
                self._contents.duplicates += 1
            occurrences[key] += 1
            separate_rows.append(row)
        return sorted(separate_rows)

    def _summarise_rows(self, rows: list[RowTuple]) -> None:
        """Add rows to the content hash and to the judged resources of the file."""
        content_hash = self._contents.content
        resources_by_group = [self._resources_by_status.get(group.status) for group in self.groups]
        for key, digest, resource, group_number, *_texts_and_place in rows:
            content_hash = add_to_content_hash(content_hash, key, digest)
            resources = resources_by_group[group_number]
            if resources is not None:
                resources.add(resource)
        self._contents.content = content_hash

    def finish_group(self, group: _SheetGroup) -> None:
        """Store the final row count of a group, and count its rows for its rule."""
        self.groups[group.number] = group.to_evaluation_group()
        counts = group.rule.counts
        counts[group.status] = counts.get(group.status, 0) + group.rows
        # 1 is the highest risk; 0 and None say that it is not known.
        risks = filter(None, (self._risk_by_rule.get(group.rule.number), group.risk))
        self._risk_by_rule[group.rule.number] = min(risks, default=0)

    def finish(self) -> None:
        """Complete the rules and the contents; call this after all sheets and take_buckets.

        A rule whose risk the rule list does not give gets the highest risk of its rows. All sheets
        must be read before, so that the order of the sheets does not matter.
        """
        failing = self._resources_by_status[StatusCode.NON_COMPLIANT]
        compliant = self._resources_by_status[StatusCode.COMPLIANT]
        self._contents.failing_resources = len(failing)
        self._contents.compliant_resources = len(compliant - failing)
        for rule in self._rules.rules:
            rule.risk = rule.risk or self._risk_by_rule.get(rule.number, 0)


class SheetCollector:
    """Turns the rows of one sheet into evaluations."""

    def __init__(
        self,
        collector: EvaluationCollector,
        rules: RuleCollector,
        times: TimeRange,
        info: SheetInfo,
        account: str,
        remarks: RemarkCollector,
    ) -> None:
        self._collector = collector
        self._remarks = remarks
        self._rules = rules
        self._times = times
        self._info = info
        self._account = account
        column_of: dict[str, int] = {}  # by meaning; the first column with a meaning counts
        for column, meaning in info.recognised.items():
            column_of.setdefault(meaning, column)
        self._group_columns = [column_of.get(name, _NO_COLUMN) for name in _GROUP_MEANINGS]
        self._row_columns = [column_of.get(name, _NO_COLUMN) for name in _ROW_MEANINGS]
        self._id_columns = [
            column_of[name]
            for name in ("rule_id", "account_id", "resource_id")
            if name in column_of
        ]
        self._time_column = column_of.get("evaluated_at", _NO_COLUMN)
        # By the texts of the columns of _GROUP_MEANINGS; None if the texts give no group.
        self._groups: dict[tuple[str, ...], _SheetGroup | None] = {}

    def add_rows(self, rows: list[list[Cell]], first_row: int) -> None:
        """Add rows whose texts have no NUL; `first_row` is the row index of the first."""
        if len(self._groups) > _GROUPS_PER_SHEET:
            self.finish()  # frees the groups
        evaluations_before = self._info.evaluations
        for row_number, cells in enumerate(rows, first_row):
            self._add_row(row_number, cells)
        column = self._time_column
        self._times.add_cells([cells[column] for cells in rows if column < len(cells)])
        self._collector.compress_waiting_rows(self._info.evaluations - evaluations_before)

    def _add_row(self, row_number: int, cells: list[Cell]) -> None:
        """Add the evaluation of a row, or count the row as skipped.

        A row is skipped if it names no rule, no status or no resource.
        """
        group = self._find_or_add_group(_read_texts(cells, self._group_columns))

        resource_id, name, actual, expected, reason_text = _read_texts(cells, self._row_columns)
        resource_id = resource_id or name
        if group is None or not resource_id:
            is_empty_row = all(cell is None for cell in cells)
            if not is_empty_row:
                self._remarks.add("rows_skipped", row_number)
            return
        if _has_inexact_number(cells, self._id_columns):
            self._remarks.add("digits_lost", row_number)

        reason = parse_reason(reason_text)
        actual = actual or reason.actual
        expected = expected or reason.expected
        # An operator says nothing of another value than its own.
        operator = reason.operator if expected == reason.expected else ""

        resource = group.place_hash ^ hash_resource_id(resource_id)
        key = group.rule_hash ^ resource or 1  # databases hold positive keys only
        result = hash_result(group.status, group.risk, actual, expected, reason.substance)
        digest = result ^ hash_resource_name(name)
        finding = (actual, expected, operator, reason.property_path, reason.text)
        place = (self._info.number, row_number)
        row = (key, digest, resource, group.number, resource_id, name, *finding, *place)
        self._collector.add_row(row)
        group.rows += 1
        self._info.evaluations += 1

    def _find_or_add_group(self, texts: tuple[str, ...]) -> _SheetGroup | None:
        """Return the group of the rows with these texts; add it if it is new.

        There is one text for each of _GROUP_MEANINGS. Return None if they name no rule or status.
        """
        if texts not in self._groups:
            self._groups[texts] = self._add_group(*texts)
        return self._groups[texts]

    def _add_group(
        self,
        rule_id: str,
        rule_name: str,
        account: str,
        region: str,
        resource_type: str,
        status_text: str,
        risk_text: str,
    ) -> _SheetGroup | None:
        """Add a group; return None if the texts name no rule or no status."""
        rule = self._rules.find_or_add_rule(rule_id, rule_name)
        role_status = STATUS_BY_ROLE.get(self._info.role)
        status = parse_status(status_text) if status_text else role_status
        if rule is None or status is None:
            return None
        account = account or self._account
        group = _SheetGroup(
            number=len(self._collector.groups),
            rule=rule,
            status=int(status),
            risk=parse_risk(risk_text) or rule.risk,
            account=account,
            region=region,
            resource_type=resource_type,
            rule_hash=hash_rule(rule.key),
            place_hash=hash_place(account, region, resource_type),
        )
        self._collector.groups.append(group.to_evaluation_group())
        return group

    def finish(self) -> None:
        """Store the row counts of the groups.

        More rows may be added afterwards; they begin new groups.
        """
        for group in self._groups.values():
            if group and group.rows:
                self._collector.finish_group(group)
        self._groups.clear()


def _read_texts(cells: Sequence[Cell], columns: Sequence[int]) -> tuple[str, ...]:
    """Return the texts of a row in these columns; "" for a column after the end of the row."""
    width = len(cells)
    texts = []
    for column in columns:
        cell = cells[column] if column < width else None
        # Most cells are texts. For a text without NUL, cell_to_text would do the same, but slower.
        texts.append(cell.strip() if isinstance(cell, str) else cell_to_text(cell))
    return tuple(texts)


def _has_inexact_number(cells: Sequence[Cell], columns: Sequence[int]) -> bool:
    """Return whether an id in these columns is a number with more digits than spreadsheets keep."""
    for column in columns:
        cell = cells[column] if column < len(cells) else None
        if isinstance(cell, (int, float)) and abs(cell) >= _UNSAFE_NUMBER:
            return True
    return False
