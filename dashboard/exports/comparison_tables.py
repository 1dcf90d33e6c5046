"""Build the table of a comparison for export, with a group of rows for each bucket.

A bucket is a kind of change, for example "fixed"; see comparison.buckets.
"""

from collections.abc import Iterator, Sequence

from django.utils import timezone
from django.utils.translation import gettext as _

from dashboard.comparison import change_list, change_words, comparison_rows
from dashboard.comparison.buckets import Bucket
from dashboard.comparison.change_reasons import ChangeDirection, ChangeReason, list_reason_counts
from dashboard.comparison.comparison_filter import ComparisonFilter
from dashboard.comparison.comparison_rows import ChangeRow
from dashboard.comparison.differences import Change, Comparison
from dashboard.comparison.rule_scope import RuleScope, load_rule_scope
from dashboard.exports.report_tables import list_source_facts
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
from dashboard.models import EvaluationSource, Report, Risk, Status
from dashboard.text.findings import describe_requirement

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
        change_list.count_listed_changes(comparison, row_filter.replace(bucket=bucket))
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
    facts = list_comparison_facts(comparison, rule_scope, row_filter, user_name)
    remarks = rule_scope.list_limitations()
    row_count = sum(map(len, changes_by_bucket.values()))
    about_rows = [
        *((fact.label, fact.value) for fact in facts),
        *list_counts(comparison),
        *((_("Note"), remark) for remark in remarks),
    ]
    return ExportTable(
        file_stem=format_comparison_stem(comparison, row_filter, row_count),
        columns=list_comparison_columns(comparison),
        groups=[
            RowGroup(
                title=label_bucket(bucket), rows=iterate_cells(comparison, rule_scope, changes)
            )
            for bucket, changes in changes_by_bucket.items()
        ],
        row_count=row_count,
        about=AboutSheet(_("Summary"), about_rows, is_first=True),
        json_properties={
            **encode_facts(facts),
            "counts": {bucket.value: comparison.counts[bucket] for bucket in Bucket},
            **{
                direction.value: {
                    reason.value: count
                    for reason, count in list_reason_counts(comparison.reasons.all_risks, direction)
                }
                for direction in ChangeDirection
            },
            "remarks": remarks,
        },
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
            [] if is_empty else change_list.list_changes(comparison, rule_scope, bucket_filter)
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
    """Return a row's cells in the order of `list_comparison_columns`."""
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
        row.older_actual,
        row.older_expected,
        row.older_operator,
        row.older_property,
        row.older_reason,
        change.reason.value if change.reason else "",
        row.first_seen.time if row.first_seen else None,
        format_archive_start(row),
        row.last_seen,
        EvaluationSource(row.source).slug,
        Status(row.results_status).name if row.results_status else "",
        row.failing_since,
        row.fixed_at,
        row.exempt_until,
        row.resource_group,
    )


def format_archive_start(row: ChangeRow) -> str:
    """Return "yes" where the first report with the status is the archive's first of the pack."""
    return "yes" if row.first_seen and row.first_seen.is_archive_start else ""


def list_comparison_columns(comparison: Comparison) -> list[ExportColumn]:
    """Return the columns; buckets, risks and statuses have labels for csv and xlsx."""
    label_bucket = comparison.listed_statuses.label_bucket
    bucket_labels = {bucket.value: label_bucket(bucket) for bucket in Bucket}
    risk_labels = {risk.name: str(risk.label) for risk in Risk}
    reason_labels = {"": "", **{reason.value: reason.label for reason in ChangeReason}}
    source_labels = {source.slug: str(source.label) for source in EvaluationSource}
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
        ExportColumn("actual_before", _("Actual (before)")),
        ExportColumn("expected_before", _("Compared with (before)")),
        ExportColumn("operator_before", _("Operator (before)")),
        ExportColumn("property_before", _("Property (before)")),
        ExportColumn("reason_before", _("Reason (before)")),
        ExportColumn("why", _("Reason for the change"), reason_labels),
        ExportColumn("first_seen", _("First report with this status"), holds_times=True),
        ExportColumn(
            "archive_start",
            _("First report of the pack in this archive"),
            {"": "", "yes": _("yes")},
        ),
        ExportColumn("last_seen", _("Last seen"), holds_times=True),
        ExportColumn("source", _("Source"), source_labels),
        ExportColumn("results_status", _("Status in the evaluation results"), status_labels),
        ExportColumn(
            "cloud_failing_since", _("Failing since, as the cloud knows it"), holds_times=True
        ),
        ExportColumn("cloud_fixed", _("Last fixed, as the cloud knows it"), holds_times=True),
        ExportColumn("exempt_until", _("Exempt until")),
        ExportColumn("resource_group", _("Resource group")),
    ]


def list_comparison_facts(
    comparison: Comparison, rule_scope: RuleScope, row_filter: ComparisonFilter, user_name: str
) -> list[ExportFact]:
    """Return the facts about the file: both reports, the filter, who exported it and when."""
    pack = comparison.newer.pack
    bucket = row_filter.bucket
    bucket_label = comparison.listed_statuses.label_bucket(bucket) if bucket else ""
    rule_name = rule_scope.get_rule(row_filter.rule).name if row_filter.rule else ""
    filter_text = row_filter.describe(rule_name, bucket=bucket_label)
    if not row_filter.has_conditions:
        filter_text = _("all changes")
    # A swapped comparison has the later report on its first side.
    sides = [("older", comparison.older), ("newer", comparison.newer)]
    labels = [_("Earlier report"), _("Later report")]
    sentence = change_words.summarize_changes(comparison)
    if comparison.is_swapped:
        labels.reverse()
        sentence = _("Read backwards, from the later report to the earlier one.")
    return [
        ExportFact("pack", _("Pack"), pack.name),
        ExportFact("pack_id", _("Pack ID"), pack.pack_id),
        ExportFact("account", _("Account ID"), pack.account.uid),
        *(
            fact
            for (prefix, report), label in zip(sides, labels, strict=True)
            for fact in list_report_facts(prefix, label, report)
        ),
        ExportFact("filter", _("Filter"), filter_text),
        ExportFact("sentence", _("In one sentence"), sentence),
        ExportFact("failing", _("Non-compliant evaluations"), describe_failing(comparison)),
        ExportFact("made_at", _("Exported at"), timezone.now()),
        ExportFact("made_by", _("Exported by"), user_name),
    ]


def list_report_facts(prefix: str, label: str, report: Report) -> list[ExportFact]:
    """Return the facts of a report by which its original is found again."""
    facts = [ExportFact("report", _("number"), report.pk), *list_source_facts(report)]
    return [
        ExportFact(f"{prefix}_{fact.key}", f"{label}: {fact.label}", fact.value) for fact in facts
    ]


def describe_failing(comparison: Comparison) -> str:
    """Return the sum: failing before + came - left = failing now."""
    older, newer, counts = comparison.older, comparison.newer, comparison.reasons
    if not comparison.adds_up:
        return f"{older.failing} → {newer.failing}"
    return f"{older.failing} + {counts.came} − {counts.left} = {newer.failing}"


def list_counts(comparison: Comparison) -> list[tuple[str, int]]:
    """Return the parts of what came and left, and the rows of each bucket, under their labels."""
    label_bucket = comparison.listed_statuses.label_bucket
    parts = [
        (f"{direction.label}: {reason.label}", count)
        for direction in ChangeDirection
        for reason, count in list_reason_counts(comparison.reasons.all_risks, direction)
    ]
    buckets = [(label_bucket(bucket), comparison.counts[bucket]) for bucket in Bucket]
    return [*parts, *buckets]


def format_comparison_stem(
    comparison: Comparison, row_filter: ComparisonFilter, row_count: int
) -> str:
    """Return the name of a file of changes, with its rows of all rows.

    All rows are those of DEFAULT_BUCKETS, or those of the filter's bucket if it is another.
    """
    pack, reports = comparison.newer.pack, (comparison.older, comparison.newer)
    times = [report.listed_at for report in reports]
    is_other_bucket = row_filter.bucket and row_filter.bucket not in DEFAULT_BUCKETS
    bucket = row_filter.bucket if is_other_bucket else None
    total_count = count_rows_at_most(comparison, ComparisonFilter(bucket=bucket))
    return join_file_stem(pack.name, pack.account.uid, times, _("Changes"), row_count, total_count)
