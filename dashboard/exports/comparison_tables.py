"""Build the table of a comparison for export, with a group of rows for each bucket.

A bucket is a kind of change, for example "fixed"; see comparison.buckets.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from dashboard.comparison import change_words, comparison_rows
from dashboard.comparison.buckets import Bucket
from dashboard.comparison.change_reasons import ChangeDirection, ChangeReason, list_parts
from dashboard.comparison.comparison_filter import ComparisonFilter
from dashboard.comparison.comparison_rows import ChangeRow
from dashboard.comparison.differences import Change, Comparison
from dashboard.comparison.rule_scope import RuleScope, load_rule_scope
from dashboard.exports.report_tables import describe_rates
from dashboard.exports.tables import AboutSheet, Cells, ExportColumn, ExportTable, RowGroup
from dashboard.models import Report, Risk, Status
from dashboard.text.findings import describe_requirement
from dashboard.text.formatting import format_time

# Rows written in a second, by format. A file that takes longer is announced by a page.
COMPARISON_ROWS_PER_SECOND = {"xlsx": 5_000, "csv": 20_000, "json": 25_000}
CHANGES_PER_QUERY = 500
# The buckets of a file whose filter has no bucket. The two others are so large that they are only
# counted.
DEFAULT_BUCKETS = tuple(
    bucket for bucket in Bucket if bucket not in (Bucket.STILL_COMPLIANT, Bucket.STILL_OTHER)
)


def select_buckets(row_filter: ComparisonFilter) -> tuple[Bucket, ...]:
    """Return the bucket of the filter, or DEFAULT_BUCKETS if the filter has no bucket."""
    return (row_filter.bucket,) if row_filter.bucket else DEFAULT_BUCKETS


def count_export_rows(comparison: Comparison, row_filter: ComparisonFilter) -> int:
    """Return how many rows the exported file has, without building the rows."""
    return sum(
        comparison_rows.count_listed_changes(comparison, row_filter.replace(bucket=bucket))
        for bucket in select_buckets(row_filter)
        if comparison.counts[bucket]
    )


def count_rows_at_most(comparison: Comparison, row_filter: ComparisonFilter) -> int:
    """Return an upper limit of count_export_rows; it ignores all conditions but the bucket.

    It needs no query.
    """
    return sum(comparison.counts[bucket] for bucket in select_buckets(row_filter))


def build_comparison_table(
    comparison: Comparison, row_filter: ComparisonFilter, user_name: str
) -> ExportTable:
    """Return a table of the changes that match the filter, grouped by bucket."""
    rule_scope = load_rule_scope(comparison)
    changes_by_bucket = list_changes_by_bucket(comparison, rule_scope, row_filter)
    label_bucket = comparison.listed_statuses.label_bucket
    metadata = describe_comparison(comparison, rule_scope, row_filter, user_name)
    return ExportTable(
        file_stem=format_comparison_stem(comparison),
        columns=list_columns(comparison),
        groups=[
            RowGroup(
                title=label_bucket(bucket), rows=iterate_cells(comparison, rule_scope, changes)
            )
            for bucket, changes in changes_by_bucket.items()
        ],
        row_count=sum(map(len, changes_by_bucket.values())),
        about=AboutSheet(_("Summary"), list_facts(metadata), is_first=True),
        json_properties=metadata,
    )


def list_changes_by_bucket(
    comparison: Comparison, rule_scope: RuleScope, row_filter: ComparisonFilter
) -> dict[Bucket, Sequence[Change[int]]]:
    """Return the changes that match the filter, by bucket, in the same order as on the page."""
    changes: dict[Bucket, Sequence[Change[int]]] = {}
    for bucket in select_buckets(row_filter):
        bucket_filter = row_filter.replace(bucket=bucket)
        is_empty = not comparison.counts[bucket]
        changes[bucket] = (
            [] if is_empty else comparison_rows.list_changes(comparison, rule_scope, bucket_filter)
        )
    return changes


def iterate_cells(
    comparison: Comparison, rule_scope: RuleScope, changes: Sequence[Change[int]]
) -> Iterator[Cells]:
    """Yield the changes as rows of the table, with one query per CHANGES_PER_QUERY changes."""
    # Slicing a sequence of unchanged rows loads all of them with one query.
    changes = changes[:]
    for start in range(0, len(changes), CHANGES_PER_QUERY):
        change_slice = changes[start : start + CHANGES_PER_QUERY]
        for row in comparison_rows.build_change_rows(comparison, rule_scope, change_slice):
            yield make_cells(row, rule_scope)


def make_cells(row: ChangeRow, rule_scope: RuleScope) -> Cells:
    """Return a row's cells in the order of `list_columns`."""
    change, rule = row.change, rule_scope.get_rule(row.change.rule)
    return (
        change.bucket.value,
        rule.rule_id,
        rule.name,
        Risk(change.risk).name,
        change.old_status.name if change.old_status else "",
        change.new_status.name if change.new_status else "",
        row.description,
        row.account,
        row.region,
        row.resource_type,
        row.resource_id,
        row.resource_name,
        row.actual,
        describe_requirement(row.operator, row.expected) if row.operator else "",
        row.expected,
        row.operator,
        row.property_path,
        row.reason,
        change.reason.value if change.reason else "",
        f"{row.first_seen.time:%Y-%m-%dT%H:%M:%SZ}" if row.first_seen else "",
        format_archive_start(row),
        f"{row.last_seen:%Y-%m-%dT%H:%M:%SZ}" if row.last_seen else "",
    )


def format_archive_start(row: ChangeRow) -> str:
    """Return "yes" where the first report with the status is the archive's first of the pack."""
    return "yes" if row.first_seen and row.first_seen.is_archive_start else ""


def list_columns(comparison: Comparison) -> list[ExportColumn]:
    """Return the columns; buckets, risks and statuses have labels for csv and xlsx."""
    label_bucket = comparison.listed_statuses.label_bucket
    bucket_labels = {bucket.value: label_bucket(bucket) for bucket in Bucket}
    risk_labels = {risk.name: str(risk.label) for risk in Risk}
    reason_labels = {"": "", **{reason.value: reason.label for reason in ChangeReason}}
    status_labels = {"": "", **{status.name: str(status.label) for status in Status}}
    return [
        ExportColumn("bucket", _("Group"), bucket_labels),
        ExportColumn("rule_id", _("Rule ID")),
        ExportColumn("rule", _("Rule")),
        ExportColumn("risk", _("Risk"), risk_labels),
        ExportColumn("was", _("Was"), status_labels),
        ExportColumn("now", _("Now"), status_labels),
        ExportColumn("change", _("Change")),
        ExportColumn("account", _("Account")),
        ExportColumn("region", _("Region")),
        ExportColumn("resource_type", _("Type")),
        ExportColumn("resource_id", _("Resource ID")),
        ExportColumn("resource_name", _("Resource name")),
        ExportColumn("actual", _("Actual")),
        ExportColumn("required", _("Required")),
        ExportColumn("expected", _("Compared with")),
        ExportColumn("operator", _("Operator")),
        ExportColumn("property", _("Property")),
        ExportColumn("reason", _("Reason")),
        ExportColumn("why", _("Why it came or left"), reason_labels),
        ExportColumn("first_seen_utc", _("First report with this status (UTC)")),
        ExportColumn("archive_start", _("No later than"), {"": "", "yes": _("yes")}),
        ExportColumn("last_seen_utc", _("Last seen (UTC)")),
    ]


def describe_comparison(
    comparison: Comparison, rule_scope: RuleScope, row_filter: ComparisonFilter, user_name: str
) -> dict[str, Any]:
    """Return the facts about the file: both reports, filter, counts, user, time, limitations."""
    pack = comparison.newer.pack
    return {
        "pack": pack.name,
        "pack_id": pack.pack_id,
        "account": pack.account.uid,
        **describe_report("older", comparison.older),
        **describe_report("newer", comparison.newer),
        "filter": row_filter.query_string().lstrip("?") or "-",
        "sentence": change_words.summarize_changes(comparison),
        "made_at": format_time(timezone.now()),
        "made_by": user_name,
        "counts": {bucket.value: comparison.counts[bucket] for bucket in Bucket},
        "failing": describe_failing(comparison),
        "came": build_part_counts(comparison, ChangeDirection.CAME),
        "left": build_part_counts(comparison, ChangeDirection.LEFT),
        "remarks": rule_scope.list_limitations(),
    }


def describe_failing(comparison: Comparison) -> str:
    """Return the sum: failing before + came - left = failing now."""
    older, newer, counts = comparison.older, comparison.newer, comparison.reasons
    if not comparison.adds_up:
        return f"{older.failing} → {newer.failing}"
    return f"{older.failing} + {counts.came} − {counts.left} = {newer.failing}"


def build_part_counts(comparison: Comparison, direction: ChangeDirection) -> dict[str, int]:
    parts = list_parts(comparison.reasons.all_risks, direction)
    return {reason.value: count for reason, count in parts}


def describe_report(prefix: str, report: Report) -> dict[str, Any]:
    """Return facts that identify a report and its file; each name starts with the prefix."""
    assert report.created_at is not None  # noqa: S101  # ready reports have an evidence time
    return {
        f"{prefix}_report": report.pk,
        f"{prefix}_created_at": format_time(report.created_at),
        f"{prefix}_sha256": report.original_id,
        f"{prefix}_file": report.file_name,
        **{f"{prefix}_{key}": text for key, _label, text in describe_rates(report)},
    }


def list_facts(metadata: dict[str, Any]) -> list[tuple[str, Any]]:
    """Return metadata as pairs (name, value), with one pair for each item of a dict or list.

    An item of a dict is named "name: key".
    """
    facts: list[tuple[str, Any]] = []
    for name, value in metadata.items():
        if isinstance(value, dict):
            facts += [(f"{name}: {key}", item) for key, item in value.items()]
        elif isinstance(value, list):
            facts += [(name, item) for item in value]
        else:
            facts.append((name, value))
    return facts


def format_comparison_stem(comparison: Comparison) -> str:
    """Return a file name without suffix: the pack's id and both evidence times in UTC."""
    reports = (comparison.older, comparison.newer)
    times = "-".join(f"{report.created_at:%Y%m%dT%H%MZ}" for report in reports)
    return f"{comparison.newer.pack.pack_id}-changes-{times}"
