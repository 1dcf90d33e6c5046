"""A table to export: all that the writers of the formats need to know of it."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Cells = tuple[Any, ...]


@dataclass(frozen=True)
class ExportColumn:
    """A column of a table: `key` names it in .json, `heading` in the formats that people read."""

    key: str
    heading: str
    # The labels of the values, where .json keeps the values themselves.
    labels: Mapping[Any, str] | None = None


@dataclass(frozen=True)
class RowGroup:
    """Rows that make a sheet of a workbook; other formats write all groups as one table."""

    title: str
    rows: Iterable[Cells]


@dataclass(frozen=True)
class AboutSheet:
    """The sheet of a workbook that says where its rows are from: a name and a value a row."""

    title: str
    facts: list[tuple[str, Any]]
    is_first: bool


@dataclass(frozen=True)
class ExportTable:
    """A table to export; its rows can be read once."""

    file_stem: str
    columns: list[ExportColumn]
    groups: list[RowGroup]
    row_count: int
    about: AboutSheet
    # What a .json says beside its rows.
    json_properties: dict[str, Any]

    @property
    def headings(self) -> list[str]:
        return [column.heading for column in self.columns]

    def label_rows(self, rows: Iterable[Cells]) -> Iterator[Cells]:
        """Return rows with labels in place of values, in the columns that have labels."""
        labels = [(i, column.labels) for i, column in enumerate(self.columns) if column.labels]
        if not labels:
            yield from rows
            return
        for row in rows:
            cells = list(row)
            for i, column_labels in labels:
                cells[i] = column_labels[cells[i]]
            yield tuple(cells)
