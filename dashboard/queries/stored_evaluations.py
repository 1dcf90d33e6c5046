"""What only the stored form has of an evaluation: its row of the file, and how it was evaluated.

The stored form is a compact copy of the cells of a report's file and of the evaluations read from
file and evaluation results. The code counts rows from 0, the pages from 1.
"""

import datetime as dt
import logging
from dataclasses import dataclass

from dashboard.archive import stored_forms
from dashboard.models import Report
from dashboard.models.evaluations import convert_milliseconds
from dashboard.queries.sheet_rows import ROWS_PER_SHEET_PAGE, format_cell, load_headings
from dashboard.workbook import NO_SHEET, EvaluationRow, StoredForm, WorkbookError

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class SourceRow:
    """The row of the file from which an evaluation was read; `row_number` counts from 1."""

    fields: list[tuple[str, str]]  # heading and text of each column
    sheet_number: int
    sheet_name: str
    row_number: int

    @property
    def page_number(self) -> int:
        """The number of the sheet's page that shows the row, from 1."""
        return (self.row_number - 1) // ROWS_PER_SHEET_PAGE + 1


@dataclass(frozen=True)
class StoredEvaluation:
    """An evaluation as it was read.

    `file_row` is None if only the evaluation results state it. When it was evaluated and what
    triggered that change with every evaluation, so the spans do not have them.
    """

    file_row: SourceRow | None
    evaluated_at: dt.datetime | None
    trigger: str  # the cloud's word for it; empty if not stated


def load_stored_evaluation(report: Report, key: int) -> StoredEvaluation | None:
    """Return the evaluation with this key as it was read from the report's sources.

    Return None if they have no such evaluation or can no longer be read.
    """
    try:
        with stored_forms.open_stored_form(report) as stored_form:
            row = stored_form.find_evaluation(key)
            if row is None:
                return None
            return StoredEvaluation(
                file_row=None if row.sheet == NO_SHEET else build_source_row(stored_form, row),
                evaluated_at=convert_milliseconds(row.evaluated_at_ms),
                trigger=row.trigger,
            )
    except (WorkbookError, OSError):
        logger.exception("The stored form of report %s cannot be read", report.pk)
        return None


def build_source_row(stored_form: StoredForm, row: EvaluationRow) -> SourceRow:
    """Return the row of a sheet that states an evaluation."""
    headings = load_headings(stored_form, row.sheet)
    cells = stored_form.read_rows(row.sheet, row.row, row.row + 1)[0]
    texts = [format_cell(cell) for cell in cells]
    return SourceRow(
        fields=list(zip(headings, texts, strict=False)),
        sheet_number=row.sheet,
        sheet_name=stored_form.contents.sheets[row.sheet].name,
        row_number=row.row + 1,
    )
