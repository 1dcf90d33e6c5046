"""Compare two reports, or two files that were never imported."""

import json
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from django.core.management.base import BaseCommand, CommandError, CommandParser

from dashboard import workbook
from dashboard.archive import stored_forms
from dashboard.comparison import differences, rule_scope
from dashboard.comparison.buckets import Bucket, ListedStatuses
from dashboard.comparison.differences import Change, ComparedRow
from dashboard.models import Report, Status
from dashboard.workbook import WorkbookError


class Command(BaseCommand):
    help = (
        "Compares two reports by their numbers, or two files; "
        "always from the older to the newer, as given for files."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("old", metavar="OLD", help="a report's number, or a file")
        parser.add_argument("new", metavar="NEW")
        parser.add_argument("--json", action="store_true", help="counts and changes as JSON")

    def handle(self, *_args: Any, **options: Any) -> None:
        old, new = options["old"], options["new"]
        if Path(old).is_file() or Path(new).is_file():
            comparison = compare_files(Path(old), Path(new))
        else:
            comparison = compare_report_numbers(old, new)
        if options["json"]:
            document = build_json_document(comparison)
            self.stdout.write(json.dumps(document, ensure_ascii=False, indent=1))
        else:
            self.print_as_text(comparison)

    def print_as_text(self, comparison: "PrintedComparison") -> None:
        for bucket in Bucket:
            if count := comparison.counts[bucket]:
                self.stdout.write(f"{count:>9,}  {comparison.listed_statuses.label_bucket(bucket)}")
        for change in list_printed_changes(comparison):
            rule_name = comparison.rule_names.get(change.rule, "")
            statuses = f"{format_status(change.old_status)} -> {format_status(change.new_status)}"
            self.stdout.write(f"{change.bucket:<18} {change.resource_id}  {rule_name}  {statuses}")


class PrintedComparison(NamedTuple):
    """A comparison of two reports, with rules by id, or of two files, with rules by key."""

    counts: Counter[Bucket]
    changes: Sequence[Change[Any]]
    listed_statuses: ListedStatuses
    rule_names: Mapping[Any, str]


def list_printed_changes(comparison: PrintedComparison) -> list[Change[Any]]:
    """Return what changed or cannot be compared, sorted by bucket, rule and resource."""
    order_of_buckets = list(Bucket)
    return sorted(
        (
            change
            for change in comparison.changes
            if change.bucket.is_change or change.bucket is Bucket.NOT_COMPARABLE
        ),
        key=lambda change: (
            order_of_buckets.index(change.bucket),
            comparison.rule_names.get(change.rule, ""),
            change.resource_id,
        ),
    )


def build_json_document(comparison: PrintedComparison) -> dict[str, Any]:
    return {
        "counts": {str(bucket): comparison.counts[bucket] for bucket in Bucket},
        "changes": [
            {
                "bucket": change.bucket,
                "rule": comparison.rule_names.get(change.rule, ""),
                "resource_id": change.resource_id,
                "was": change.old_status.name if change.old_status else None,
                "now": change.new_status.name if change.new_status else None,
            }
            for change in list_printed_changes(comparison)
        ],
    }


def format_status(status: Status | None) -> str:
    return status.name.lower() if status else "-"


def compare_report_numbers(old: str, new: str) -> PrintedComparison:
    numbers = [int(text) for text in (old, new) if text.isdecimal()]
    reports = Report.objects.ready().in_bulk(numbers)
    if len(numbers) < 2 or not set(numbers) <= reports.keys():
        raise CommandError("Name two reports that are ready by their numbers, or two files.")
    old_report, new_report = (reports[number] for number in numbers)
    if old_report.pack_id != new_report.pack_id:
        raise CommandError("The reports are of two packs.")
    comparison = differences.compare_reports(old_report, new_report)
    old_rules, new_rules = rule_scope.load_rule_versions(comparison.older, comparison.newer)
    rule_names = {rule_id: rule.name for rule_id, rule in (old_rules | new_rules).items()}
    return PrintedComparison(
        comparison.counts, comparison.changes, comparison.listed_statuses, rule_names
    )


def compare_files(old_path: Path, new_path: Path) -> PrintedComparison:
    old, new = read_comparable_file(old_path), read_comparable_file(new_path)
    listed_statuses = ListedStatuses(old.listed_statuses, new.listed_statuses)
    changes = list(differences.find_changes(old.rows, new.rows, listed_statuses))
    new_totals = Counter(Status(row.status) for row in new.rows.values())
    counts = differences.count_buckets(changes, new_totals)
    return PrintedComparison(counts, changes, listed_statuses, old.rule_names | new.rule_names)


class ComparableFile(NamedTuple):
    """A file's rows by evaluation key, the statuses that it lists, and its rules' names by key."""

    rows: dict[int, ComparedRow[str]]
    listed_statuses: frozenset[int]
    rule_names: dict[str, str]


def read_comparable_file(path: Path) -> ComparableFile:
    """Read a file that is not stored. Raises CommandError."""
    try:
        with tempfile.TemporaryDirectory() as folder:
            target = Path(folder, "reading")
            workbook.read_file(path, target, limits=stored_forms.build_reader_limits())
            with workbook.StoredForm(target) as stored_form:
                return build_comparable_file(stored_form)
    except (WorkbookError, FileNotFoundError) as error:
        raise CommandError(f"{path} cannot be read: {error}") from error


def build_comparable_file(stored_form: workbook.StoredForm) -> ComparableFile:
    rules = {rule.number: rule for rule in stored_form.contents.rules}
    rows = {}
    for bucket in stored_form.read_buckets():
        for row in bucket:
            group = stored_form.groups[row.group]
            rows[row.key] = ComparedRow(
                row.key, rules[group.rule].key, group.status, group.risk, row.resource_id
            )
    listed_statuses = frozenset(int(Status[name]) for name in stored_form.contents.lists)
    return ComparableFile(rows, listed_statuses, {rule.key: rule.name for rule in rules.values()})
