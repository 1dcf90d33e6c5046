"""Command: check that every original file in the archive exists and is unchanged."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from dashboard.archive import originals
from dashboard.models import Original


class Command(BaseCommand):
    help = (
        "Hashes every original file of the archive again, stores when that was, "
        "and prints those that are changed or missing."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--report", type=int, metavar="ID", help="only the original of this report"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Check all originals, or that of one report. Raises CommandError if one is damaged."""
        checked_originals = Original.objects.order_by("stored_at")
        if options["report"]:
            checked_originals = checked_originals.filter(reports=options["report"])
        count = damaged_count = 0
        for original in checked_originals.iterator():
            count += 1
            if damage := originals.verify_original(original):
                damaged_count += 1
                self.stdout.write(describe_damage(original, damage))
        self.stdout.write(f"{count - damaged_count} of {count} originals have their hash.")
        if damaged_count:
            raise CommandError(f"{damaged_count} originals are not what was stored.")
        if options["report"] and not count:
            raise CommandError("There is no such original.")


def describe_damage(original: Original, damage: Original.Damage) -> str:
    """Return a line with the damage ("changed" or "missing"), the hash and the reports."""
    reports = original.reports.values_list("pk", "file_name")
    report_names = ", ".join(f"report {pk} {file_name}" for pk, file_name in reports)
    return f"{damage.value} {original.sha256} {report_names}"
