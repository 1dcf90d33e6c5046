"""Command: check that database and archive hold the same originals, unchanged.

Also check the summary of each pack against its reports.
"""

from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.db.models import Q, QuerySet

from dashboard.archive import inventory, location, originals, result_parts
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
        count, faults = self.check_originals(checked_originals)
        if options["report"] and not count:
            raise CommandError("There is no such original.")
        if not options["report"]:
            faults += self.compare_with_database(count)
            faults += self.compare_summaries()
            faults += self.compare_resources()
            self.print_odd_parts()
        if faults:
            raise CommandError(" ".join(faults))

    def check_originals(self, checked_originals: QuerySet[Original]) -> tuple[int, list[str]]:
        """Hash the originals, and print those that are damaged or cannot be read.

        Return their number, and a sentence on each kind of fault.
        """
        count, damaged_count, unreadable_count = 0, 0, 0
        for original in checked_originals.iterator():
            count += 1
            try:
                damage = originals.verify_original(original)
            except location.ArchiveMissingError:
                raise
            except OSError as error:
                unreadable_count += 1
                self.stdout.write(f"{describe_original('unreadable', original)}: {error}")
                continue
            if damage:
                damaged_count += 1
                self.stdout.write(describe_original(damage.value, original))
        sound_count = count - damaged_count - unreadable_count
        self.stdout.write(f"{sound_count} of {count} originals have their hash.")
        faults = []
        if unreadable_count:
            faults.append(f"{unreadable_count} originals could not be read.")
        if damaged_count:
            faults.append(f"{damaged_count} originals are not what was stored.")
        return count, faults

    def print_odd_parts(self) -> None:
        """Print which lists of evaluation results under way lack parts, or have left some behind.

        That is no fault: such a list begins again, and the worker removes what was left.
        """
        for report_id in inventory.find_lists_without_parts():
            self.stdout.write(
                f"The list of report {report_id} lacks a part that was stored: it begins again."
            )
        for report_id in inventory.find_parts_without_list():
            self.stdout.write(
                f"Parts of a list of report {report_id} were left behind: the worker removes them."
            )

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
        try:
            unknown_files = inventory.find_unknown_files()
        except OSError as error:
            unknown_files = []
            faults.append(f"Not all folders of the archive could be read: {error}.")
        for name in filter(result_parts.is_result_list, list(unknown_files)):
            unknown_files.remove(name)
            self.stdout.write(
                f"unneeded {name}: a list of evaluation results whose run was interrupted; the "
                "list was fetched again, so this file may be deleted."
            )
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


def describe_original(fault: str, original: Original) -> str:
    """Return a line with the fault ("changed", "missing" ...), the hash and the reports."""
    reports = original.reports.values_list("pk", "file_name")
    names = [f"report {pk} {file_name}" for pk, file_name in reports]
    report_ids = original.result_lists.values_list("pk", flat=True)
    names += [f"evaluation results of report {pk}" for pk in report_ids]
    return f"{fault} {original.sha256} {', '.join(names)}"
