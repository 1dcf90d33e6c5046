"""Remember which rows and columns of a sheet are hidden in the file, and remark it.

Only rows that have cells count, and only columns within the width of the sheet: programs hide the
rest of a sheet for its looks.
"""

from array import array

from .limits import XLSX_COLUMNS
from .remarks import RemarkCollector


class HiddenParts:
    """The hidden rows and columns of one sheet while its rows are read."""

    def __init__(self) -> None:
        self._rows = array("L")
        self._columns: set[int] = set()
        self._width = 0

    def add_columns(self, first: int, last: int) -> None:
        """Remember hidden columns; both numbers count from 0."""
        self._columns.update(range(max(first, 0), min(last, XLSX_COLUMNS - 1) + 1))

    def add_row(self, row: int, width: int, *, is_hidden: bool) -> None:
        """Add a row that has cells; `row` counts from 0, and rows come in order."""
        self._width = max(self._width, width)
        if is_hidden:
            self._rows.append(row)

    def add_remark(self, remarks: RemarkCollector) -> None:
        """Add a remark if the sheet has hidden rows or columns."""
        facts = {
            "rows": len(self._rows),
            "columns": sum(column < self._width for column in self._columns),
        }
        for row in self._rows:
            remarks.add("hidden_parts", row, **facts)
        if facts["columns"] and not facts["rows"]:
            remarks.add("hidden_parts", **facts)


def is_zero(size: str | None) -> bool:
    """Return whether a height or a width is stated as 0, which hides a row or a column."""
    if not size:
        return False
    try:
        return float(size) == 0
    except ValueError:
        return False
