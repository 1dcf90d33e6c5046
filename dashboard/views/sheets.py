"""The sheets of a report, cell by cell as they stand in the file."""

import logging
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.views.decorators.http import require_safe

from dashboard.archive import readings
from dashboard.models import Report, Sheet
from dashboard.queries import report_query
from dashboard.queries.filters import EvaluationFilter
from dashboard.views.head import build_report_header
from dashboard.workbook import Cell, Reading, WorkbookError

PAGE = 100  # rows
logger = logging.getLogger(__name__)


def load_source_row(report: Report, key: int) -> dict[str, Any]:
    """The row of the file that an evaluation was read from: each column's head and cell, and where it stands.

    Empty where neither the stored form nor the original can be read any more; the page says so.
    """
    try:
        with readings.open_reading(report) as reading:
            found = reading.find(key)
            if found is None:
                return {}
            info = reading.contents.sheets[found.sheet]
            heads = load_sheet_heads(reading, found.sheet)
            cells = reading.rows(found.sheet, found.row, found.row + 1)[0]
    except (WorkbookError, OSError):
        logger.exception("The stored form of report %s cannot be read", report.pk)
        return {}
    place = f"/reports/{report.pk}/sheets/{found.sheet}/?page={found.row // PAGE + 1}#row-{found.row + 1}"
    return {
        "fields": [
            (build_report_header or column_letters(column), cell_text(cells[column]))
            for column, build_report_header in enumerate(heads)
        ],
        "place": place,
        "sheet_name": info.name,
        "sheet_row": found.row + 1,
    }


def load_sheet_heads(reading: Reading, number: int) -> list[str]:
    """What the columns of a sheet are called; one that only goes on has its heads in a sheet before it."""
    sheets = reading.contents.sheets
    info = sheets[number]
    before = [
        one for one in sheets[: number + 1] if one.role == info.role and one.header_row is not None
    ]
    if not info.role or not before:
        return [""] * info.columns
    at = before[-1].header_row or 0
    heads = [cell_text(cell) for cell in reading.rows(before[-1].number, at, at + 1)[0]]
    return (heads + [""] * info.columns)[: info.columns]


@require_safe
def report_sheet(request: HttpRequest, report_id: int, number: int) -> HttpResponse:
    """A page of a sheet."""
    try:
        report = report_query.get_report(report_id)
        shown = report.sheets.get(number=number)
    except (Report.DoesNotExist, Sheet.DoesNotExist) as error:
        raise Http404 from error
    wanted = EvaluationFilter.parse(request.GET)
    page = report_query.EvaluationPage(
        [], shown.rows, min(wanted.page, max(1, -(-shown.rows // PAGE))), PAGE
    )
    numbers = {"first": 1, "previous": page.number - 1, "next": page.number + 1, "last": page.last}
    context = {
        "sheets": report.sheets.all(),
        "sheet": shown,
        "page": page,
        **{name: f"?page={number}" for name, number in numbers.items()},
        "rows_exported": shown.rows,
        "query_exported": f"?sheet={number}",
        **load_sheet_page(report, shown, page),
    }
    return render(
        request, "report/sheet.html", build_report_header(report, wanted, "sheets") | context
    )


def load_sheet_page(
    report: Report, sheet: Sheet, page: report_query.EvaluationPage
) -> dict[str, Any]:
    """The head of a sheet and the rows of a page of it, as HTML: a template would take three times as long."""
    start = (page.number - 1) * page.size
    try:
        with readings.open_reading(report) as reading:
            found = reading.rows(sheet.number, start, start + page.size)
            heads = load_sheet_heads(reading, sheet.number)
    except (WorkbookError, OSError):
        logger.exception("The stored form of report %s cannot be read", report.pk)
        return {"unreadable": True}
    first = start + 1
    lines = "".join(
        render_row(first + n, row, first + n - 1 == sheet.header_row) for n, row in enumerate(found)
    )
    return {
        "heads": [
            build_report_header or column_letters(column)
            for column, build_report_header in enumerate(heads)
        ],
        "rows": mark_safe(lines),  # noqa: S308  # cells are escaped in `line`
    }


def render_row(number: int, row: list[Cell], is_head: bool) -> SafeString:
    """A row of the file, with its number in the file; every cell is escaped."""
    tag = "th scope=col" if is_head else "td"
    end = tag[:2]
    parts = [f'<tr id="row-{number}"><th scope="row" class="number soft">{number}</th>']
    for cell in row:
        if isinstance(cell, int | float) and not isinstance(cell, bool):
            parts.append(f'<{tag} class="number">{cell_text(cell)}</{end}>')
        else:
            parts.append(f"<{tag}>{escape(cell_text(cell))}</{end}>")
    return mark_safe("".join([*parts, "</tr>\n"]))  # noqa: S308  # cells are escaped above


def cell_text(cell: Cell) -> str:
    """A cell as it reads in the file, with all its spaces and lines."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return str(cell).upper()
    if isinstance(cell, dict):
        return (
            next(iter(cell.values())).replace("T", " ")
            if "d" in cell
            else next(iter(cell.values()))
        )
    return str(cell)


def column_letters(column: int) -> str:
    """The letters by which a spreadsheet names a column, counted from 0."""
    name = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        name = chr(ord("A") + rest) + name
    return name
