"""The conversion of one file, or of the members of a zip, sheet by sheet."""

import gc
import importlib
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import cast

from .cells import Cell, SourceSheet
from .contents import Contents, SheetInfo, ZipMember, dump_contents
from .errors import WorkbookError
from .evaluation_groups import GroupTable
from .evaluation_hashes import forget_resources
from .evaluations import STATUS_BY_ROLE, EvaluationCollector
from .headers import (
    HEADER_SEARCH_ROWS,
    Header,
    detect_language,
    detect_sheet_role,
    find_header,
    lacks_status,
)
from .limits import XLS_ROWS, Limits
from .merged_cells import MergedCellFiller
from .open_sheets import OpenSheet, continue_headers
from .overview import OVERVIEW_ROWS, OverviewContents, read_overview
from .overview_collector import OverviewCollector
from .placeless_rows import DOCUMENTED_PLACE_MEANINGS
from .remarks import Facts, Remark, RemarkCode, RemarkCollector
from .result_collector import ResultCollector, ResultsSource, open_results
from .row_chunks import check_text_size, remove_nul, split_into_chunks
from .rule_collector import RuleCollector
from .sheet_collector import SheetCollector
from .source_merging import SourceMerger
from .status_codes import StatusCode
from .stored_form import CHUNK_ROWS, StoredFileWriter, encode_json
from .times import TimeRange
from .vocabulary import find_sheet_role
from .zip_members import REPORT_FILE_NAME, is_foreign

# The module that reads each kind of file, with a function read_sheets(path).
READER_MODULES = {
    "xls": "xls",
    "xlsx": "xlsx",
    "html": "html",
    "csv": "delimited",
    "json": "export_json",
    "spreadsheetml": "spreadsheetml",
}
ReadSheets = Callable[[Path, RemarkCollector], list[SourceSheet]]
_RULE_LIST_ROWS = 5_000  # the maximum that is read of a rule list


class FileConversion:
    """The conversion of one file, and of the evaluation results beside it.

    Call read_result_rules, then add_file, or add_member for each member, then finish.
    """

    def __init__(
        self,
        contents: Contents,
        writer: StoredFileWriter,
        limits: Limits,
        account: str,
        folder: Path,
        results: ResultsSource | None,
    ) -> None:
        self._contents = contents
        self._account = account
        self._writer = writer
        self._limits = limits
        self._remarks = RemarkCollector()  # on the current file or member
        self._cell_count = 0
        self._word_languages: list[str] = []  # of all words recognised so far
        self._overviews = OverviewCollector(contents)
        self._listed_statuses: set[StatusCode] = set()
        self._rules = RuleCollector()
        self._times = TimeRange()
        self._groups = GroupTable()
        self._place_meanings: set[str] = set()  # of the columns of all lists
        self._rule_meanings: set[str] = set()  # "rule_id", "rule_name": those of all lists
        self._results: ResultCollector | None = None
        merger = None
        if results:
            self._results = open_results(
                results, limits, account, self._rules, self._groups, contents, folder
            )
        if self._results:
            merger = SourceMerger(contents, self._results.summary, self._groups)
        self._evaluations = EvaluationCollector(self._rules, contents, self._groups, folder, merger)
        self._sheets: list[OpenSheet] = []  # of the current file or member

    def read_result_rules(self) -> None:
        """Read the rules of the evaluation results, if there are any."""
        if self._results:
            self._results.read_rules()

    def add_file(self, path: Path) -> None:
        """Convert a file that is no zip.

        Rows without an account belong to the account of the whole file, or else to the account that
        its overview sheet states.
        """
        sheets = self._open_sheets(path, self._contents.kind, member_index=None)
        overview = self._read_overview(sheets)
        self._contents.account_uid = overview.values.get("account_id", "")
        self._convert_sheets(sheets, self._account or self._contents.account_uid)
        self._contents.remarks += self._remarks.list_remarks()

    def add_member(self, path: Path, member: ZipMember) -> None:
        """Convert one workbook of a zip.

        Its account comes from its file name, or else from its overview sheet, or else it is the
        account of the whole zip.
        """
        member_index = len(self._contents.members)
        sheets = self._open_sheets(path, member.kind, member_index)
        self._contents.members.append(member)
        overview = self._read_overview(sheets)
        report_name = REPORT_FILE_NAME.search(member.name)
        overview_account = overview.values.get("account_id", "")
        member_account = report_name["account"] if report_name else overview_account
        self._convert_sheets(sheets, member_account or self._account)
        for remark in self._remarks.list_remarks():
            remark.facts["member"] = member.name
            self._contents.remarks.append(remark)

    def finish(self) -> None:
        """Write the entries that need all sheets: evaluations, groups and contents."""
        contents = self._contents
        if self._results:
            self._free_sheets()  # a list may be far longer than its file
            place_meanings = self._place_meanings or DOCUMENTED_PLACE_MEANINGS
            self._results.add_rows(self._evaluations, place_meanings)
            self._listed_statuses |= set(StatusCode)
        contents.rows = self._writer.write_evaluations(self._evaluations.take_buckets())
        self._evaluations.finish()
        self._writer.write_entry("groups.json", encode_json(self._groups.groups))
        read_count = len(contents.members)
        counts: Facts = {"read": read_count, "members": read_count + len(contents.unread_members)}
        for member in contents.unread_members:
            code: RemarkCode = "member_foreign" if is_foreign(member) else "member_unread"
            facts: Facts = {"member": member.name, "error": member.code}
            contents.remarks.append(Remark(code, facts=member.facts | facts | counts))
        if contents.duplicates:
            contents.remarks.append(Remark("duplicate_keys", count=contents.duplicates))
        contents.rules = self._rules.rules
        for rule in contents.rules:
            self._listed_statuses |= {StatusCode(status) for status in rule.counts}
        self._overviews.add_sum_of_risks()
        contents.language = detect_language(self._word_languages)
        contents.lists = [status.name for status in sorted(self._listed_statuses)]
        contents.evaluated_from, contents.evaluated_to = self._times.first, self._times.last
        if self._results:
            contents.remarks += self._results.list_remarks()
        self._writer.write_entry("contents.json", dump_contents(contents))

    def _free_sheets(self) -> None:
        """Free the memory that reading the sheets took."""
        self._sheets = []
        forget_resources()
        gc.collect()  # sheets refer to each other, and the reader collects no garbage by itself

    def _open_sheets(self, path: Path, kind: str, member_index: int | None) -> list[OpenSheet]:
        """Find the header and the role of each sheet of a file; `kind` is the file's kind."""
        # Import only the reader that this file needs.
        reader = importlib.import_module(f".{READER_MODULES[kind]}", __package__)
        self._sheets = []  # free the sheets of the member before
        self._remarks = RemarkCollector()
        read_sheets = cast("ReadSheets", reader.read_sheets)
        for source in read_sheets(path, self._remarks):
            self._sheets.append(self._open_sheet(source, member_index))
        continue_headers(self._sheets)
        return self._sheets

    def _open_sheet(self, source: SourceSheet, member_index: int | None) -> OpenSheet:
        """Find the header and the role of a sheet, and add the sheet to the contents."""
        first_rows, header = _find_first_header(source)
        role = detect_sheet_role(source.name, header)
        is_damaged = source.remarks.has_uncounted_remarks()
        number = len(self._contents.sheets)
        info = SheetInfo(
            number=number,
            member=member_index,
            name=source.name,
            hidden=source.hidden,
            role=role,
            is_read=source.is_readable and (bool(first_rows) or not is_damaged),
        )
        self._contents.sheets.append(info)
        _role, name_language = find_sheet_role(source.name)
        self._word_languages.append(name_language)
        if header:
            self._word_languages += header.languages
        if header and role:
            info.header_row = header.row
            info.recognised = dict(header.meanings)
        return OpenSheet(info, source, header, first_rows)

    def _read_overview(self, sheets: list[OpenSheet]) -> OverviewContents:
        """Return what the overview of a file states, and add it to the contents.

        Without an overview sheet, the rows above the first list are the overview. The counts of all
        members of a zip are added together.
        """
        overviews = [sheet for sheet in sheets if sheet.info.role == "overview"]
        if not overviews:
            overviews = [sheet for sheet in sheets if sheet.has_evaluation_rows()][:1]
        overview = OverviewContents()
        for sheet in overviews:
            # A list may follow the overview on the same sheet.
            has_list = sheet.has_rule_rows() or sheet.has_evaluation_rows()
            stop = sheet.header.row if sheet.header and has_list else OVERVIEW_ROWS
            rows = list(islice(sheet.source.read_rows(), max(stop, 0)))
            read = read_overview(rows)
            for row in read.lost_rows:
                sheet.source.remarks.add("digits_lost", row)
            for row, text in read.doubtful_times:
                sheet.source.remarks.add("time_doubtful", row, text=text)
            if rows:
                self._overviews.add(read)
            is_empty = sheet.info.is_read and not (has_list or read.has_facts)
            if sheet.info.role == "overview" and is_empty:
                sheet.source.remarks.add("sheet_unrecognised")
            overview.values = read.values | overview.values
        return overview

    def _convert_sheets(self, sheets: list[OpenSheet], account: str) -> None:
        """Read the rule lists of all sheets, then convert the sheets.

        This order is needed because a row may give only the name of a rule: its id comes from the
        rule list.
        """
        self._find_rule_columns(sheets)
        for sheet in sheets:
            if sheet.has_evaluation_rows():
                self._place_meanings.update(sheet.info.recognised.values())
            if sheet.header and sheet.has_rule_rows():
                self._read_rule_list(sheet, sheet.header)
        for sheet in sheets:
            self._convert_sheet(sheet, account)
        if sheets and all(sheet.is_lost for sheet in sheets):
            raise WorkbookError("corrupt", cause="no sheet")

    def _find_rule_columns(self, sheets: list[OpenSheet]) -> None:
        """Find out whether the lists so far give the ids of rules, or their names only."""
        for sheet in sheets:
            self._rule_meanings |= {"rule_id", "rule_name"} & set(sheet.info.recognised.values())
        self._rules.uses_names = self._rule_meanings == {"rule_name"}

    def _read_rule_list(self, sheet: OpenSheet, header: Header) -> None:
        """Add the rules of a sheet; remark the rows below the part that is read."""
        start, source = sheet.first_data_row, sheet.source
        stop = start + _RULE_LIST_ROWS
        first_rows = list(islice(source.read_rows(), stop + 1))
        filler = MergedCellFiller(source.list_merged_ranges())
        rows = filler.fill_rows(first_rows[:stop], first_row=0)[start:]
        self._rules.add_rule_list(header, rows, start, source.remarks)
        if len(first_rows) > stop:
            source.remarks.add("rules_cut", limit=_RULE_LIST_ROWS)

    def _open_collector(self, sheet: OpenSheet, account: str) -> SheetCollector | None:
        """Return the collector of a sheet's evaluations; None if its rows are none."""
        if not sheet.header or not sheet.has_evaluation_rows():
            return None
        return SheetCollector(
            self._evaluations,
            self._rules,
            self._times,
            sheet.info,
            account,
            sheet.source.remarks,
            labels=sheet.header.labels,
            is_inert_export=self._find_kind(sheet.info) == "csv",
            placeless_rows=self._results.placeless_rows if self._results else None,
            place_meanings=self._place_meanings,
        )

    def _convert_sheet(self, sheet: OpenSheet, account: str) -> None:
        """Write the rows of a sheet in chunks, and collect its evaluations."""
        collector = self._open_collector(sheet, account)
        filler = MergedCellFiller(sheet.source.list_merged_ranges() if collector else ())
        first_row = 0
        for chunk_number, rows in enumerate(split_into_chunks(sheet.source.read_rows())):
            self._count_cells(sheet, rows)
            sheet.info.rows = first_row + len(rows)
            has_nul = self._writer.write_rows(sheet.info.number, chunk_number, rows)
            if has_nul:
                rows = remove_nul(rows)
            rows = filler.fill_rows(rows, first_row)
            if collector:
                header_rows = max(sheet.first_data_row - first_row, 0)  # of this chunk
                collector.add_rows(rows[header_rows:], first_row + header_rows)
            first_row += CHUNK_ROWS
        if collector:
            collector.finish()
            if sheet.info.hidden and sheet.info.evaluations:
                sheet.source.remarks.add("sheet_hidden")
        self._remember_listed_statuses(sheet, is_collected=collector is not None)
        self._add_incomplete_remarks(sheet, is_collected=collector is not None)
        self._contents.remarks += sheet.source.remarks.list_remarks(sheet.info.number)

    def _count_cells(self, sheet: OpenSheet, rows: list[list[Cell]]) -> None:
        """Update the width of the sheet; raise WorkbookError if the file has too many cells."""
        widths = [len(row) for row in rows]
        sheet.info.columns = max(sheet.info.columns, *widths)
        self._cell_count += sum(widths) + len(rows)  # an empty row takes memory too
        if self._cell_count > self._limits.cells:
            raise WorkbookError("too_many_cells", limit=self._limits.cells)
        check_text_size(rows, sum(widths), sheet.source.longest_shared_text)

    def _remember_listed_statuses(self, sheet: OpenSheet, *, is_collected: bool) -> None:
        """Remember the statuses for which this sheet lists each resource."""
        role = sheet.info.role
        if role == "evaluations":
            self._listed_statuses |= set(StatusCode)
        elif role in STATUS_BY_ROLE and (is_collected or sheet.says_there_is_none):
            self._listed_statuses.add(STATUS_BY_ROLE[role])

    def _add_incomplete_remarks(self, sheet: OpenSheet, *, is_collected: bool) -> None:
        """Add a remark if rows of this sheet may be missing or could not be read."""
        info = sheet.info
        if info.rows >= XLS_ROWS and self._find_kind(info) == "xls":
            sheet.source.remarks.add("sheet_full", limit=XLS_ROWS)
        if is_collected or not info.is_read:
            return
        if sheet.header and lacks_status(info.role, sheet.header):
            sheet.source.remarks.add("status_missing")
        elif info.role == "overview" or sheet.has_rule_rows():
            return
        elif not sheet.says_there_is_none and (info.role or info.rows > 1 or info.columns > 2):
            sheet.source.remarks.add("sheet_unrecognised")

    def _find_kind(self, info: SheetInfo) -> str:
        """Return the kind of the file or of the zip member that has this sheet."""
        if info.member is None:
            return self._contents.kind
        return self._contents.members[info.member].kind


def _find_first_header(source: SourceSheet) -> tuple[list[list[Cell]], Header | None]:
    """Return the first rows of a sheet, and the header among them.

    A list of evaluations may stand below a long overview: if the first rows list neither rules nor
    evaluations, its header is searched for further below.
    """
    rows = source.read_rows()
    first_rows = list(islice(rows, HEADER_SEARCH_ROWS))
    header = find_header(first_rows)
    if header is None or not header.identifies_rules():
        more_rows = [*first_rows, *islice(rows, OVERVIEW_ROWS - HEADER_SEARCH_ROWS)]
        lower_header = find_header(more_rows)
        if lower_header and lower_header.identifies_evaluations():
            return more_rows, lower_header
    return first_rows, header
