"""Give every row that a merged cell covers the value of the cell.

A merged rule name belongs to all rows beside it. Only rows are filled, not columns: a title that is
merged across a table is not the value of each of its columns.
"""

from collections.abc import Iterable

from .cells import Cell, MergedRange


class MergedCellFiller:
    """Fills the rows of one sheet; the rows must come in order, from the first to the last."""

    def __init__(self, ranges: Iterable[MergedRange]) -> None:
        covering_rows = [merged for merged in ranges if merged.last_row > merged.first_row]
        # The next range comes last, so that it can be popped.
        self._waiting = sorted(covering_rows, reverse=True)
        self._open: dict[int, tuple[int, Cell]] = {}  # last row and value of a range, by column

    def fill_rows(self, rows: list[list[Cell]], first_row: int) -> list[list[Cell]]:
        """Return these rows with the values of merged cells; `first_row` is the first's index."""
        if not self._waiting and not self._open:
            return rows
        return [self._fill_row(row, number) for number, row in enumerate(rows, first_row)]

    def _fill_row(self, row: list[Cell], number: int) -> list[Cell]:
        self._open = {
            column: (last_row, value)
            for column, (last_row, value) in self._open.items()
            if last_row >= number
        }
        filled = list(row)
        for column, (_last_row, value) in self._open.items():
            if column >= len(filled):
                filled += [None] * (column + 1 - len(filled))
            if filled[column] is None:
                filled[column] = value
        while self._waiting and self._waiting[-1].first_row <= number:
            merged = self._waiting.pop()
            column = merged.first_column
            if merged.first_row == number and column < len(row) and row[column] is not None:
                self._open[column] = (merged.last_row, row[column])
        return filled
