"""Build the table of a report's resources for export: its evaluations that match a filter.

A position is the order number of a report in its pack.
"""

import datetime as dt
from collections.abc import Iterator, Mapping
from functools import cache
from typing import NamedTuple

from django.utils.translation import gettext as _

from dashboard.exports.report_tables import build_report_table, format_archive_start_of_position
from dashboard.exports.tables import Cells, ExportColumn, ExportTable
from dashboard.models import EvaluationSource, Report, Risk, Status
from dashboard.models.evaluations import convert_milliseconds, position_time
from dashboard.queries import report_positions, report_query, rule_summaries
from dashboard.queries.filters import EvaluationFilter
from dashboard.queries.first_seen import load_first_position
from dashboard.text import findings
from dashboard.workbook.evaluation_records import RowIdentity, format_record
from dashboard.workbook.export_json import RESOURCE_TABLE_NAME


class StoredRow(NamedTuple):
    """The columns of an evaluation that an export needs, under their names in the database."""

    status: int
    risk: int
    rule_id: int
    since: int
    resource_id: str
    resource_name: str
    resource_type: str
    region: str
    account: str
    actual: str
    expected: str
    operator: str
    property_path: str
    reason: str
    key: int
    resource: int
    source: int
    results_status: int
    failing_since_ms: int
    fixed_at_ms: int
    exempt_until: str
    resource_group: str


class ExportedRule(NamedTuple):
    """The texts of a rule in the rows of an export."""

    name: str
    rule_id: str
    identifier: str


def build_resource_table(
    report: Report, row_filter: EvaluationFilter, user_name: str
) -> ExportTable:
    """Return a table of the report's evaluations that match the filter, in the filter's order.

    `user_name` is the user who exports the table.
    """
    rules = {
        summary.rule: ExportedRule(summary.name, summary.code, summary.identifier)
        for summary in rule_summaries.load_rule_summaries(report)
    }
    rule_name = rules[row_filter.rule].name if row_filter.rule in rules else ""
    return build_report_table(
        report,
        table_name=RESOURCE_TABLE_NAME,
        title=_("Resources"),
        columns=list_resource_columns(),
        rows=iterate_resource_rows(report, row_filter, rules),
        row_count=report_query.count_evaluations(report, row_filter),
        total_count=report.rows,
        filter_text=row_filter.describe(rule_name),
        user_name=user_name,
    )


def list_resource_columns() -> list[ExportColumn]:
    """Return the columns; the record is for reading the file again (see evaluation_records)."""
    return [
        ExportColumn("status", _("Status")),
        ExportColumn("risk", _("Risk")),
        ExportColumn("rule", _("Rule")),
        ExportColumn("rule_id", _("Rule ID")),
        ExportColumn("identifier", _("Managed rule")),
        ExportColumn("resource_id", _("Resource ID")),
        ExportColumn("resource_name", _("Resource name")),
        ExportColumn("resource_type", _("Type")),
        ExportColumn("region", _("Region")),
        ExportColumn("account", _("Account")),
        ExportColumn("actual", _("Actual")),
        ExportColumn("required", _("Required")),
        ExportColumn("expected", _("Compared with")),
        ExportColumn("operator", _("Operator")),
        ExportColumn("property", _("Property")),
        ExportColumn("reason", _("Reason")),
        ExportColumn("since", _("First report with this status"), holds_times=True),
        ExportColumn("archive_start", _("First report of the pack in this archive")),
        ExportColumn("reports", _("Reports in a row")),
        ExportColumn("source", _("Source")),
        ExportColumn("results_status", _("Status in the evaluation results")),
        ExportColumn(
            "cloud_failing_since", _("Failing since, as the cloud knows it"), holds_times=True
        ),
        ExportColumn("cloud_fixed", _("Last fixed, as the cloud knows it"), holds_times=True),
        ExportColumn("exempt_until", _("Exempt until")),
        ExportColumn("resource_group", _("Resource group")),
        ExportColumn("record", _("Evaluation record")),
    ]


def iterate_resource_rows(
    report: Report, row_filter: EvaluationFilter, rules: Mapping[int, ExportedRule]
) -> Iterator[Cells]:
    """Yield the rows of the table; `rules` are by the primary key of the Rule."""
    status_labels = {status.value: str(status.label) for status in Status}
    risk_labels = {risk.value: str(risk.label) for risk in Risk}
    source_labels = {source.value: str(source.label) for source in EvaluationSource}
    positions = report_positions.load_positions(report)
    first_position = load_first_position(report.pack_id)

    @cache
    def describe_since(position: int) -> tuple[dt.datetime, str, int]:
        report_count = report_positions.count_reports_since(positions, position)
        archive_start = format_archive_start_of_position(position, first_position)
        return position_time(position), archive_start, report_count

    @cache
    def describe_required(operator: str, expected: str) -> str:
        return findings.describe_requirement(operator, expected) if operator else ""

    for values in report_query.iterate_evaluations(report, row_filter, *StoredRow._fields):
        row = StoredRow._make(values)
        rule = rules[row.rule_id]
        yield (
            status_labels[row.status], risk_labels[row.risk], *rule,
            row.resource_id, row.resource_name, row.resource_type, row.region, row.account,
            row.actual, describe_required(row.operator, row.expected), row.expected, row.operator,
            row.property_path, row.reason, *describe_since(row.since),
            source_labels[row.source], status_labels.get(row.results_status, ""),
            convert_milliseconds(row.failing_since_ms), convert_milliseconds(row.fixed_at_ms),
            row.exempt_until, row.resource_group, build_record(row, rule),
        )  # fmt: skip


def build_record(row: StoredRow, rule: ExportedRule) -> str:
    """Return the record of a row, by which its export is read back."""
    identity = RowIdentity(
        rule.rule_id, rule.name, row.account, row.region, row.resource_type, row.resource_id
    )
    values = (row.source, row.results_status, row.failing_since_ms, row.fixed_at_ms)
    return format_record(identity, row.key, row.resource, *values)
