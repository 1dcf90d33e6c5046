"""Remarks: what a user must know about a file, such as rows that could not be counted.

A remark has a code (see RemarkCode), the sheet and the rows that it is about, and facts: the names
and numbers of its sentence. The sentences are in dashboard/text/remark_sentences.py.
"""

from dataclasses import dataclass, field
from typing import Literal, get_args

RemarkCode = Literal[
    "member_foreign",  # a file of the zip that is no report
    "member_unread",  # a file of the zip that could not be read
    "export_filtered",  # this product's own export with only a part of a report's rows
    "sheet_unread",  # the workbook names this sheet, but it could not be read
    "sheet_missing",  # the workbook names this sheet, but the file does not hold it
    "sheet_without_cells",  # a chart or a dialog
    "formats_unread",  # the styles are damaged, so that dates may be shown as numbers
    "sheet_hidden",  # a sheet with evaluations that the file hides
    "hidden_parts",  # rows and columns that the file hides
    "rows_misnumbered",  # rows whose number is not valid or not their own
    "cells_unreadable",  # cells that refer to a text that the file does not hold
    "cells_unplaced",  # cells without a valid place, or two in one place
    "cells_misplaced",  # cells whose reference names another row
    "sheet_cut",  # the sheet is damaged: the rows after this one could not be read
    "cells_damaged",  # cells whose records are damaged
    "characters_lost",  # texts with bytes that are no characters
    "quote_open",  # rows with a quote that is never closed
    "cell_holds_rows",  # rows with a cell that seems to hold other rows
    "cells_beyond",  # rows with more cells than the others
    "row_cut",  # a text file ends within a row
    "page_not_closed",  # a page ends without its last tags, but behind its tables
    "page_cut",  # a page ends within a table
    "sheet_unrecognised",  # no column of the sheet is known
    "sheet_full",  # the sheet has as many rows as its format allows
    "status_missing",  # evaluations of a sheet that nothing gives a status
    "rows_skipped",  # rows that name no status, no rule or no resource
    "rows_other_table",  # rows of another table below the first
    "rows_total",  # sums
    "rows_repeated_head",  # the header once more
    "rows_no_data",  # lines that say that there are no rows
    "rows_note",  # text beside the table
    "rules_cut",  # rules below the part of a long list that is read
    "status_unknown",  # a word that is no known status
    "risk_unknown",  # a word that is no known risk
    "id_empty",  # resources without an id, in a sheet with a column for it
    "id_column_missing",  # resources of a sheet are known by their names only
    "rule_id_empty",  # rules known by their names only, in a sheet with a column for the id
    "account_empty",  # rows without an account, in a sheet with a column for it
    "region_unknown",  # a name that is no known region
    "column_unknown",  # a column that may hold a status, a risk or an identity
    "time_doubtful",  # a time that is not understood
    "digits_lost",  # ids that are numbers, of which a spreadsheet keeps 15 digits
    "numbers_changed",  # a newer version of the reader gave other numbers; a rebuild adds it
    "results_unread",  # the evaluation results beside the file could not be read
    "results_rows_skipped",  # their rows that name no status, no rule or no resource
    "results_status_unknown",  # their rows with a word that is no known status
    "results_values_unread",  # their rows with a value that is not understood
    "results_repeated",  # their rows that repeat the rule and the resource of another row
    "results_rules_unmatched",  # rules that the file names without an id, unknown to the results
    "results_fewer",  # evaluations that the cloud states, and the evaluation results do not have
    "duplicate_keys",  # rows that repeat the rule and the resource of another row
]
REMARK_CODES: tuple[str, ...] = get_args(RemarkCode)
# The remarks which say that rows of the file are not among its evaluations.
UNCOUNTED_CODES = frozenset(
    {
        "export_filtered",
        "member_foreign",
        "member_unread",
        "sheet_unread",
        "sheet_missing",
        "sheet_cut",
        "cell_holds_rows",
        "row_cut",
        "page_cut",
        "sheet_unrecognised",
        "rows_skipped",
        "status_missing",
        "rows_other_table",
        "rules_cut",
        "status_unknown",
        "results_unread",
        "results_rows_skipped",
        "results_status_unknown",
    }
)

_MAXIMUM_RANGES = 1_000  # of rows in one remark; further rows are counted only
_SHOWN_RANGES = 10
_MAXIMUM_VARIANTS = 20  # remarks with the same code and other facts; further ones are joined
_MAXIMUM_FACT_LENGTH = 100  # characters

Facts = dict[str, str | int]


@dataclass
class Remark:
    """A remark about a file.

    `sheet` is the number of the sheet, None for the whole file. `rows` names the rows from 1, as
    spreadsheets number them: "3-5, 9"; it may end with "…". `count` is the number of all its rows.
    """

    code: str
    sheet: int | None = None
    rows: str = ""
    count: int = 0
    facts: Facts = field(default_factory=dict)

    @property
    def is_uncounted(self) -> bool:
        """Whether something of the file is not among its evaluations."""
        return self.code in UNCOUNTED_CODES


class RemarkCollector:
    """Collects the remarks on one sheet, or on the whole file.

    Remarks with the same code and facts are one remark on several rows. A sheet may be read more
    than once: a row that comes again is not counted again.
    """

    def __init__(self) -> None:
        self._rows_by_remark: dict[tuple[RemarkCode, tuple[tuple[str, str | int], ...]], _Rows] = {}

    def add(self, code: RemarkCode, row: int | None = None, **facts: str | int) -> None:
        """Add a remark, or a row to a remark. `row` counts from 0; rows must come in order."""
        key = (code, tuple((name, _clean_fact(value)) for name, value in facts.items()))
        if key not in self._rows_by_remark:
            variants = sum(code == other for other, _facts in self._rows_by_remark)
            if variants >= _MAXIMUM_VARIANTS:
                key = (code, ())
        rows = self._rows_by_remark.setdefault(key, _Rows())
        if row is not None:
            rows.add(row)

    def has_uncounted_remarks(self) -> bool:
        return any(remark.is_uncounted for remark in self.list_remarks())

    def list_remarks(self, sheet: int | None = None) -> list[Remark]:
        """Return the remarks as remarks on the sheet with this number, or on the whole file."""
        return [
            Remark(code, sheet, str(rows), rows.count, dict(facts))
            for (code, facts), rows in self._rows_by_remark.items()
        ]


class _Rows:
    """The rows of a remark, as ranges in ascending order."""

    def __init__(self) -> None:
        self.count = 0
        self._ranges: list[tuple[int, int]] = []  # first and last row, from 0
        self._last = -1

    def add(self, row: int) -> None:
        """Add a row; do nothing if it, or a row after it, was added before."""
        if row <= self._last:
            return
        self.count += 1
        self._last = row
        if self._ranges and self._ranges[-1][1] == row - 1:
            self._ranges[-1] = (self._ranges[-1][0], row)
        elif len(self._ranges) < _MAXIMUM_RANGES:
            self._ranges.append((row, row))

    def __str__(self) -> str:
        shown = [
            f"{first + 1}-{last + 1}" if last > first else str(first + 1)
            for first, last in self._ranges[:_SHOWN_RANGES]
        ]
        if len(self._ranges) > _SHOWN_RANGES:
            shown.append("…")
        return ", ".join(shown)


def _clean_fact(value: str | int) -> str | int:
    """Return a short text without characters that databases refuse; a number unchanged."""
    if isinstance(value, int):
        return value
    text = value.encode("utf-8", "replace").decode().replace("\0", "")
    return text if len(text) <= _MAXIMUM_FACT_LENGTH else text[: _MAXIMUM_FACT_LENGTH - 1] + "…"
