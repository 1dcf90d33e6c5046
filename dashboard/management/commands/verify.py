"""Check the archive: does every original still have its hash?"""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from dashboard.archive import originals
from dashboard.models import Original


class Command(BaseCommand):
    help = "Hashes every original of the archive again: one changed byte or a missing file is found and named."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--report", type=int, metavar="ID", help="only the original of this report"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        chosen = Original.objects.order_by("stored_at")
        if options["report"]:
            chosen = chosen.filter(reports=options["report"])
        count, bad = 0, 0
        for original in chosen.iterator():
            count += 1
            if not originals.matches_hash(original):
                bad += 1
                self.stdout.write(f"{state_of(original)} {original.sha256} {files_of(original)}")
        self.stdout.write(f"{count - bad} of {count} originals have their hash.")
        if bad or (not count and options["report"]):
            raise CommandError(
                f"{bad} originals are not what was stored." if bad else "There is no such original."
            )


def state_of(original: Original) -> str:
    return "changed" if originals.original_exists(original) else "missing"


def files_of(original: Original) -> str:
    """The reports that stand on these bytes, and their files' names."""
    reports = original.reports.values_list("pk", "file_name")
    return ", ".join(f"report {pk} {name}" for pk, name in reports)
