"""Complete the spans that an earlier version of the reader stored without an operator.

A report that says the same as an earlier one joins its spans and writes no row: without this, its
findings would lack the operators that its own reader found. Equal digests mean equal operators and
properties, so what is added is true for all reports of a span.
"""

from collections.abc import Mapping

from django.db import connection

from dashboard import workbook
from dashboard.models import Evaluation, Report
from dashboard.models.evaluations import EvaluationQuerySet
from dashboard.workbook import EvaluationRow

COMPLETION_SQL = (
    f"UPDATE {Evaluation._meta.db_table} "  # noqa: S608  # own name
    "SET operator = %s, property_path = %s, reason = %s, search_text = %s WHERE id = %s"
)


def complete_spans(
    report: Report, spans_in_range: EvaluationQuerySet, rows: Mapping[int, EvaluationRow]
) -> None:
    """Give the report's spans the operators of its rows where an earlier reader left them out.

    Needed only if the pack has earlier readings. The caller holds the pack's lock.
    """
    incomplete_spans = spans_in_range.at(report.pack_id, report.require_position()).filter(
        operator=""
    )
    completions = [
        (row.operator, row.property_path, row.reason, build_row_search_text(row), span_id)
        for span_id, key in incomplete_spans.values_list("pk", "key")
        if (row := rows.get(key)) and row.operator
    ]
    with connection.cursor() as cursor:
        cursor.executemany(COMPLETION_SQL, completions)


def has_earlier_readings(report: Report) -> bool:
    """Return whether an earlier version of the reader read a report of the same pack.

    A withdrawn report counts only until its spans are removed and its position is cleared.
    """
    earlier_versions = (1, workbook.READER_VERSION - 1)
    return Report.objects.filter(
        pack=report.pack_id, position__isnull=False, reader_version__range=earlier_versions
    ).exists()


def get_row_texts(row: EvaluationRow) -> tuple[str, ...]:
    """Return resource id, resource name, actual, expected, operator, property and reason."""
    return row[4:11]


def build_row_search_text(row: EvaluationRow) -> str:
    """Return the texts in which the search finds the row."""
    return "\n".join(get_row_texts(row)).casefold()
