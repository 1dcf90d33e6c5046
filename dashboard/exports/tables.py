"""A report's tables as files: exactly the filtered rows, all pages, full text, formulas inert.

An .xlsx has its metadata on a second sheet, a .json beside its rows. A .csv holds the table and nothing else, so that
any program reads it; what it is, and how many rows of how many, stands in its name.
"""

import csv
import datetime as dt
import io
import json
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import chain, islice
from typing import IO, Any, Generic, NamedTuple, TypeVar

from django.contrib.auth.models import AbstractBaseUser
from django.utils import timezone
from django.utils.translation import gettext as _
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ERROR_CODES, ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter

from dashboard.archive import readings
from dashboard.models import Report, Risk, Sheet, Status
from dashboard.models.evaluations import position_time
from dashboard.queries import report_query, rule_summaries
from dashboard.queries.filters import EvaluationFilter
from dashboard.text.formatting import format_rate, format_time
from dashboard.workbook import Cell

# What makes a spreadsheet take a text for a formula, in the forms that Chinese and Japanese keyboards write as well.
STARTS = frozenset("=+-@\t\r\n＝＋－＠")
WIDE = [start for start in STARTS if not start.isascii()]
ALIKE = bytes.maketrans(b"\r\n+-@\t", b",,====")  # see plain_lines
CELL_LIMIT = 32_767  # characters: Excel takes no more
CHUNK = 500  # rows of a sheet read at a time
AT_ONCE = 1_000  # rows looked at and written at a time


@dataclass(frozen=True)
class Table:
    """Something to write: `names` are the columns in a .json, `heads` in the others."""

    title: str
    names: list[str]
    heads: list[str]
    rows: Iterator[tuple[Any, ...]]
    count: int
    total: int
    filter: str
    report: Report

    @property
    def file_stem(self) -> str:
        """Pack, account, time with its zone, and how many rows of how many."""
        at = timezone.localtime(self.report.listed_at)
        words = (
            self.report.pack_name,
            self.report.pack.account.uid,
            f"{at:%Y%m%dT%H%M%z}",
            self.title,
        )
        stem = "-".join(word.replace("/", "_") for word in words)
        return f"{stem}-{self.count}" + (f"-of-{self.total}" if self.count != self.total else "")

    def metadata(self, by: AbstractBaseUser) -> list[tuple[str, str, str]]:
        """What the table is of: (name, words for it, value)."""
        report = self.report
        return [
            ("pack", _("Pack"), report.pack_name),
            ("pack_id", _("Pack ID"), report.pack.pack_id),
            ("account", _("Account"), report.pack.account.name),
            ("account_id", _("Account ID"), report.pack.account.uid),
            ("created_at", _("Report created"), format_optional_time(report.created_at)),
            ("evaluated_at", _("Evaluated"), format_optional_time(report.evaluated_at)),
            ("received_at", _("Received"), format_optional_time(report.received_at)),
            ("file_name", _("File name"), report.file_name),
            ("sha256", "SHA-256", report.original_id or ""),
            (
                "rate",
                _("Evaluation rate: compliant / (compliant + non-compliant)"),
                format_rate(*report.rated),
            ),
            ("table", _("Table"), self.title),
            ("filter", _("Filter"), self.filter),
            (
                "rows",
                _("Rows"),
                _("%(count)s of %(total)s") % {"count": self.count, "total": self.total},
            ),
            ("exported_by", _("Exported by"), by.get_username()),
            ("exported_at", _("Exported at"), format_optional_time(timezone.now())),
        ]


def format_optional_time(moment: dt.datetime | None) -> str:
    return format_time(moment) if moment else ""


RESOURCE = (
    "status", "risk", "rule_id", "resource_id", "resource_name", "resource_type", "region", "account",
    "actual", "expected", "reason", "since",
)  # fmt: skip


def build_resource_table(report: Report, wanted: EvaluationFilter) -> Table:
    """The rows that a filter finds."""
    rules = {
        one.rule: (one.name, one.code, one.identifier)
        for one in rule_summaries.load_rule_summaries(report)
    }
    heads = {
        "status": _("Status"), "risk": _("Risk"), "rule": _("Rule"), "rule_id": _("Rule ID"),
        "identifier": _("Managed rule"), "resource_id": _("Resource ID"), "resource_name": _("Resource name"),
        "resource_type": _("Type"), "region": _("Region"), "account": _("Account"), "actual": _("Actual"),
        "expected": _("Compared with"), "reason": _("Reason"), "since": _("Since"),
        "reports": _("Reports in a row"),
    }  # fmt: skip
    status = {one.value: str(one.label) for one in Status}
    risk = {one.value: str(one.label) for one in Risk}
    in_a_row = report_query.count_reports_from(report)
    since = cache(lambda position: (format_time(position_time(position)), in_a_row(position)))
    rows = (
        (status[row[0]], risk[row[1]], *rules[row[2]], *row[3:11], *since(row[11]))
        for row in report_query.iterate_rows(report, wanted, *RESOURCE)
    )
    rule = rules.get(wanted.rule or 0, ("",))[0]
    count = report_query.count_evaluations(report, wanted)
    names, words = list(heads), list(heads.values())
    return Table(
        _("Resources"), names, words, rows, count, report.rows, wanted.describe(rule), report
    )


def build_rule_table(report: Report, wanted: EvaluationFilter) -> Table:
    """The rules that a filter asks for, with their counts."""
    heads = {
        "rule": _("Rule"), "rule_id": _("Rule ID"), "identifier": _("Managed rule"), "risk": _("Risk"),
        "failing": Status.NON_COMPLIANT.label, "compliant": Status.COMPLIANT.label, "ignored": Status.IGNORED.label,
        "not_applicable": Status.NOT_APPLICABLE.label, "insufficient_data": Status.INSUFFICIENT_DATA.label,
        "failing_since": _("Failing since"), "new": _("New"), "fixed": _("Fixed"),
    }  # fmt: skip
    listed = report_query.filter_rules(report, wanted)
    since = report_query.load_failing_since(report)
    rows = (
        (
            one.name, one.code, one.identifier, str(Risk(one.risk).label), one.failing, one.compliant, one.ignored,
            one.not_applicable, one.insufficient_data,
            format_time(position_time(since[one.rule])) if one.rule in since else "", one.new, one.fixed,
        )
        for one in listed
    )  # fmt: skip
    words = [str(head) for head in heads.values()]
    return Table(
        _("Rules"), list(heads), words, rows, len(listed), report.rules, wanted.describe(), report
    )


def build_sheet_table(report: Report, of: Sheet) -> Table:
    """A sheet as it stands in the file, its own head among its rows."""
    heads = [get_column_letter(number + 1) for number in range(of.columns)]

    def rows() -> Iterator[tuple[Any, ...]]:
        with readings.open_reading(report) as reading:
            for start in range(0, of.rows, CHUNK):
                for row in reading.rows(of.number, start, start + CHUNK):
                    yield tuple(plain_value(cell) for cell in row)

    return Table(of.name, heads, heads, rows(), of.rows, of.rows, _("all rows"), report)


def plain_value(cell: Cell) -> Any:
    """A cell as text or number: a date as it is written, an error by its name."""
    if isinstance(cell, dict):
        return next(iter(cell.values()))
    return "" if cell is None else cell


Write = Callable[[Table, AbstractBaseUser, IO[bytes]], None]
Writer = TypeVar("Writer")


def write_to_temporary_file(table: Table, write: Write, by: AbstractBaseUser) -> IO[bytes]:
    """The table in a temporary file, open at its beginning; closing it removes it."""
    file = tempfile.TemporaryFile()  # noqa: SIM115  # the response that sends it closes it
    try:
        write(table, by, file)
    except BaseException:
        file.close()
        raise
    file.seek(0)
    return file


def split_rows(table: Table) -> Iterator[tuple[list[tuple[Any, ...]], set[Any]]]:
    """The rows, some at a time, and the different cells among them.

    Most cells say what others say, so that what has to be asked of each is asked of these few.
    """
    while rows := list(islice(table.rows, AT_ONCE)):
        yield rows, set(chain.from_iterable(rows))


def write_csv(table: Table, _by: AbstractBaseUser, file: IO[bytes]) -> None:
    """UTF-8 with a byte order mark, by which Excel knows it."""
    file.write(("\ufeff" + format_csv([table.heads])).encode())
    line = ",".join(["%s"] * len(table.heads)) + "\r\n"
    while rows := list(islice(table.rows, AT_ONCE)):
        lines = "".join([line % row for row in rows])  # in half of the csv module's time
        file.write(
            (
                lines
                if needs_no_quoting(lines, rows)
                else format_csv(map(neutralize_formulas, rows))
            ).encode()
        )


def format_csv(rows: Iterable[Iterable[Any]]) -> str:
    lines = io.StringIO()
    csv.writer(lines).writerows(rows)
    return lines.getvalue()


def needs_no_quoting(lines: str, rows: list[tuple[Any, ...]]) -> bool:
    """Whether these lines are what the csv module writes of the rows: no cell wants quotes or an apostrophe.

    What ends a cell or a line is made a comma, and what begins a formula an equals sign: one look finds either.
    """
    columns, alike = len(rows[0]), lines.encode().translate(ALIKE)
    return (
        columns > 1  # an empty cell that is alone would be an empty line
        and alike.count(b",") == (columns + 1) * len(rows)
        and b",=" not in alike[-1:] + alike
        and '"' not in lines
        and not any(start in lines for start in WIDE)
        and ("None" not in lines or not any(None in row for row in rows))
    )


def neutralize_formulas(row: Iterable[Any]) -> list[Any]:
    """A row whose texts no spreadsheet takes for formulas; numbers stay numbers."""
    return ["'" + cell if cell.__class__ is str and cell[:1] in STARTS else cell for cell in row]


def write_json(table: Table, by: AbstractBaseUser, file: IO[bytes]) -> None:
    metadata = {name: value for name, _words, value in table.metadata(by)}
    counts = {"rows": table.count, "total_rows": table.total}
    encode = json.JSONEncoder(ensure_ascii=False).encode
    file.write(('{"metadata": ' + encode({**metadata, **counts}) + ',\n"rows": [').encode())
    before = "\n"
    for row in table.rows:
        file.write(
            (before + encode(dict(zip(table.names, row, strict=True)))).encode("utf-8", "replace")
        )
        before = ",\n"
    file.write(b"\n]}\n")


def write_xlsx(table: Table, by: AbstractBaseUser, file: IO[bytes]) -> None:
    """The table on one sheet, with a frozen head and a filter; the metadata on another."""
    book = Workbook(write_only=True)
    page = book.create_sheet(_("Table"))
    page.freeze_panes = "A2"
    page.auto_filter.ref = f"A1:{get_column_letter(max(1, len(table.heads)))}{table.count + 1}"
    for number, head in enumerate(table.heads, 1):
        page.column_dimensions[get_column_letter(number)].width = max(12, min(40, 2 * len(head)))
    page.append([bold_cell(page, head) for head in table.heads])
    for rows, cells in split_rows(table):
        safe = is_safe_text(cells)
        for row in rows:
            page.append(row if safe else [text_cell(page, cell) for cell in row])
    about = book.create_sheet(_("About"))
    about.column_dimensions["A"].width, about.column_dimensions["B"].width = 40, 80
    for _name, words, value in table.metadata(by):
        about.append([bold_cell(about, words), text_cell(about, value)])
    book.save(file)


def is_safe_text(cells: Iterable[Any]) -> bool:
    """Whether openpyxl writes every text as it is, and as a text."""
    texts = [cell for cell in cells if cell.__class__ is str]
    return (
        all(text[:1] not in "=#" or not text for text in texts)
        and max(map(len, texts), default=0) <= CELL_LIMIT
        and not ILLEGAL_CHARACTERS_RE.search("\n".join(texts))
    )


def text_cell(page: Any, cell: Any) -> Any:
    """A cell that holds a text as text: never a formula or an error, without what XML cannot carry."""
    if not isinstance(cell, str):
        return cell
    text = ILLEGAL_CHARACTERS_RE.sub("�", cell)
    text = text if len(text) <= CELL_LIMIT else text[: CELL_LIMIT - 1] + "…"
    if text[:1] != "=" and text not in ERROR_CODES:
        return text
    written = WriteOnlyCell(page, text)
    written.data_type = "s"
    return written


def bold_cell(page: Any, text: str) -> Any:
    cell = WriteOnlyCell(page, text_cell(page, text) if text[:1] != "=" else "'" + text)
    cell.font = Font(bold=True)
    return cell


class Format(NamedTuple, Generic[Writer]):
    """A kind of file: who writes it, its type, its name in a menu, and the rows that are written in a second."""

    write: Writer
    content_type: str
    words: str
    pace: int


FORMATS: dict[str, Format[Write]] = {
    "xlsx": Format(
        write_xlsx,
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "Excel (xlsx)",
        8_000,
    ),
    "csv": Format(write_csv, "text/csv; charset=utf-8", "CSV", 80_000),
    "json": Format(write_json, "application/json", "JSON", 80_000),
}
