"""The table to export, in a form from which every writer (csv, json, xlsx) can write a file."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Cells = tuple[Any, ...]


@dataclass(frozen=True)
class ExportColumn:
    """A column of a table: `key` names it in .json, `heading` in the formats that people read."""

    key: str
    heading: str
    # The text to write for each value. The .json file has the values themselves.
    labels: Mapping[Any, str] | None = None


@dataclass(frozen=True)
class RowGroup:
    """Rows that become one sheet of a workbook; other formats write all groups as one table."""

    title: str
    rows: Iterable[Cells]


@dataclass(frozen=True)
class AboutSheet:
    """The sheet of a workbook that says where the rows come from.

    Each fact (name, value) is a row of it. `is_first` puts it before the sheets with rows.
    """

    title: str
    facts: list[tuple[str, Any]]
    is_first: bool


@dataclass(frozen=True)
class ExportTable:
    """A table to export; its rows can be read only once."""

    file_stem: str  # the file name without suffix
    columns: list[ExportColumn]
    groups: list[RowGroup]
    row_count: int
    about: AboutSheet
    # The facts that a .json file has before its rows.
    json_properties: dict[str, Any]

    @property
    def headings(self) -> list[str]:
        return [column.heading for column in self.columns]

    def label_rows(self, rows: Iterable[Cells]) -> Iterator[Cells]:
        """Yield the rows, with values replaced by labels in the columns that have labels."""
        labels_by_index = [
            (index, column.labels) for index, column in enumerate(self.columns) if column.labels
        ]
        if not labels_by_index:
            yield from rows
            return
        for row in rows:
            cells = list(row)
            for index, labels in labels_by_index:
                cells[index] = labels[cells[index]]
            yield tuple(cells)
