"""Convert one file, or the members of a zip, to the stored form."""

import importlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice, pairwise
from pathlib import Path
from typing import cast

from .cells import Cell, SourceSheet, cell_to_text
from .contents import READER_VERSION, Contents, SheetInfo, ZipMember, dump_contents
from .errors import WorkbookError
from .evaluations import STATUS_BY_ROLE, EvaluationCollector, SheetCollector
from .file_kinds import detect_file_kind
from .headers import (
    HEADER_SEARCH_ROWS,
    Header,
    detect_language,
    detect_sheet_role,
    find_header,
    has_evaluation_rows,
    has_rule_rows,
    read_overview_values,
)
from .limits import XLS_ROWS, Limits
from .rule_collector import RuleCollector, parse_count
from .status_codes import StatusCode
from .stored_form import CHUNK_ROWS, StoredFileWriter, encode_json
from .times import TimeRange, normalise_time
from .vocabulary import COUNT_MEANINGS, find_sheet_role
from .zip_members import REPORT_FILE_NAME, add_member_to_errors, unpack_members

# The module that reads each kind of file, with a function read_sheets(path).
READER_MODULES = {
    "xls": "xls",
    "xlsx": "xlsx",
    "html": "html",
    "csv": "delimited",
    "spreadsheetml": "spreadsheetml",
}
_RULE_LIST_ROWS = 5_000  # of a rule list that are read


@dataclass
class _OpenSheet:
    """A sheet while it is converted."""

    info: SheetInfo
    source: SourceSheet
    header: Header | None
    first_rows: list[list[Cell]]

    def has_evaluation_rows(self) -> bool:
        return self.header is not None and has_evaluation_rows(self.info.role, self.header)

    def has_rule_rows(self) -> bool:
        return self.header is not None and has_rule_rows(self.info.role, self.header)

    @property
    def first_data_row(self) -> int:
        return self.header.row + 1 if self.header else 0


def convert_file(source: Path, target: Path, folder: Path, account: str, limits: Limits) -> object:
    """Read `source` and write its stored form to `target`.

    `folder` is an empty folder for the members of a zip; `account` owns the rows that name no
    account. Raises WorkbookError, and whatever the libraries raise.
    Return what was read: to free it takes time, which a process that ends right away can save.
    """
    contents = Contents(READER_VERSION, detect_file_kind(source, limits))
    with StoredFileWriter(target) as writer:
        conversion = _Conversion(contents, writer, limits, account)
        if contents.kind == "zip":
            for member, path in unpack_members(source, folder, limits):
                with add_member_to_errors(member.name):
                    conversion.add_member(path, member)
        else:
            conversion.add_file(path=source)
        conversion.finish()
    return conversion


class _Conversion:
    """The conversion of one file: add the file or its members, then finish."""

    def __init__(
        self, contents: Contents, writer: StoredFileWriter, limits: Limits, account: str
    ) -> None:
        self._contents = contents
        self._account = account
        self._writer = writer
        self._limits = limits
        self._cell_count = 0
        self._word_languages: list[str] = []
        self._listed_statuses: set[StatusCode] = set()
        self._rules = RuleCollector()
        self._times = TimeRange()
        self._evaluations = EvaluationCollector(self._rules, contents, self._times)
        self._sheets: list[_OpenSheet] = []  # of the current file; held until the next one

    def add_file(self, path: Path) -> None:
        """Convert the only file. The account given goes before the one that its overview states."""
        sheets = self._open_sheets(path, self._contents.kind, member_number=None)
        overview = self._read_overview(sheets)
        self._contents.account_uid = overview.get("account_id", "")
        self._convert_sheets(sheets, self._account or self._contents.account_uid)

    def add_member(self, path: Path, member: ZipMember) -> None:
        """Convert a member of a zip. Its name tells its account, else its overview does."""
        sheets = self._open_sheets(path, member.kind, len(self._contents.members))
        self._contents.members.append(member)
        overview = self._read_overview(sheets)
        report_name = REPORT_FILE_NAME.search(member.name)
        own_account = report_name["account"] if report_name else overview.get("account_id", "")
        self._convert_sheets(sheets, own_account or self._account)

    def finish(self) -> None:
        """Write what is complete only after all sheets: evaluations, groups and contents."""
        contents = self._contents
        contents.rows = self._writer.write_evaluations(self._evaluations.take_buckets())
        self._writer.write_entry("groups.json", encode_json(self._evaluations.groups))
        if contents.duplicates:
            contents.add_note("duplicate_keys", rows=contents.duplicates)
        self._evaluations.finish()
        contents.rules = self._rules.rules
        for rule in contents.rules:
            self._listed_statuses |= {StatusCode(status) for status in rule.counts}
        contents.language = detect_language(self._word_languages)
        contents.lists = [status.name for status in sorted(self._listed_statuses)]
        contents.evaluated_from, contents.evaluated_to = self._times.first, self._times.last
        self._writer.write_entry("contents.json", dump_contents(contents))

    def _open_sheets(self, path: Path, kind: str, member_number: int | None) -> list[_OpenSheet]:
        # Import only the reader that this file needs.
        reader = importlib.import_module(f".{READER_MODULES[kind]}", __package__)
        self._sheets = []  # free those of the member before
        read_sheets = cast("Callable[[Path], list[SourceSheet]]", reader.read_sheets)
        for source in read_sheets(path):
            self._sheets.append(self._open_sheet(source, member_number))
        _continue_headers(self._sheets)
        return self._sheets

    def _open_sheet(self, source: SourceSheet, member_number: int | None) -> _OpenSheet:
        first_rows = list(islice(source.read_rows(), HEADER_SEARCH_ROWS))
        header = find_header(first_rows)
        role = detect_sheet_role(source.name, header)
        number = len(self._contents.sheets)
        info = SheetInfo(number, member_number, source.name, source.hidden, role=role)
        self._contents.sheets.append(info)
        _role, name_language = find_sheet_role(source.name)
        self._word_languages.append(name_language)
        if header:
            self._word_languages += header.languages
        if header and role:
            info.header_row = header.row
            info.recognised = dict(header.meanings)
        return _OpenSheet(info, source, header, first_rows)

    def _read_overview(self, sheets: list[_OpenSheet]) -> dict[str, str]:
        """Return what the overviews of a file state, and add it to the contents.

        The counts of several members of a zip add up.
        """
        overview: dict[str, str] = {}
        for sheet in sheets:
            if sheet.info.role == "overview":
                # A rule list may follow the values on the same sheet.
                stop = sheet.header.row if sheet.header and sheet.has_rule_rows() else None
                overview |= read_overview_values(sheet.first_rows[:stop])
        contents = self._contents
        for meaning in ("total", *COUNT_MEANINGS):
            count = parse_count(overview.get(meaning, ""))
            if count is not None:
                contents.stated[meaning] = contents.stated.get(meaning, 0) + count
        contents.pack_id = contents.pack_id or _find_pack_id(overview.get("pack_id", ""))
        contents.pack_name = contents.pack_name or overview.get("pack_name", "")
        created_at = normalise_time(overview.get("created_at", "")) or ""
        contents.created_at = max(contents.created_at, created_at)
        return overview

    def _convert_sheets(self, sheets: list[_OpenSheet], account: str) -> None:
        """Convert rule lists first: rows that give only a rule's name take its id from there."""
        for sheet in sheets:
            if sheet.header and sheet.has_rule_rows():
                start = sheet.first_data_row
                rows = islice(sheet.source.read_rows(), start, start + _RULE_LIST_ROWS)
                self._rules.add_rule_list(sheet.header, list(rows))
        for sheet in sheets:
            self._convert_sheet(sheet, account)

    def _convert_sheet(self, sheet: _OpenSheet, account: str) -> None:
        collector: SheetCollector | None = None
        if sheet.has_evaluation_rows():
            collector = self._evaluations.open_sheet(sheet.info, account)
        first_row = 0
        for number, rows in enumerate(_split_into_chunks(sheet.source.read_rows())):
            self._count_cells(sheet.info, rows)
            sheet.info.rows = first_row + len(rows)
            if self._writer.write_rows(sheet.info.number, number, rows):
                rows = _remove_nul(rows)
            if collector:
                skipped = max(sheet.first_data_row - first_row, 0)
                collector.add_rows(rows[skipped:], first_row + skipped)
            first_row += CHUNK_ROWS
        if collector:
            collector.finish()
        self._note_listed_statuses(sheet.info, is_collected=collector is not None)
        self._note_incomplete_reading(sheet.info, is_collected=collector is not None)

    def _count_cells(self, info: SheetInfo, rows: list[list[Cell]]) -> None:
        widths = [len(row) for row in rows]
        info.columns = max(info.columns, *widths)
        self._cell_count += sum(widths) + len(rows)
        if self._cell_count > self._limits.cells:
            raise WorkbookError("too_many_cells", limit=self._limits.cells)

    def _note_listed_statuses(self, info: SheetInfo, *, is_collected: bool) -> None:
        """Remember which statuses the file lists row by row."""
        if info.role == "evaluations":
            self._listed_statuses |= set(StatusCode)
        elif info.role in STATUS_BY_ROLE and (is_collected or info.rows <= 1):
            # A sheet with one line, such as "none", lists its status too.
            self._listed_statuses.add(STATUS_BY_ROLE[info.role])

    def _note_incomplete_reading(self, info: SheetInfo, *, is_collected: bool) -> None:
        if info.rows >= XLS_ROWS and self._kind_of(info) == "xls":
            self._contents.add_note("sheet_full", sheet=info.number, rows=info.rows)
        if info.rows > 1 and not is_collected and info.role not in ("overview", "rules"):
            self._contents.add_note("sheet_unrecognised", sheet=info.number, name=info.name)

    def _kind_of(self, info: SheetInfo) -> str:
        if info.member is None:
            return self._contents.kind
        return self._contents.members[info.member].kind


def _continue_headers(sheets: list[_OpenSheet]) -> None:
    """Give a sheet without a header that of the sheet before it, if it can be its continuation.

    Writers begin another sheet when one is full.
    """
    for previous, sheet in pairwise(sheets):
        role, header = previous.info.role, previous.header
        if not role or not header or sheet.header or not sheet.first_rows:
            continue
        is_same_list = sheet.info.role in ("", role)
        if is_same_list and len(sheet.first_rows[0]) >= len(header.meanings):
            sheet.info.role = role
            sheet.info.recognised = dict(previous.info.recognised)
            sheet.header = Header(-1, header.meanings)


def _remove_nul(rows: list[list[Cell]]) -> list[list[Cell]]:
    return [[cell_to_text(cell) if isinstance(cell, str) else cell for cell in row] for row in rows]


def _split_into_chunks(rows: Iterator[list[Cell]]) -> Iterator[list[list[Cell]]]:
    """Yield the rows in lists of CHUNK_ROWS, without the empty rows at the end of the sheet."""
    waiting_chunk: list[list[Cell]] = []  # may turn out to be the last one
    empty_chunks = 0  # between the waiting chunk and the next one
    while chunk := list(islice(rows, CHUNK_ROWS)):
        chunk = [row if any(cell is not None for cell in row) else [] for row in chunk]
        if not any(chunk):
            empty_chunks += 1
            continue
        if waiting_chunk:
            yield waiting_chunk
        for _ in range(empty_chunks):
            yield [[] for _ in range(CHUNK_ROWS)]
        waiting_chunk, empty_chunks = chunk, 0
    while waiting_chunk and not waiting_chunk[-1]:
        waiting_chunk.pop()
    if waiting_chunk:
        yield waiting_chunk


def _find_pack_id(text: str) -> str:
    match = re.search(r"\bc[a-z]-[0-9A-Za-z]{4,}", text)
    return match[0] if match else ""
