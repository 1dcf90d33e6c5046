"""Command: read all original files again and rebuild the database rows of their reports."""

from typing import Any

from django.core.management.base import CommandError, CommandParser

from dashboard.archive import originals
from dashboard.archive.originals import DamagedOriginalError
from dashboard.ledger import pack_summaries, rebuild
from dashboard.management.command_line import DatabaseCommand
from dashboard.models import Pack
from dashboard.workbook import READER_VERSION, WorkbookError


class Command(DatabaseCommand):
    help = (
        "Reads every original file of the archive again with the present reader, "
        "and rebuilds the reports of each pack and the summary of the pack for home."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--pack", type=int, metavar="ID", help="only this pack, by its number in the address"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Rebuild all packs, or one. Raises CommandError if a pack could not be rebuilt."""
        packs = Pack.objects.select_related("account").order_by("pk")
        if options["pack"]:
            packs = packs.filter(pk=options["pack"])
        if not packs:
            raise CommandError("There is no such pack.")
        failed_count = sum(not self.rebuild_pack(pack) for pack in packs)
        if failed_count:
            raise CommandError(
                f"{failed_count} of {len(packs)} packs could not be rebuilt; "
                "their data is unchanged."
            )

    def rebuild_pack(self, pack: Pack) -> bool:
        """Rebuild a pack and print the result. Return False if an original cannot be read."""
        try:
            pack_summaries.rebuild_pack_summary(pack)
            report_count = rebuild.rebuild_pack(pack)
        except DamagedOriginalError as error:
            originals.verify_original(error.original)  # stores what is wrong with it
            self.stderr.write(f"{pack.pk} {pack.name}: not rebuilt, {error}")
            return False
        except WorkbookError as error:
            self.stderr.write(f"{pack.pk} {pack.name}: not rebuilt, {error}")
            return False
        self.stdout.write(
            f"{pack.pk} {pack.name}: {report_count} reports by reader {READER_VERSION}"
        )
        return True
