"""Command: check that database and archive hold the same originals, unchanged.

Also check what is kept of each pack against its reports.
"""

from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.db.models import Q

from dashboard.archive import inventory, location, originals
from dashboard.database.damage import find_damage_of_database
from dashboard.ledger import pack_resources, pack_summaries
from dashboard.management.command_line import DatabaseCommand, describe_fault
from dashboard.models import Original


class Command(DatabaseCommand):
    help = (
        "Hashes every original file of the archive again, stores when that was, "
        "and prints those that are changed or missing, what only archive or database hold, "
        "and packs of which home or the search shows something else than their reports say."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--report", type=int, metavar="ID", help="only the originals of this report"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Check all originals, or that of one report.

        Raises CommandError if one is damaged, if database and archive differ, or if the archive is
        not there.
        """
        if sentence := find_damage_of_database():
            raise CommandError(f"{describe_fault('database_damaged')}\n({sentence})")
        try:
            location.require_archive()
        except location.ArchiveMissingError as error:
            raise CommandError(str(error)) from error
        checked_originals = Original.objects.order_by("stored_at")
        if options["report"]:
            checked_originals = checked_originals.filter(
                Q(reports=options["report"]) | Q(result_lists=options["report"])
            ).distinct()
        count = damaged_count = 0
        for original in checked_originals.iterator():
            count += 1
            if damage := originals.verify_original(original):
                damaged_count += 1
                self.stdout.write(describe_damage(original, damage))
        self.stdout.write(f"{count - damaged_count} of {count} originals have their hash.")
        if options["report"] and not count:
            raise CommandError("There is no such original.")
        faults = [] if options["report"] else self.compare_with_database(count)
        if damaged_count:
            faults.insert(0, f"{damaged_count} originals are not what was stored.")
        if not options["report"]:
            faults += self.compare_summaries()
            faults += self.compare_resources()
        if faults:
            raise CommandError(" ".join(faults))

    def compare_summaries(self) -> list[str]:
        """Print each wrong field of a pack's summary; return a sentence if there are any."""
        wrong_packs = set()
        for wrong in pack_summaries.find_wrong_summaries():
            wrong_packs.add(wrong.pack.pk)
            self.stdout.write(
                f"summary of pack {wrong.pack.pk}: {wrong.field} is {wrong.stored}, "
                f"its reports say {wrong.expected}"
            )
        if not wrong_packs:
            return []
        return [
            f"{len(wrong_packs)} packs have summaries that differ from their reports: "
            "run manage.py rebuild."
        ]

    def compare_resources(self) -> list[str]:
        """Print the packs whose resources the search does not find; return a sentence on them."""
        wrong_packs = pack_resources.find_packs_with_wrong_resources()
        for pack in wrong_packs:
            self.stdout.write(f"search of pack {pack.pk}: not the resources of its latest report")
        if not wrong_packs:
            return []
        return [
            f"The search finds other resources of {len(wrong_packs)} packs than their latest "
            "reports have: run manage.py rebuild."
        ]

    def compare_with_database(self, original_count: int) -> list[str]:
        """Print what only the archive or only the database holds; return a sentence on each."""
        faults = []
        unknown_files = inventory.find_unknown_files()
        for name in unknown_files:
            self.stdout.write(f"unknown {name}")
        if unknown_files and not original_count:
            faults.append(
                f"The database knows no original, but the archive holds {len(unknown_files)} "
                "files: is this the right database?"
            )
        elif unknown_files:
            faults.append(
                f"The database does not know {len(unknown_files)} files of the archive: it may be "
                "an older copy, or an import was interrupted; import these files again."
            )
        reports = inventory.find_reports_without_original()
        for report in reports:
            self.stdout.write(f"no original: report {report.pk} {report.file_name}")
        if reports:
            faults.append(f"{len(reports)} reports have no original.")
        listless_reports = inventory.find_reports_without_list()
        for report in listless_reports:
            self.stdout.write(f"no list: report {report.pk} {report.file_name}")
        if listless_reports:
            faults.append(f"{len(listless_reports)} reports lack their list of evaluation results.")
        return faults


def describe_damage(original: Original, damage: Original.Damage) -> str:
    """Return a line with the damage ("changed" or "missing"), the hash and the reports."""
    reports = original.reports.values_list("pk", "file_name")
    names = [f"report {pk} {file_name}" for pk, file_name in reports]
    report_ids = original.result_lists.values_list("pk", flat=True)
    names += [f"evaluation results of report {pk}" for pk in report_ids]
    return f"{damage.value} {original.sha256} {', '.join(names)}"
