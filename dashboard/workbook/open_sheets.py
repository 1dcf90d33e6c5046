"""A sheet while it is converted: its header, what it lists, and whether it continues another."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from .cells import Cell, SourceSheet
from .contents import SheetInfo
from .continuation import continues_list
from .headers import Header, has_evaluation_rows, has_rule_rows
from .row_kinds import find_row_kind


@dataclass
class OpenSheet:
    """A sheet while it is converted; `header` is None if no header was found."""

    info: SheetInfo
    source: SourceSheet
    header: Header | None
    first_rows: list[list[Cell]]

    def has_evaluation_rows(self) -> bool:
        return self.header is not None and has_evaluation_rows(self.info.role, self.header)

    def has_rule_rows(self) -> bool:
        return self.header is not None and has_rule_rows(self.info.role, self.header)

    @property
    def is_lost(self) -> bool:
        """Whether the sheet is damaged so that no row of it could be read."""
        return not self.info.is_read and self.source.remarks.has_uncounted_remarks()

    @property
    def says_there_is_none(self) -> bool:
        """Whether the sheet is empty, or has only one line such as "none" or a title."""
        is_whole = self.info.is_read and not self.source.remarks.has_uncounted_remarks()
        if not is_whole or self.info.rows > 1:
            return False
        lines = [row for row in self.first_rows if row]
        return all(len(row) == 1 or find_row_kind(row, {}) == "rows_no_data" for row in lines)

    @property
    def first_data_row(self) -> int:
        """The index of the first row below the header."""
        return self.header.row + 1 if self.header else 0


def continue_headers(sheets: Sequence[OpenSheet]) -> None:
    """Give a sheet without a header the header of the sheet before it, if both are one list."""
    for previous, sheet in pairwise(sheets):
        role, header = previous.info.role, previous.header
        if not role or not header or sheet.header or not sheet.first_rows:
            continue
        previous_rows = previous.first_rows[previous.first_data_row :]
        if sheet.info.role in ("", role) and continues_list(
            header, previous.info.name, previous_rows, sheet.info.name, sheet.first_rows
        ):
            sheet.info.role = role
            sheet.info.recognised = dict(previous.info.recognised)
            # The header stands above the first row.
            sheet.header = Header(row=-1, meanings=header.meanings, labels=header.labels)
