"""One file, or the members of a zip, to the stored form: in the order in which things happen."""

import importlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice, pairwise
from pathlib import Path
from typing import cast

from . import archive, columns, recognise, stored
from .cells import Cell, Table, text
from .codes import Status
from .contents import READER, Contents, Member, SheetInfo, dump
from .errors import WorkbookError
from .evaluations import LISTS, Evaluations
from .kinds import kind
from .limits import Limits
from .recognise import Header
from .rules import Rules, whole
from .times import Times, moment

READERS = {
    "xls": "xls",
    "xlsx": "xlsx",
    "html": "html",
    "csv": "delimited",
    "spreadsheetml": "spreadsheetml",
}
LAST_ROW = 65_536  # of a BIFF sheet
RULES = 5_000  # rows of a rule list
_STATED = ("total", *columns.COUNTS)


@dataclass
class _Sheet:
    """A sheet on its way into the stored form."""

    info: SheetInfo
    table: Table
    header: Header | None
    head: list[list[Cell]]
    account: str = ""


def convert(source: Path, target: Path, room: Path, account: str, limits: Limits) -> object:
    """Read `source` and write its stored form to `target`; `room` is an empty folder for what is unpacked.

    Returns all that was read, for those who have no time to see it taken apart.
    """
    contents = Contents(READER, kind(source, limits))
    with stored.Writer(target) as writer:
        book = _Book(contents, writer, limits, account)
        if contents.kind == "zip":
            for number, (member, path) in enumerate(archive.members(source, room, limits)):
                with archive.blamed(member.name):
                    book.read(path, member.kind, member, number)
        else:
            book.read(source, contents.kind)
        book.finish()
    return book


class _Book:
    def __init__(
        self, contents: Contents, writer: stored.Writer, limits: Limits, account: str
    ) -> None:
        self.contents = contents
        self.account = account
        self._writer = writer
        self._limits = limits
        self._cells = 0
        self._words: list[str] = []
        self._tables: list[Table] = []
        self._lists: set[Status] = set()
        self._rules = Rules()
        self._times = Times()
        self._evaluations = Evaluations(self._rules, contents, self._times)

    def read(
        self, path: Path, kind: str, member: Member | None = None, number: int | None = None
    ) -> None:
        """Read one file: its lists of rules first, so that rows which give a rule's name alone find its id."""
        reader = importlib.import_module(
            f".{READERS[kind]}", __package__
        )  # only the one that this file needs
        self._tables = []  # of the member before
        self._tables = tables = cast("Callable[[Path], list[Table]]", reader.tables)(path)
        first = len(self.contents.sheets)
        sheets = [self._begin(table, first + at, number) for at, table in enumerate(tables)]
        if member:
            self.contents.members.append(member)
        self._continue(sheets)
        stated = self._state(sheets, alone=member is None)
        named = archive.NAME.search(member.name) if member else None
        owner = named["account"] if named else stated.get("account_id", "")
        owner = (owner or self.account) if member else (self.account or owner)
        for sheet in sheets:
            if recognise.lists_rules(sheet.info.role, sheet.header) and sheet.header:
                rows = islice(
                    sheet.table.rows(), sheet.header.row + 1, sheet.header.row + 1 + RULES
                )
                self._rules.learn(sheet.header, list(rows))
        for sheet in sheets:
            self._store(sheet, owner)

    def finish(self) -> None:
        """Write what stands only now: the evaluations in order, what they have in common, and the contents."""
        self.contents.rows = stored.put_evaluations(self._writer, self._evaluations.buckets())
        self._writer.put("groups.json", stored.encode(self._evaluations.groups))
        if self.contents.duplicates:
            self.contents.note("duplicate_keys", rows=self.contents.duplicates)
        self._evaluations.finish()
        self.contents.rules = self._rules.found
        self._lists |= {Status(status) for rule in self._rules.found for status in rule.counts}
        self.contents.language = recognise.language(self._words)
        self.contents.lists = [status.name for status in sorted(self._lists)]
        self.contents.evaluated_from, self.contents.evaluated_to = (
            self._times.first,
            self._times.last,
        )
        self._writer.put("contents.json", dump(self.contents))

    def _begin(self, table: Table, number: int, member: int | None) -> _Sheet:
        head = list(islice(table.rows(), recognise.HEAD))
        header = recognise.header(head)
        role = recognise.role(table.name, header)
        info = SheetInfo(number, member, table.name, table.hidden, role=role)
        self.contents.sheets.append(info)
        self._words.append(columns.sheet(table.name)[1])
        self._words += header.languages if header else []
        if header and role:
            info.header_row = header.row
            info.recognised = dict(header.meanings)
        return _Sheet(info, table, header, head)

    def _continue(self, sheets: list[_Sheet]) -> None:
        """A sheet without a header goes on where a sheet of the same role before it came to the format's last row."""
        for before, sheet in pairwise(sheets):
            role, header = before.info.role, before.header
            follows = sheet.header is None and sheet.info.role in ("", role) and bool(sheet.head)
            if follows and role and header and len(sheet.head[0]) >= len(header.meanings):
                sheet.info.role = role
                sheet.info.recognised = dict(before.info.recognised)
                sheet.header = Header(-1, header.meanings)

    def _state(self, sheets: list[_Sheet], *, alone: bool) -> dict[str, str]:
        """Take in what the overview states; counts of several members add up."""
        stated: dict[str, str] = {}
        for sheet in sheets:
            if sheet.info.role == "overview":
                until = (
                    sheet.header.row
                    if sheet.header and recognise.lists_rules("overview", sheet.header)
                    else None
                )
                stated |= recognise.labels(sheet.head[:until])
        for name in _STATED:
            if (count := whole(stated.get(name, ""))) is not None:
                self.contents.stated[name] = self.contents.stated.get(name, 0) + count
        contents = self.contents
        contents.pack_id = contents.pack_id or _pack(stated.get("pack_id", ""))
        contents.pack_name = contents.pack_name or stated.get("pack_name", "")
        contents.created_at = max(contents.created_at, moment(stated.get("created_at", "")) or "")
        if alone:
            contents.account_uid = stated.get("account_id", "")
        return stated

    def _store(self, sheet: _Sheet, owner: str) -> None:
        info = sheet.info
        collector, after = None, 0
        if recognise.lists_evaluations(info.role, sheet.header) and sheet.header:
            collector, after = self._evaluations.sheet(info, owner), sheet.header.row + 1
        for number, chunk in enumerate(_chunks(sheet.table.rows())):
            info.rows = number * stored.CHUNK + len(chunk)
            widths = list(map(len, chunk))
            info.columns = max(info.columns, *widths)
            self._cells += sum(widths) + len(chunk)
            if self._cells > self._limits.cells:
                raise WorkbookError("too_many_cells", limit=self._limits.cells)
            if stored.put_rows(self._writer, info.number, number, chunk):
                chunk = [
                    [text(cell) if isinstance(cell, str) else cell for cell in row] for row in chunk
                ]
            if collector:
                skip = max(after - number * stored.CHUNK, 0)
                collector.add(chunk[skip:], number * stored.CHUNK + skip)
        if collector:
            collector.close()
        self._remark(info, is_read=collector is not None)

    def _remark(self, info: SheetInfo, *, is_read: bool) -> None:
        """Say what the file lists, and what of it could not be read as it ought to be."""
        if info.role == "evaluations":
            self._lists |= set(Status)
        elif info.role in LISTS and (
            is_read or info.rows <= 1
        ):  # one that says `none` lists them, too
            self._lists.add(LISTS[info.role])
        if info.rows >= LAST_ROW and self._kind(info) == "xls":
            self.contents.note("sheet_full", sheet=info.number, rows=info.rows)
        if info.rows > 1 and not is_read and info.role not in ("overview", "rules"):
            self.contents.note("sheet_unrecognised", sheet=info.number, name=info.name)

    def _kind(self, info: SheetInfo) -> str:
        return (
            self.contents.kind if info.member is None else self.contents.members[info.member].kind
        )


def _chunks(rows: Iterator[list[Cell]]) -> Iterator[list[list[Cell]]]:
    """Rows by stored.CHUNK, without the empty ones at the end of the sheet."""
    last: list[list[Cell]] = []
    empty = 0  # chunks that say nothing, which count if anything follows
    while chunk := list(islice(rows, stored.CHUNK)):
        if not all(row and row[-1] is not None for row in chunk):
            chunk = [row if any(cell is not None for cell in row) else [] for row in chunk]
            if not any(chunk):
                empty += 1
                continue
        if last:
            yield last
        for _ in range(empty):
            yield [[] for _ in range(stored.CHUNK)]
        last, empty = chunk, 0
    while last and not last[-1]:
        last.pop()
    if last:
        yield last


def _pack(words: str) -> str:
    found = re.search(r"\bc[a-z]-[0-9A-Za-z]{4,}", words)
    return found[0] if found else ""
