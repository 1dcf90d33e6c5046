"""Say what changed between two reports, or between two files that were never imported."""

import json
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from dashboard import workbook
from dashboard.archive import readings
from dashboard.comparison import differences, rule_scope
from dashboard.comparison.differences import Bucket, Change, ComparedRow, ListedStatuses
from dashboard.models import Report, Status
from dashboard.workbook import WorkbookError


class Command(BaseCommand):
    help = "Compares two reports by their numbers, or two files; always from the older to the newer, as given for files."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("old", metavar="OLD", help="a report's number, or a file")
        parser.add_argument("new", metavar="NEW")
        parser.add_argument("--json", action="store_true", help="counts and changes as JSON")

    def handle(self, *_args: Any, **options: Any) -> None:
        named = (options["old"], options["new"])
        found = (
            of_files(named) if any(Path(name).is_file() for name in named) else of_reports(named)
        )
        counts, made, lists, rules = found
        shown = [
            change
            for change in made
            if change.bucket.changed or change.bucket is Bucket.NOT_COMPARABLE
        ]
        shown.sort(
            key=lambda one: (
                list(Bucket).index(one.bucket),
                str(rules.get(one.rule, "")),
                one.resource_id,
            )
        )
        if options["json"]:
            self.stdout.write(
                json.dumps(as_json(counts, shown, rules), ensure_ascii=False, indent=1)
            )
            return
        for bucket in Bucket:
            if counts[bucket]:
                self.stdout.write(f"{counts[bucket]:>9,}  {lists.label(bucket)}")
        for change in shown:
            name = rules.get(change.rule, "")
            self.stdout.write(
                f"{change.bucket:<18} {change.resource_id}  {name}  {words(change.was)} -> {words(change.now)}"
            )


Found = tuple[Counter[Bucket], Sequence[Change[Any]], ListedStatuses, Mapping[Any, str]]


def words(status: Status | None) -> str:
    return status.name.lower() if status else "-"


def as_json(
    counts: Counter[Bucket], shown: Sequence[Change[Any]], rules: Mapping[Any, str]
) -> dict[str, Any]:
    rows = [
        {
            "bucket": change.bucket,
            "rule": rules.get(change.rule, ""),
            "resource_id": change.resource_id,
            "was": change.was.name if change.was else None,
            "now": change.now.name if change.now else None,
        }
        for change in shown
    ]
    return {"counts": {str(bucket): counts[bucket] for bucket in Bucket}, "changes": rows}


def of_reports(named: tuple[str, str]) -> Found:
    numbers = [int(name) for name in named if name.isdecimal()]
    found = Report.objects.ready().in_bulk(numbers)
    if len(numbers) < 2 or not set(numbers) <= found.keys():
        raise CommandError("Name two reports that are ready by their numbers, or two files.")
    one, other = (found[number] for number in numbers)
    if one.pack_id != other.pack_id:
        raise CommandError("The reports are of two packs.")
    compared = differences.compare_reports(one, other)
    older, newer = rule_scope.load_rule_versions(compared.older, compared.newer)
    rules = {number: rule.name for number, rule in (older | newer).items()}
    return compared.counts, compared.changes, compared.lists, rules


def of_files(named: tuple[str, str]) -> Found:
    (was, old_lists, old_rules), (now, new_lists, new_rules) = (read(Path(name)) for name in named)
    lists = ListedStatuses(old_lists, new_lists)
    made = list(differences.find_changes(was, now, lists))
    totals = Counter(Status(row.status) for row in now.values())
    return differences.count_buckets(made, totals), made, lists, old_rules | new_rules


def read(path: Path) -> tuple[dict[int, ComparedRow[str]], frozenset[int], dict[str, str]]:
    """A file's rows by key, the statuses that it lists, and its rules' names by their keys."""
    try:
        with tempfile.TemporaryDirectory() as folder:
            target = Path(folder, "reading")
            workbook.read(path, target, limits=readings.reading_limits())
            with workbook.Reading(target) as reading:
                rules = {info.number: info for info in reading.contents.rules}
                rows = {
                    row.key: ComparedRow(
                        row.key, rules[group.rule].key, group.status, group.risk, row.resource_id
                    )
                    for bucket in reading.buckets()
                    for row, group in ((row, reading.groups[row.group]) for row in bucket)
                }
                lists = frozenset(int(Status[name]) for name in reading.contents.lists)
    except (WorkbookError, FileNotFoundError) as error:
        raise CommandError(f"{path} cannot be read: {error}") from error
    return rows, lists, {info.key: info.name for info in rules.values()}
