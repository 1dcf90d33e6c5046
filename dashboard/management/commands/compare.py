"""Command: compare two reports, or two report files that need not be imported.

A *bucket* of a comparison is a kind of change, such as "new failure" or "fixed".
"""

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
from dashboard.comparison.change_reasons import ChangeDirection, ChangeReason, list_reason_counts
from dashboard.comparison.differences import Change, ComparedRow, RuleLists
from dashboard.models import Report, Status
from dashboard.workbook import WorkbookError


class Command(BaseCommand):
    help = (
        "Compares two reports by their numbers, always from the older to the newer, "
        "or two files, in the given order."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("old", metavar="OLD", help="a report's number, or a file")
        parser.add_argument("new", metavar="NEW")
        parser.add_argument("--json", action="store_true", help="counts and changes as JSON")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Compare two files if either argument is an existing file, otherwise two reports."""
        old, new = options["old"], options["new"]
        if Path(old).is_file() or Path(new).is_file():
            comparison = compare_files(Path(old), Path(new))
        else:
            comparison = compare_reports_by_number(old, new)
        if options["json"]:
            document = build_json_document(comparison)
            self.stdout.write(json.dumps(document, ensure_ascii=False, indent=1))
        else:
            self.print_as_text(comparison)

    def print_as_text(self, comparison: "ComparisonToPrint") -> None:
        """Print the number of rows in each bucket, then a line for each change."""
        for bucket in Bucket:
            if count := comparison.counts[bucket]:
                self.stdout.write(f"{count:>9,}  {comparison.listed_statuses.label_bucket(bucket)}")
        for direction in ChangeDirection:
            for reason, count in list_reason_counts(comparison.reasons, direction):
                self.stdout.write(f"{count:>9,}  {direction}: {reason.label}")
        for change in list_changes_to_print(comparison):
            rule_name = comparison.rule_names.get(change.rule, "")
            statuses = f"{format_status(change.old_status)} -> {format_status(change.new_status)}"
            self.stdout.write(f"{change.bucket:<18} {change.resource_id}  {rule_name}  {statuses}")


class ComparisonToPrint(NamedTuple):
    """The result of a comparison.

    The keys of `rule_names` are the values of Change.rule: rule ids for two reports, rule keys for
    two files.
    """

    counts: Counter[Bucket]
    changes: Sequence[Change[Any]]
    listed_statuses: ListedStatuses
    rule_names: Mapping[Any, str]

    @property
    def reasons(self) -> Counter[ChangeReason]:
        """How many evaluations came and left, by reason."""
        return differences.count_reasons(self.changes).all_risks


def list_changes_to_print(comparison: ComparisonToPrint) -> list[Change[Any]]:
    """Return the changes and the rows that cannot be compared.

    They are sorted by bucket, rule name and resource ID.
    """
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


def build_json_document(comparison: ComparisonToPrint) -> dict[str, Any]:
    return {
        "counts": {str(bucket): comparison.counts[bucket] for bucket in Bucket},
        "reasons": {str(reason): count for reason, count in comparison.reasons.items()},
        "changes": [
            {
                "bucket": change.bucket,
                "rule": comparison.rule_names.get(change.rule, ""),
                "resource_id": change.resource_id,
                "was": change.old_status.name if change.old_status else None,
                "now": change.new_status.name if change.new_status else None,
            }
            for change in list_changes_to_print(comparison)
        ],
    }


def format_status(status: Status | None) -> str:
    return status.name.lower() if status else "-"


def compare_reports_by_number(old: str, new: str) -> ComparisonToPrint:
    """Compare two ready reports of one pack by their ids. Raises CommandError."""
    numbers = [int(text) for text in (old, new) if text.isdecimal()]
    reports = Report.objects.ready().in_bulk(numbers)
    if len(numbers) < 2 or not set(numbers) <= reports.keys():
        raise CommandError("Give the numbers of two ready reports, or two file paths.")
    old_report, new_report = (reports[number] for number in numbers)
    if old_report.pack_id != new_report.pack_id:
        raise CommandError("The reports belong to different packs.")
    comparison = differences.compare_reports(old_report, new_report)
    old_rules, new_rules = rule_scope.load_rule_versions(comparison.older, comparison.newer)
    rule_names = {rule_id: rule.name for rule_id, rule in (old_rules | new_rules).items()}
    return ComparisonToPrint(
        comparison.counts, comparison.changes, comparison.listed_statuses, rule_names
    )


def compare_files(old_path: Path, new_path: Path) -> ComparisonToPrint:
    """Compare two files without storing them. Raises CommandError if one cannot be read."""
    old, new = read_comparable_file(old_path), read_comparable_file(new_path)
    listed_statuses = ListedStatuses(old.listed_statuses, new.listed_statuses)
    rule_lists = RuleLists(old.listed_rules, new.listed_rules)
    changes = list(differences.find_changes(old.rows, new.rows, listed_statuses, rule_lists))
    new_totals = Counter(Status(row.status) for row in new.rows.values())
    counts = differences.count_buckets(changes, new_totals)
    return ComparisonToPrint(counts, changes, listed_statuses, old.rule_names | new.rule_names)


class ComparableFile(NamedTuple):
    """A file's rows by evaluation key, the statuses that it lists, and its rules by key."""

    rows: dict[int, ComparedRow[str]]
    listed_statuses: frozenset[int]
    rule_names: dict[str, str]
    # The keys of the rules in its list of rules; None if it has none.
    listed_rules: frozenset[str] | None


def read_comparable_file(path: Path) -> ComparableFile:
    """Read a file without storing it. Raises CommandError if it cannot be read."""
    try:
        with tempfile.TemporaryDirectory() as folder:
            target = Path(folder, "stored-form")
            workbook.read_file(path, target, limits=stored_forms.build_reader_limits())
            with workbook.StoredForm(target) as stored_form:
                return build_comparable_file(stored_form)
    except (WorkbookError, FileNotFoundError) as error:
        raise CommandError(f"{path} cannot be read: {error}") from error


def build_comparable_file(stored_form: workbook.StoredForm) -> ComparableFile:
    """Return the rows, statuses and rule names of a file that was read."""
    rules = {rule.number: rule for rule in stored_form.contents.rules}
    rows = {}
    for chunk in stored_form.read_buckets():
        for row in chunk:
            group = stored_form.groups[row.group]
            rows[row.key] = ComparedRow(
                row.key, rules[group.rule].key, group.status, group.risk, row.resource_id
            )
    listed_statuses = frozenset(int(Status[name]) for name in stored_form.contents.lists)
    rule_names = {rule.key: rule.name for rule in rules.values()}
    has_rule_list = any(sheet.role == "rules" for sheet in stored_form.contents.sheets)
    listed_rules = frozenset(rule_names) if has_rule_list else None
    return ComparableFile(rows, listed_statuses, rule_names, listed_rules)
