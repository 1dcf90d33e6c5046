"""Build the tables of a report for export: its rules, or a sheet of its file.

What all tables of a report have is here too; for its resources see resource_tables.py. A position
is the order number of a report in its pack. The stored form is a compact copy of the cells of the
report's file.
"""

import datetime as dt
from collections.abc import Iterable, Iterator

from django.utils import timezone
from django.utils.translation import gettext as _
from openpyxl.utils import get_column_letter

from dashboard.archive import stored_forms
from dashboard.exports.remark_sheets import build_remark_sheet, encode_remarks
from dashboard.exports.tables import (
    AboutSheet,
    Cells,
    ExportColumn,
    ExportFact,
    ExportTable,
    RowGroup,
    encode_facts,
    join_file_stem,
)
from dashboard.models import Report, Risk, Sheet, Status
from dashboard.models.evaluations import position_time
from dashboard.queries import report_rules
from dashboard.queries.filters import EvaluationFilter
from dashboard.queries.first_seen import build_first_seen, load_first_position
from dashboard.queries.report_header import is_earlier_reading
from dashboard.text.count_checks import summarize_checks
from dashboard.text.origins import describe_provenance
from dashboard.text.rates import NamedRate, list_named_rates
from dashboard.text.report_remarks import describe_remark_count, list_remark_lines
from dashboard.text.result_list_words import list_result_facts
from dashboard.workbook import Cell
from dashboard.workbook.export_json import FORMAT_MARK

# Rows written in a second, by format. A file that takes longer is announced by a page.
REPORT_ROWS_PER_SECOND = {"xlsx": 8_000, "csv": 80_000, "json": 80_000}
SHEET_ROWS_PER_READ = 500


def build_rule_table(report: Report, row_filter: EvaluationFilter, user_name: str) -> ExportTable:
    """Return a table of the report's rules that match the filter, with their counts."""
    summaries = report_rules.filter_rules(report, row_filter)
    failing_since = report_rules.load_failing_since(report)
    first_position = load_first_position(report.pack_id)
    rows = (
        (
            summary.name,
            summary.code,
            summary.identifier,
            str(Risk(summary.risk).label),
            summary.failing,
            summary.compliant,
            summary.ignored,
            summary.not_applicable,
            summary.insufficient_data,
            convert_position(failing_since.get(summary.rule)),
            format_archive_start_of_position(failing_since.get(summary.rule), first_position),
            summary.came,
            summary.left,
        )
        for summary in summaries
    )
    return build_report_table(
        report,
        table_name="rules",
        title=_("Rules"),
        columns=[
            ExportColumn("rule", _("Rule")),
            ExportColumn("rule_id", _("Rule ID")),
            ExportColumn("identifier", _("Managed rule")),
            ExportColumn("risk", _("Risk")),
            ExportColumn("failing", str(Status.NON_COMPLIANT.label)),
            ExportColumn("compliant", str(Status.COMPLIANT.label)),
            ExportColumn("ignored", str(Status.IGNORED.label)),
            ExportColumn("not_applicable", str(Status.NOT_APPLICABLE.label)),
            ExportColumn("insufficient_data", str(Status.INSUFFICIENT_DATA.label)),
            ExportColumn(
                "failing_since", _("First seen failing without a break"), holds_times=True
            ),
            ExportColumn("archive_start", _("First report of the pack in this archive")),
            ExportColumn("came", _("New failing")),
            ExportColumn("left", _("No longer failing")),
        ],
        rows=rows,
        row_count=len(summaries),
        total_count=report.rules,
        filter_text=row_filter.describe(),
        user_name=user_name,
    )


def build_sheet_table(report: Report, sheet: Sheet, user_name: str) -> ExportTable:
    """Return a table with all rows of a sheet of the file, unchanged.

    The columns are named A, B, C as in a spreadsheet, because the sheet's own headings are one of
    its rows.
    """
    letters = [get_column_letter(number + 1) for number in range(sheet.columns)]
    return build_report_table(
        report,
        table_name="sheet",
        title=sheet.name,
        columns=[ExportColumn(letter, letter) for letter in letters],
        rows=iterate_sheet_rows(report, sheet),
        row_count=sheet.rows,
        total_count=sheet.rows,
        filter_text=_("all rows"),
        user_name=user_name,
    )


def iterate_sheet_rows(report: Report, sheet: Sheet) -> Iterator[Cells]:
    """Yield the rows of a sheet, read from the stored form a few hundred at a time."""
    with stored_forms.open_stored_form(report) as stored_form:
        for start in range(0, sheet.rows, SHEET_ROWS_PER_READ):
            for row in stored_form.read_rows(sheet.number, start, start + SHEET_ROWS_PER_READ):
                yield tuple(get_plain_value(cell) for cell in row)


def get_plain_value(cell: Cell) -> str | int | float | bool:
    """Return a cell as a text, number or boolean; an empty cell gives "".

    A date ({"d": "2026-11-20"}) gives its text, and an error ({"e": "#N/A"}) gives its name.
    """
    if isinstance(cell, dict):
        value: str = next(iter(cell.values()))  # the dictionary has exactly one key
        return value
    return "" if cell is None else cell


def build_report_table(
    report: Report,
    *,
    table_name: str,
    title: str,
    columns: list[ExportColumn],
    rows: Iterable[Cells],
    row_count: int,
    total_count: int,
    filter_text: str,
    user_name: str,
) -> ExportTable:
    """Return a table of a report, with the facts about the report, the filter and the user.

    `title` names the table for people, `table_name` for programs. `row_count` is the number of
    `rows`, and `total_count` is the number of rows without a filter.
    """
    rows_text = _("%(count)s of %(total)s") % {"count": row_count, "total": total_count}
    facts = [
        ExportFact("pack", _("Pack"), report.pack_name),
        ExportFact("pack_id", _("Pack ID"), report.pack.pack_id),
        ExportFact("account", _("Account"), report.pack.account.name),
        ExportFact("account_id", _("Account ID"), report.pack.account.uid),
        *list_source_facts(report),
        ExportFact("remark_summary", _("Remarks on the file"), describe_remark_count(report)),
        ExportFact("count_checks", _("Stated counts against ours"), summarize_checks(report).text),
        ExportFact("table", _("Table"), title),
        ExportFact("filter", _("Filter"), filter_text),
        ExportFact("rows", _("Rows"), rows_text),
        ExportFact("exported_by", _("Exported by"), user_name),
        ExportFact("exported_at", _("Exported at"), timezone.now()),
    ]
    json_counts = {"rows": row_count, "total_rows": total_count}
    remark_lines = list_remark_lines(report)
    return ExportTable(
        file_stem=format_file_stem(report, title, row_count, total_count),
        columns=columns,
        groups=[RowGroup(_("Table"), rows)],
        row_count=row_count,
        about=AboutSheet(_("About"), [(fact.label, fact.value) for fact in facts], is_first=False),
        json_properties={
            # The reader knows the file by these two (see workbook/export_json.py).
            "format": FORMAT_MARK,
            "table": table_name,
            "metadata": {**encode_facts(facts), **json_counts},
            "remarks": encode_remarks(remark_lines),
        },
        remark_sheet=build_remark_sheet(report, remark_lines),
    )


def list_source_facts(report: Report) -> list[ExportFact]:
    """Return when the report was made, from which file and request, and what its rates are."""
    facts = [
        ExportFact("created_at", _("Report created"), report.created_at or ""),
        ExportFact("evaluated_at", _("Evaluated"), report.evaluated_at or ""),
        ExportFact("received_at", _("Received"), report.received_at or ""),
        ExportFact("source", _("Origin"), str(report.get_source_display())),
        ExportFact("file_name", _("File name"), report.file_name),
        ExportFact("sha256", "SHA-256", report.original_id or ""),
        ExportFact("reader_version", _("Reader version"), describe_reader_version(report)),
    ]
    provenance = describe_provenance(report)
    if provenance.gap:
        facts.append(ExportFact("provenance", _("Note"), provenance.gap))
    origin_facts = [*provenance.facts, *list_result_facts(report)]
    facts += [ExportFact(fact.key, fact.label, fact.text) for fact in origin_facts]
    facts += [ExportFact(*rate) for rate in list_rate_texts(report)]
    return facts


def describe_reader_version(report: Report) -> str:
    """Return the version of the reader that read the file, and whether it is an earlier one."""
    if not is_earlier_reading(report):
        return str(report.reader_version)
    return _("%(version)s, an earlier version, which may have recognised less of the file") % {
        "version": report.reader_version
    }


def list_rate_texts(report: Report) -> list[tuple[str, str, str]]:
    """Return key, label with formula, and text with source for each rate of a report."""
    return [
        (rate.key, f"{rate.label}: {rate.formula}", format_rate_with_source(rate))
        for rate in list_named_rates(report)
    ]


def format_rate_with_source(rate: NamedRate) -> str:
    """Return a rate, its numbers and where they come from, or why it is missing."""
    if rate.gap or not rate.is_known:
        return rate.text
    return f"{rate.text} = {rate.calculation}; {rate.source}"


def format_file_stem(report: Report, title: str, row_count: int, total_count: int) -> str:
    """Return a file name without suffix for a table of the report."""
    account_uid = report.pack.account.uid
    times = [report.listed_at]
    return join_file_stem(report.pack_name, account_uid, times, title, row_count, total_count)


def format_archive_start_of_position(since: int | None, first_position: int | None) -> str:
    """Return "yes" if the position `since` is that of the archive's first report of the pack."""
    if since is None or not build_first_seen(since, first_position).is_archive_start:
        return ""
    return _("yes")


def convert_position(position: int | None) -> dt.datetime | None:
    """Return the evidence time of a position; None for None."""
    return position_time(position) if position else None
