"""The table to export, in a form from which every writer (csv, json, xlsx) can write a file."""

import datetime as dt
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

from django.utils import timezone

from dashboard.text.formatting import format_time, format_zone_name

Cells = tuple[Any, ...]
FILE_NAME_BYTES = 255  # of UTF-8: the limit of file systems
LONGEST_SUFFIX_BYTES = len(".xlsx")
FORBIDDEN_IN_FILE_NAMES = re.compile(r'[\x00-\x1f\x7f-\x9f\u2028\u2029<>:"/\\|?*]')


class ExportFact(NamedTuple):
    """What a file says of itself: under a key in .json, in words on the sheet of a workbook.

    A value that is a time is a real date in .xlsx and a text with its zone elsewhere.
    """

    key: str
    label: str
    value: Any


def encode_facts(facts: Iterable[ExportFact]) -> dict[str, Any]:
    """Return the facts for .json: values by key, times as texts with their zone."""
    return {
        fact.key: format_time(fact.value) if isinstance(fact.value, dt.datetime) else fact.value
        for fact in facts
    }


@dataclass(frozen=True)
class ExportColumn:
    """A column of a table: `key` names it in .json, `heading` in the formats that people read."""

    key: str
    heading: str
    # The text to write for each value. The .json file has the values themselves.
    labels: Mapping[Any, str] | None = None
    # The cells are times or None: real dates in .xlsx, texts with their zone elsewhere.
    holds_times: bool = False


@dataclass(frozen=True)
class RowGroup:
    """Rows that become one sheet of a workbook; other formats write all groups as one table."""

    title: str
    rows: Iterable[Cells]


@dataclass(frozen=True)
class RemarkSheet:
    """The sheet of a workbook that lists the remarks on a report's file.

    A .csv has no other place than its rows: there `summary` stands in a last column.
    """

    title: str
    headings: tuple[str, ...]
    rows: list[Cells]
    summary: str


@dataclass(frozen=True)
class AboutSheet:
    """The sheet of a workbook that says where the rows come from.

    Each fact (name, value) is a row of it. `is_first` puts it before the sheets with rows.
    """

    title: str
    facts: list[tuple[str, Any]]
    is_first: bool

    @property
    def xlsx_facts(self) -> list[tuple[str, Any]]:
        """The facts; the names of times name the zone, which an Excel date cannot hold."""
        zone = format_zone_name()
        return [
            (f"{name} ({zone})" if isinstance(value, dt.datetime) else name, value)
            for name, value in self.facts
        ]


def join_file_stem(
    pack_name: str,
    account_uid: str,
    times: Sequence[dt.datetime],
    title: str,
    row_count: int,
    total_count: int,
) -> str:
    """Return a file's name: pack, account, times with their zone, table, rows of all rows.

    Names of packs and tables are cut so that the whole name fits file systems.
    """
    local_times = [f"{timezone.localtime(moment):%Y%m%dT%H%M%z}" for moment in times]
    counts = f"{row_count}" if row_count == total_count else f"{row_count}-of-{total_count}"
    fixed_parts = "-".join((account_uid, *local_times, counts))
    size = FILE_NAME_BYTES - LONGEST_SUFFIX_BYTES - len(fixed_parts.encode()) - len("--")
    title = cut_utf8(clean_file_name(title), size // 3)
    pack_name = cut_utf8(clean_file_name(pack_name), size - len(title.encode()))
    return "-".join((pack_name, account_uid, *local_times, title, counts))


def clean_file_name(name: str) -> str:
    """Return a name without the characters that a file system or a header refuses."""
    return FORBIDDEN_IN_FILE_NAMES.sub("_", name)


def cut_utf8(text: str, size: int) -> str:
    """Return the longest start of a text that has at most so many bytes in UTF-8."""
    return text.encode("utf-8", "replace")[:size].decode("utf-8", "ignore")


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
    remark_sheet: RemarkSheet | None = None

    @property
    def headings(self) -> list[str]:
        return [column.heading for column in self.columns]

    @property
    def xlsx_headings(self) -> list[str]:
        """The headings; those of times name the zone, which an Excel date cannot hold."""
        zone = format_zone_name()
        return [
            f"{column.heading} ({zone})" if column.holds_times else column.heading
            for column in self.columns
        ]

    def convert_times(
        self, rows: Iterable[Cells], convert: Callable[[dt.datetime], Any]
    ) -> Iterator[Cells]:
        """Return rows with the cells of each column of times converted; None becomes empty."""
        places = [i for i, column in enumerate(self.columns) if column.holds_times]
        if not places:
            yield from rows
            return
        convert_once = cache(convert)  # many rows have the same few times
        for row in rows:
            cells = list(row)
            for i in places:
                cells[i] = convert_once(cells[i]) if cells[i] else ""
            yield tuple(cells)

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
