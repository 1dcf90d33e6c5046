"""The remarks on a report's file in exports: a sheet of .xlsx, and a list in .json."""

from typing import Any

from django.utils.translation import gettext as _

from dashboard.exports.tables import RemarkSheet
from dashboard.models import Report
from dashboard.text.report_remarks import RemarkLine, summarize_remarks


def build_remark_sheet(report: Report, lines: list[RemarkLine]) -> RemarkSheet | None:
    """Return the sheet of the report's remarks; None if it has none."""
    if not lines:
        return None
    return RemarkSheet(
        title=_("Remarks on the file"),
        headings=(_("Remark"), _("Sheet"), _("Row numbers"), _("What follows"), _("Code")),
        rows=[
            (line.sentence, line.sheet or line.member, line.rows, line.effect, line.remark["code"])
            for line in lines
        ],
        summary=summarize_remarks(report).text,
    )


def encode_remarks(lines: list[RemarkLine]) -> list[dict[str, Any]]:
    """Return the remarks for .json: with the fields of the reader, and in words."""
    return [
        {
            **line.remark,
            "sheet_name": line.sheet,
            "uncounted": line.is_uncounted,
            "sentence": line.sentence,
        }
        for line in lines
    ]
