"""Report files of the known layouts with disturbances that do not change what they say.

A file is drawn from Hypothesis: its kind, its language, the order of its columns and sheets, its
words, formats and encoding, and rows between its data. What it must be read as is always the same.
"""

import datetime as dt
import html
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from xml.sax.saxutils import escape

import openpyxl
import xlwt
from hypothesis import strategies as st
from openpyxl.utils import get_column_letter

from dashboard.workbook import StatusCode
from dashboard.workbook.column_words import COLUMN_WORDS, SHEET_WORDS
from dashboard.workbook.regions import REGION_NAMES
from dashboard.workbook.status_codes import RISK_WORDS, STATUS_WORDS
from tests import sample_files
from tests.workbook.six_evaluations import HEADER, ROWS

MEANINGS = (
    "rule_name", "rule_id", "risk", "resource_type", "resource_id", "resource_name", "region",
    "account_id", "status", "reason", "evaluated_at",
)  # fmt: skip
KINDS = ("xlsx", "xls", "csv", "html", "spreadsheetml")
_RISKS = {"高风险": 1, "中风险": 2, "低风险": 3}
_STATUSES = {"不合规": StatusCode.NON_COMPLIANT, "合规": StatusCode.COMPLIANT}
_ROLES = {"不合规": "non_compliant", "合规": "compliant"}
LANGUAGES = range(4)  # the index in the tuples of words: zh-Hans, zh-Hant, en, ja
# Characters that change nothing; the first is none at all.
_INVISIBLE = ("", "", "\u200b", "\u2060", "\ufeff", "\u00ad", "\u200e", "\x08")
_ENCODINGS = (
    "utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "gb18030", "big5hkscs", "cp932",
    "euc_jp", "cp949",
)  # fmt: skip
_TIME_FORMATS = (
    "%Y-%m-%d %H:%M:%S", "%Y/%m/%d %H:%M", "%Y-%m-%dT%H:%M:%S+08:00", "%Y年%m月%d日 %H时%M分%S秒",
    "%Y.%m.%d %H:%M:%S (UTC+8)", "%Y-%m-%d %I:%M:%S %p", "%b %d, %Y, %I:%M:%S %p", "%Y%m%d%H%M%S",
    "%a, %d %b %Y %H:%M:%S +0800", "%a %b %d %H:%M:%S CST %Y", "%Y/%m/%d 上午%I:%M:%S",
    "%Y年%m月%d日 午前%I時%M分", "%Y-%m-%d %H:%M:%S 北京时间",
)  # fmt: skip
# Rows between the data, each with its remark; the words stand in the first columns.
_OTHER_LINES: Sequence[tuple[str, tuple[str, ...]]] = (
    ("", ()),
    ("rows_total", ("合计", "5")),
    ("rows_total", ("Grand Total", "5", "1")),
    ("rows_total", ("総計：5件",)),
    ("rows_total", ("共 6 条记录",)),
    ("rows_no_data", ("暂无数据",)),
    ("rows_no_data", ("No records found.",)),
    ("rows_no_data", ("——", "——", "——")),
    ("rows_note", ("注：本报告仅供参考，以控制台为准。",)),
    ("rows_note", ("* This report was written by a program.",)),
)


@dataclass
class Sheet:
    """A sheet of a drawn file; merged ranges are (first row, last row, column), all from 0."""

    name: str
    rows: list[list[str]]
    merged: list[tuple[int, int, int]] = field(default_factory=list)
    hidden_rows: set[int] = field(default_factory=set)
    hidden_columns: set[int] = field(default_factory=set)


@dataclass
class DrawnFile:
    """A drawn file: its kind, its bytes, and the codes of the remarks that it must get."""

    kind: str
    content: bytes = field(repr=False)
    remarks: set[str]
    sheets: list[Sheet]


@st.composite
def draw_files(draw: st.DrawFn, kinds: Sequence[str] = KINDS) -> DrawnFile:
    """Return a file that says what the six evaluations say."""
    kind = draw(st.sampled_from(kinds))
    has_list = kind == "csv" or draw(st.booleans())  # one list with a status, or a list for each
    columns = draw(st.permutations(range(len(MEANINGS))))
    if not has_list:
        columns = [column for column in columns if MEANINGS[column] != "status"]
    remarks: set[str] = set()
    header = [_disturb(draw, _draw_header(draw, MEANINGS[column])) for column in columns]
    values = _draw_values(draw)
    if has_list:
        name = draw(st.sampled_from(("", "Sheet1", "明细", "Rule List", "合规资源")))
        tables = {name: list(range(len(ROWS)))}
    else:
        tables = {
            _draw_word(draw, SHEET_WORDS[role]): [
                number for number, row in enumerate(ROWS) if row[8] == status
            ]
            for status, role in _ROLES.items()
        }
    sheets = [
        _draw_sheet(draw, name, header, columns, numbers, values, remarks, kind)
        for name, numbers in tables.items()
    ]
    sheets = draw(st.permutations(sheets))
    return DrawnFile(kind, _write(draw, kind, sheets), remarks, sheets)


def _draw_word(draw: st.DrawFn, words: tuple[str, str, str, str]) -> str:
    return draw(st.sampled_from(words[draw(st.sampled_from(LANGUAGES))].split("|")))


def _draw_header(draw: st.DrawFn, meaning: str) -> str:
    """Return one of the words for a column, or two of them together."""
    word = _draw_word(draw, COLUMN_WORDS[meaning])
    if draw(st.integers(0, 4)):
        return word
    separator = draw(st.sampled_from((" / ", "\n", "|", " ")))
    return f"{word}{separator}{_draw_word(draw, COLUMN_WORDS[meaning])}"


def _draw_values(draw: st.DrawFn) -> list[list[str]]:
    """Return the texts of the rows: the same values in other words and formats."""
    time_format = draw(st.sampled_from(_TIME_FORMATS))
    regions = [*REGION_NAMES["cn-hangzhou"].split("|"), "cn-hangzhou", "CN-HANGZHOU", "杭州"]
    risks = {text: draw(st.sampled_from(RISK_WORDS[code].split())) for text, code in _RISKS.items()}
    statuses = {
        text: draw(st.sampled_from(STATUS_WORDS[code].split())) for text, code in _STATUSES.items()
    }
    account = draw(st.sampled_from(("{}", "{} (prod)", "UID: {}", "部门（{}）")))
    rows = []
    for number, row in enumerate(ROWS):
        values = list(row)
        values[2], values[8] = risks[row[2]], statuses[row[8]]
        values[6], values[7] = draw(st.sampled_from(regions)), account.format(row[7])
        values[10] = dt.datetime(2026, 10, 1, 9, number).strftime(time_format)  # noqa: DTZ001
        for column in (1, 4, 8):
            values[column] = _disturb(draw, values[column])
        rows.append(values)
    return rows


def _disturb(draw: st.DrawFn, text: str) -> str:
    """Return a text with an invisible character, or without one."""
    place = draw(st.integers(0, len(text)))
    return text[:place] + draw(st.sampled_from(_INVISIBLE)) + text[place:]


def _draw_sheet(
    draw: st.DrawFn,
    name: str,
    header: list[str],
    columns: Sequence[int],
    numbers: Sequence[int],
    values: list[list[str]],
    remarks: set[str],
    kind: str,
) -> Sheet:
    """Return a sheet with these rows, and lines between them that are no data."""
    title = draw(st.sampled_from(([], [["配置审计 检测报告"], []])))
    rows = [*title, header]
    data_rows: list[int] = []
    for number in numbers:
        code, line = draw(st.sampled_from((("", None), ("", None), *_OTHER_LINES)))
        if line is not None:
            rows.append(list(line))
            remarks |= {code} - {""}
        elif data_rows and not draw(st.integers(0, 9)):  # directly below, it is one header
            rows.append(header)
            remarks.add("rows_repeated_head")
        data_rows.append(len(rows))
        rows.append([values[number][column] for column in columns])
    sheet = Sheet(name, rows)
    if kind != "csv":
        _merge_and_hide(draw, sheet, columns, data_rows, remarks)
    return sheet


def _merge_and_hide(
    draw: st.DrawFn,
    sheet: Sheet,
    columns: Sequence[int],
    data_rows: list[int],
    remarks: set[str],
) -> None:
    """Merge the cells of a rule where its rows follow each other, and hide a row and a column."""
    if draw(st.booleans()):
        for meaning in (0, 1):
            column = list(columns).index(meaning)
            for first, last in _find_runs(sheet.rows, data_rows, column):
                sheet.merged.append((first, last, column))
                for row in range(first + 1, last + 1):
                    sheet.rows[row] = list(sheet.rows[row])
                    sheet.rows[row][column] = ""
    if draw(st.booleans()):
        sheet.hidden_rows.add(draw(st.sampled_from(data_rows)))
        remarks.add("hidden_parts")
    if draw(st.booleans()):
        sheet.hidden_columns.add(draw(st.integers(0, len(columns) - 1)))
        remarks.add("hidden_parts")


def _find_runs(rows: list[list[str]], data_rows: list[int], column: int) -> list[tuple[int, int]]:
    """Return the first and the last of rows that follow each other with the same text."""
    runs: list[list[int]] = []
    for row in data_rows:
        if runs and row == runs[-1][-1] + 1 and rows[row][column] == rows[runs[-1][0]][column]:
            runs[-1].append(row)
        else:
            runs.append([row])
    return [(run[0], run[-1]) for run in runs if len(run) > 1]


def _write(draw: st.DrawFn, kind: str, sheets: list[Sheet]) -> bytes:
    match kind:
        case "xlsx":
            return write_xlsx(sheets)
        case "xls":
            return write_xls(sheets)
        case "spreadsheetml":
            return write_spreadsheetml(sheets)
        case "html":
            return _encode(draw, write_page(sheets))
    delimiter = draw(st.sampled_from(",;\t|"))
    return _encode(draw, sample_files.build_csv(sheets[0].rows, delimiter=delimiter).decode())


def _encode(draw: st.DrawFn, text: str) -> bytes:
    """Return the text in an encoding that has all its characters."""
    possible = [encoding for encoding in _ENCODINGS if _has_all_characters(encoding, text)]
    return text.encode(draw(st.sampled_from(possible)))


def _has_all_characters(encoding: str, text: str) -> bool:
    try:
        return text.encode(encoding).decode(encoding).lstrip("\ufeff") == text.lstrip("\ufeff")
    except UnicodeError:
        return False


def write_xlsx(sheets: Sequence[Sheet]) -> bytes:
    """Return a workbook; openpyxl writes no control characters, so they are left out."""
    book = openpyxl.Workbook()
    for sheet in sheets:
        target = book.create_sheet(sheet.name or "Sheet1")
        for row in sheet.rows:
            target.append([cell.replace("\x08", "") for cell in row])
        for first, last, column in sheet.merged:
            target.merge_cells(
                start_row=first + 1, end_row=last + 1, start_column=column + 1,
                end_column=column + 1,
            )  # fmt: skip
        for row_number in sheet.hidden_rows:
            target.row_dimensions[row_number + 1].hidden = True
        for column in sheet.hidden_columns:
            letter = get_column_letter(column + 1)
            target.column_dimensions[letter].hidden = True
    book.remove(book.worksheets[0])
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def write_xls(sheets: Sequence[Sheet]) -> bytes:
    book = xlwt.Workbook(encoding="utf-8")
    for sheet in sheets:
        target = book.add_sheet(sheet.name or "Sheet1")
        merged = {(first, column): last for first, last, column in sheet.merged}
        for row_number, row in enumerate(sheet.rows):
            for column, text in enumerate(row):
                if last := merged.get((row_number, column)):
                    target.write_merge(row_number, last, column, column, text)
                elif text:
                    target.write(row_number, column, text)
        for row_number in sheet.hidden_rows:
            target.row(row_number).hidden = True
        for column in sheet.hidden_columns:
            target.col(column).hidden = True
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def write_page(sheets: Sequence[Sheet]) -> str:
    """Return a page; the cells that a merged cell covers are left out."""
    tables = ""
    for sheet in sheets:
        columns = "".join(
            f"<col{' style=display:none' if column in sheet.hidden_columns else ''}>"
            for column in range(len(MEANINGS))
        )
        rows = "".join(
            f"<tr{' hidden' if number in sheet.hidden_rows else ''}>"
            + "".join(f"<td{attribute}>{html.escape(text)}</td>" for text, attribute in cells)
            + "</tr>"
            for number, cells in enumerate(_list_cells(sheet, ' rowspan="{}"', 1))
        )
        tables += f"<table><caption>{sheet.name}</caption>{columns}{rows}</table>"
    return f"<html><body>{tables}</body></html>"


def write_spreadsheetml(sheets: Sequence[Sheet]) -> bytes:
    worksheets = ""
    for sheet in sheets:
        columns = "".join(
            f'<Column ss:Index="{column + 1}" ss:Hidden="1"/>'
            for column in sorted(sheet.hidden_columns)
        )
        merged_last = {
            (row, column)
            for first, last, column in sheet.merged
            for row in range(first + 1, last + 1)
        }
        rows = ""
        for number, row in enumerate(sheet.rows):
            hidden = ' ss:Hidden="1"' if number in sheet.hidden_rows else ""
            rows += f'<Row ss:Index="{number + 1}"{hidden}>'
            for column, text in enumerate(row):
                if (number, column) in merged_last:
                    continue
                down = [last - first for first, last, at in sheet.merged
                        if (first, at) == (number, column)]  # fmt: skip
                attribute = f' ss:MergeDown="{down[0]}"' if down else ""
                clean = escape(text.replace("\x08", ""))
                rows += (
                    f'<Cell ss:Index="{column + 1}"{attribute}>'
                    f'<Data ss:Type="String">{clean}</Data></Cell>'
                )
            rows += "</Row>"
        worksheets += (
            f'<Worksheet ss:Name="{escape(sheet.name)}"><Table>{columns}{rows}</Table></Worksheet>'
        )
    namespace = "urn:schemas-microsoft-com:office:spreadsheet"
    return (
        f'<?xml version="1.0"?><Workbook xmlns="{namespace}" xmlns:ss="{namespace}">'
        f"{worksheets}</Workbook>"
    ).encode()


def _list_cells(sheet: Sheet, attribute: str, offset: int) -> list[list[tuple[str, str]]]:
    """Return the text and the attribute of each cell that no merged cell covers."""
    covered = {
        (row, column) for first, last, column in sheet.merged for row in range(first + 1, last + 1)
    }
    spans = {
        (first, column): attribute.format(last - first + offset)
        for first, last, column in sheet.merged
    }
    return [
        [
            (text, spans.get((number, column), ""))
            for column, text in enumerate(row)
            if (number, column) not in covered
        ]
        for number, row in enumerate(sheet.rows)
    ]


def build_undisturbed_file() -> bytes:
    return sample_files.build_csv([HEADER, *ROWS])
