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
from dashboard.views.head import head
from dashboard.workbook import Cell, Reading, WorkbookError

PAGE = 100  # rows
logger = logging.getLogger(__name__)


def of_evaluation(report: Report, key: int) -> dict[str, Any]:
    """The row of the file that an evaluation was read from: each column's head and cell, and where it stands.

    Empty where neither the stored form nor the original can be read any more; the page says so.
    """
    try:
        with readings.open_reading(report) as reading:
            found = reading.find(key)
            if found is None:
                return {}
            info = reading.contents.sheets[found.sheet]
            heads = heads_of(reading, found.sheet)
            cells = reading.rows(found.sheet, found.row, found.row + 1)[0]
    except (WorkbookError, OSError):
        logger.exception("The stored form of report %s cannot be read", report.pk)
        return {}
    place = f"/reports/{report.pk}/sheets/{found.sheet}/?page={found.row // PAGE + 1}#row-{found.row + 1}"
    return {
        "fields": [
            (head or letters(column), text(cells[column])) for column, head in enumerate(heads)
        ],
        "place": place,
        "sheet_name": info.name,
        "sheet_row": found.row + 1,
    }


def heads_of(reading: Reading, number: int) -> list[str]:
    """What the columns of a sheet are called; one that only goes on has its heads in a sheet before it."""
    sheets = reading.contents.sheets
    info = sheets[number]
    before = [
        one for one in sheets[: number + 1] if one.role == info.role and one.header_row is not None
    ]
    if not info.role or not before:
        return [""] * info.columns
    at = before[-1].header_row or 0
    heads = [text(cell) for cell in reading.rows(before[-1].number, at, at + 1)[0]]
    return (heads + [""] * info.columns)[: info.columns]


@require_safe
def sheet(request: HttpRequest, report_id: int, number: int) -> HttpResponse:
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
        **cells(report, shown, page),
    }
    return render(request, "sheet.html", head(report, wanted, "sheets") | context)


def cells(report: Report, sheet: Sheet, page: report_query.EvaluationPage) -> dict[str, Any]:
    """The head of a sheet and the rows of a page of it, as HTML: a template would take three times as long."""
    start = (page.number - 1) * page.size
    try:
        with readings.open_reading(report) as reading:
            found = reading.rows(sheet.number, start, start + page.size)
            heads = heads_of(reading, sheet.number)
    except (WorkbookError, OSError):
        logger.exception("The stored form of report %s cannot be read", report.pk)
        return {"unreadable": True}
    first = start + 1
    lines = "".join(
        line(first + n, row, first + n - 1 == sheet.header_row) for n, row in enumerate(found)
    )
    return {
        "heads": [head or letters(column) for column, head in enumerate(heads)],
        "rows": mark_safe(lines),  # noqa: S308  # cells are escaped in `line`
    }


def line(number: int, row: list[Cell], is_head: bool) -> SafeString:
    """A row of the file, with its number in the file; every cell is escaped."""
    tag = "th scope=col" if is_head else "td"
    end = tag[:2]
    parts = [f'<tr id="row-{number}"><th scope="row" class="number soft">{number}</th>']
    for cell in row:
        if isinstance(cell, int | float) and not isinstance(cell, bool):
            parts.append(f'<{tag} class="number">{text(cell)}</{end}>')
        else:
            parts.append(f"<{tag}>{escape(text(cell))}</{end}>")
    return mark_safe("".join([*parts, "</tr>\n"]))  # noqa: S308  # cells are escaped above


def text(cell: Cell) -> str:
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


def letters(column: int) -> str:
    """The letters by which a spreadsheet names a column, counted from 0."""
    name = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        name = chr(ord("A") + rest) + name
    return name
