"""Turn the rows of one sheet into evaluations, and remark every row that is none."""

import re
import sys
from collections.abc import Mapping, Sequence, Set

from .cells import Cell, cell_to_text
from .column_values import list_unknown_columns
from .contents import EvaluationGroup, EvaluationRow, SheetInfo
from .evaluation_groups import RowTuple
from .evaluation_hashes import (
    hash_place,
    hash_resource_id,
    hash_resource_name,
    hash_result,
    hash_rule,
)
from .evaluation_records import RowIdentity, parse_record, restore_evaluation
from .evaluations import FILE_ONLY_VALUES, STATUS_BY_ROLE, EvaluationCollector, SheetGroup
from .export_heads import is_own_export, undo_inert_rows
from .identity_values import (
    has_lost_digits,
    is_lost_text,
    is_region_id,
    normalise_account,
    normalise_region,
    normalise_rule_id,
)
from .invisible import clean_text
from .placeless_rows import PlacedRow, PlacelessRows, states_place
from .reasons import parse_reason
from .remarks import Facts, RemarkCode, RemarkCollector
from .row_kinds import (
    LONGEST_ROW_WORD,
    find_row_kind,
    is_empty_id,
    is_no_data_text,
    is_row_word,
)
from .rule_collector import RuleCollector
from .status_codes import is_not_stated, parse_answer, parse_risk
from .times import TimeRange, cell_to_time_text, normalise_time, parse_moment

_GROUPS_PER_SHEET = 50_000  # the maximum in memory at once
_LONGEST_ID = 100  # characters; in longer texts control characters do not matter
_COMMON_TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")
_NO_COLUMN = sys.maxsize  # for a meaning that no column has; every row ends before it
# The meanings of the columns whose values a SheetGroup holds.
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
# Only this product's exports have such columns.
_CONDITION_MEANINGS = ("operator", "property")
_RECORD_MEANINGS = ("record", "exempt_until", "resource_group")


class SheetCollector:
    """Turns the rows of one sheet into evaluations. Rows without an account are of `account`.

    If there are evaluation results beside the file, the rows that do not state what
    `place_meanings` says are added to `placeless_rows`, too.
    """

    def __init__(
        self,
        collector: EvaluationCollector,
        rules: RuleCollector,
        times: TimeRange,
        info: SheetInfo,
        account: str,
        remarks: RemarkCollector,
        labels: Sequence[str] = (),
        *,
        is_inert_export: bool = False,
        placeless_rows: PlacelessRows | None = None,
        place_meanings: Set[str] = frozenset(),
    ) -> None:
        self._collector = collector
        # Only if there are evaluation results beside the file.
        self._placeless_rows = placeless_rows
        self._place_meanings = place_meanings
        self._remarks = remarks
        self._rules = rules
        self._times = times
        self._info = info
        self._account = account
        self._labels = labels
        # An export as CSV has an apostrophe before each text that begins like a formula.
        self._is_inert = is_inert_export and is_own_export(labels)
        column_of: dict[str, int] = {}  # by meaning; the first column with a meaning counts
        for column, meaning in info.recognised.items():
            column_of.setdefault(meaning, column)
        self._column_of: Mapping[str, int] = column_of
        self._group_columns = [column_of.get(name, _NO_COLUMN) for name in _GROUP_MEANINGS]
        self._row_columns = [column_of.get(name, _NO_COLUMN) for name in _ROW_MEANINGS]
        self._condition_columns = [
            column_of.get(name, _NO_COLUMN)
            for name in _CONDITION_MEANINGS
            if not column_of.keys().isdisjoint(_CONDITION_MEANINGS)
        ]
        self._record_columns = [
            column_of.get(name, _NO_COLUMN)
            for name in _RECORD_MEANINGS
            if "record" in column_of and placeless_rows is None
        ]
        self._id_columns = [
            column_of[name]
            for name in ("rule_id", "account_id", "resource_id")
            if name in column_of
        ]
        status_column = column_of.get("status", _NO_COLUMN)
        self._status_label = labels[status_column] if status_column < len(labels) else ""
        self._time_column = column_of.get("evaluated_at", _NO_COLUMN)
        self._groups: dict[tuple[str, ...], SheetGroup] = {}  # by their texts
        self._is_checked = False  # whether the columns without a meaning were looked at
        self._is_other_table = False  # whether rows of another table have begun
        self._odd_rows: set[int] = set()  # of the rows that are being added

    def add_rows(self, rows: list[list[Cell]], first_row: int) -> None:
        """Add rows whose texts have no NUL; `first_row` is the row index of the first."""
        if len(self._groups) > _GROUPS_PER_SHEET:
            self.finish()  # frees the groups
        if self._is_inert:
            rows = undo_inert_rows(rows)
        if not self._is_checked:
            self._check_columns(rows)
        evaluations_before = self._info.evaluations
        self._odd_rows.clear()
        for row_number, cells in enumerate(rows, first_row):
            self._add_row(row_number, cells)
        self._add_times(rows, first_row)
        self._collector.spill_if_full(self._info.evaluations - evaluations_before)

    def _check_columns(self, rows: list[list[Cell]]) -> None:
        """Remark columns that are not known but look as if they said what must not be lost."""
        self._is_checked = True
        for column in list_unknown_columns(self._labels, self._info.recognised, rows):
            label = self._labels[column] if column < len(self._labels) else ""
            self._remarks.add("column_unknown", label=label, column=_name_column(column))
        if "resource_id" not in self._column_of:
            self._remarks.add("id_column_missing")

    def _add_times(self, rows: list[list[Cell]], first_row: int) -> None:
        """Add the evaluation times of rows; remark those that are not understood."""
        column = self._time_column
        if column == _NO_COLUMN:
            return
        numbered_cells = [
            (number, cells[column])
            for number, cells in enumerate(rows, first_row)
            if column < len(cells) and number not in self._odd_rows
        ]
        doubtful_texts = self._times.add_cells([cell for _number, cell in numbered_cells])
        if not doubtful_texts:
            return
        for number, cell in numbered_cells:
            text = cell_to_time_text(cell)
            if text in doubtful_texts and not is_no_data_text(text):
                self._remarks.add("time_doubtful", number, text=text)

    def _add_row(self, row_number: int, cells: list[Cell]) -> None:
        """Add the evaluation of a row, or remark why the row is none."""
        texts = _read_texts(cells, self._group_columns)
        resource_id, name, actual, expected, reason_text = _read_texts(cells, self._row_columns)
        group = self._groups.get(texts)
        if (
            group is None
            or not resource_id
            or (len(resource_id) <= LONGEST_ROW_WORD and is_row_word(resource_id))
        ):
            resource_id = _read_resource_id(resource_id, name)
            id_or_name = resource_id or ("" if is_empty_id(name) else name)
            group = self._examine_row(row_number, cells, texts, id_or_name)
            if group is None:
                self._odd_rows.add(row_number)
                return
            if not resource_id:
                if "resource_id" in self._column_of:
                    self._remarks.add("id_empty", row_number)
                resource_id = name
        if (
            group.has_lost_digits
            or _has_lost_number(cells, self._id_columns)
            or (resource_id[0].isdigit() and is_lost_text(resource_id))
        ):
            self._remarks.add("digits_lost", row_number)
        for code, facts in group.remarks:
            self._remarks.add(code, row_number, **facts)

        reason = parse_reason(reason_text)
        actual = actual or reason.actual
        expected = expected or reason.expected
        # An operator says nothing of another value than its own.
        operator = reason.operator if expected == reason.expected else ""
        property_path, substance = reason.property_path, reason.substance
        if self._condition_columns:
            operator, property_path = _read_texts(cells, self._condition_columns)
            substance = " ".join(filter(None, (operator, property_path))) or substance

        resource = group.place_hash ^ hash_resource_id(resource_id)
        key = group.rule_hash ^ resource or 1  # databases hold positive keys only
        result = hash_result(group.status, group.risk, actual, expected, substance)
        digest = result ^ hash_resource_name(name)
        finding = (actual, expected, operator, property_path, reason.text)
        place = (self._info.number, row_number)
        texts_and_place = (resource_id, name, *finding, *place)
        file_values = FILE_ONLY_VALUES
        if self._placeless_rows is not None:
            file_values = (*FILE_ONLY_VALUES[:-2], self._read_time(cells), "")
            if not group.states_place:
                pair_hash = group.rule_hash ^ hash_resource_id(resource_id)
                self._placeless_rows.add_file_row(pair_hash, PlacedRow(key, resource, group.number))
        row = (key, digest, resource, group.number, *texts_and_place, *file_values)
        self._collector.add_row(self._apply_record(row, cells, texts))
        self._info.evaluations += 1

    def _apply_record(self, row: RowTuple, cells: list[Cell], texts: tuple[str, ...]) -> RowTuple:
        """Return the row of an export with what its record says; unchanged without one."""
        if not self._record_columns:
            return row
        evaluation = EvaluationRow._make(row)
        rule_id, rule_name, account, region, resource_type = texts[:5]
        resource_id = evaluation.resource_id
        identity = RowIdentity(rule_id, rule_name, account, region, resource_type, resource_id)
        record_text, exempt_until, resource_group = _read_texts(cells, self._record_columns)
        record = parse_record(record_text, identity)
        if record is None:
            return row
        group = self._collector.groups[evaluation.group]
        restored = restore_evaluation(
            evaluation,
            record,
            status=group.status,
            risk=group.risk,
            exempt_until=exempt_until,
            resource_group=resource_group,
        )
        return tuple(restored)

    def _read_time(self, cells: list[Cell]) -> int:
        """Return the evaluation time of a row in milliseconds; 0 if the row states none."""
        cell = cells[self._time_column] if self._time_column < len(cells) else None
        text = cell_to_time_text(cell)
        # Most times are in this format, and all are different.
        time = text if _COMMON_TIME.fullmatch(text) else normalise_time(text)
        moment = parse_moment(time)
        return round(moment.timestamp() * 1000) if moment else 0

    def _examine_row(
        self, row_number: int, cells: list[Cell], texts: tuple[str, ...], resource: str
    ) -> SheetGroup | None:
        """Return the group of a row with unusual texts; None if the row is no evaluation.

        A rule and a group are added only for a row that is data. `texts` has one text for each of
        _GROUP_MEANINGS; `resource` is the id or the name of the resource.
        """
        if all(cell is None for cell in cells):
            self._info.other_rows += 1
            return None
        kind = find_row_kind(cells, self._info.recognised)
        if kind == "rows_other_table":
            self._is_other_table = True
            self.finish()  # so that each further row is examined
        elif kind == "rows_repeated_head":
            self._is_other_table = False
        if self._is_other_table:
            self._remarks.add("rows_other_table", row_number)
            return None
        if kind:
            self._remarks.add(kind, row_number)
            self._info.other_rows += 1
            return None
        group = self._groups.get(texts)
        if group is None and resource:
            group = self._add_group(row_number, cells, texts)
        elif not resource:
            self._remarks.add("rows_skipped", row_number)
            group = None
        return group

    def _add_group(
        self, row_number: int, cells: list[Cell], texts: tuple[str, ...]
    ) -> SheetGroup | None:
        """Add the group of a row; remark the row if its texts name no rule or no status."""
        rule_id, rule_name, account, region, resource_type, status_text, risk_text = texts
        role_status = STATUS_BY_ROLE.get(self._info.role)
        status = parse_answer(status_text, self._status_label)
        if status is None and is_not_stated(status_text):
            status, status_text = role_status, ""
        if status is None and status_text and (rule_id or rule_name):
            self._remarks.add("status_unknown", row_number, word=status_text)
            return None
        rule = None
        if status is not None:
            rule_id = "" if is_empty_id(rule_id) else normalise_rule_id(rule_id)
            rule = self._rules.find_or_add_rule(rule_id, rule_name)
        if rule is None or status is None:
            self._remarks.add("rows_skipped", row_number)
            return None
        account, remarks = self._read_account(cells, account)
        if rule.by_name and "rule_id" in self._column_of:
            remarks.append(("rule_id_empty", {}))
        region = normalise_region(region)
        if region and not is_region_id(region):
            remarks.append(("region_unknown", {"word": region}))
        risk = parse_risk(risk_text)
        if risk_text and not risk and not is_not_stated(risk_text):
            remarks.append(("risk_unknown", {"word": risk_text}))
        place = (account, region, resource_type)
        shared = EvaluationGroup(
            rule.number, int(status), risk or self._rules.find_risk(rule), *place, rows=0
        )
        group = SheetGroup(
            number=self._collector.groups.add(shared),
            rule=rule,
            status=shared.status,
            risk=shared.risk,
            rule_hash=hash_rule(rule.key),
            place_hash=hash_place(*place),
            states_place=states_place(place, self._place_meanings),
            remarks=tuple(remarks),
            has_lost_digits=is_lost_text(rule_id) or is_lost_text(texts[2]),
        )
        self._groups[texts] = group
        return group

    def _read_account(
        self, cells: list[Cell], text: str
    ) -> tuple[str, list[tuple[RemarkCode, Facts]]]:
        """Return the account of a row, and remarks on it.

        It is that of the whole file if the cell names none, or a number that lost digits.
        """
        column = self._column_of.get("account_id", _NO_COLUMN)
        cell = cells[column] if column < len(cells) else None
        if is_empty_id(text) or not text:
            return self._account, [("account_empty", {})] if column != _NO_COLUMN else []
        account = "" if has_lost_digits(cell) else normalise_account(text)
        return account or self._account, []

    def finish(self) -> None:
        """Forget the groups; rows that are added afterwards begin new ones."""
        self._groups.clear()


def _name_column(column: int) -> str:
    """Return the letters by which a spreadsheet names a column: A for 0, AA for 26."""
    letters = ""
    number = column + 1
    while number:
        number, letter = divmod(number - 1, 26)
        letters = chr(ord("A") + letter) + letters
    return letters


def _read_resource_id(text: str, name: str) -> str:
    """Return the id of a resource; "" if the text says that there is none.

    A bucket may be called "none": then its name says the same.
    """
    has_same_name = text == name and text.isalnum()
    return "" if is_empty_id(text) and not has_same_name else text


def _read_texts(cells: Sequence[Cell], columns: Sequence[int]) -> tuple[str, ...]:
    """Return the texts of a row in these columns; "" for a column after the end of the row."""
    width = len(cells)
    texts = []
    for column in columns:
        cell = cells[column] if column < width else None
        if isinstance(cell, str):  # most cells are
            # Most have no invisible characters; other texts repeat and are cleaned once.
            is_clean = cell.isascii() and (len(cell) > _LONGEST_ID or cell.isprintable())
            texts.append(cell.strip() if is_clean else clean_text(cell))
        else:
            texts.append(cell_to_text(cell))
    return tuple(texts)


def _has_lost_number(cells: Sequence[Cell], columns: Sequence[int]) -> bool:
    """Return whether an id in these columns is a number that lost digits, or a date."""
    for column in columns:
        cell = cells[column] if column < len(cells) else None
        if isinstance(cell, (int, float, dict)) and has_lost_digits(cell):
            return True
    return False
