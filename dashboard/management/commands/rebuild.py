"""Read all originals again and rebuild sheets, rules and spans from them."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from dashboard.ledger import rebuild
from dashboard.models import Pack
from dashboard.workbook import READER_VERSION, WorkbookError


class Command(BaseCommand):
    help = (
        "Reads every original of the archive again, with the present reader, "
        "and makes the history of each pack anew."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--pack", type=int, metavar="ID", help="only this pack, by its number in the address"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        packs = Pack.objects.select_related("account").order_by("pk")
        if options["pack"]:
            packs = packs.filter(pk=options["pack"])
        if not packs:
            raise CommandError("There is no such pack.")
        failed_count = sum(not self.rebuild_pack(pack) for pack in packs)
        if failed_count:
            raise CommandError(f"{failed_count} of {len(packs)} packs were left as they were.")

    def rebuild_pack(self, pack: Pack) -> bool:
        """Rebuild a pack and print the result; return False if it was left as it was."""
        try:
            report_count = rebuild.rebuild_pack(pack)
        except (WorkbookError, FileNotFoundError) as error:
            self.stderr.write(f"{pack.pk} {pack.name}: left as it was, {error}")
            return False
        self.stdout.write(
            f"{pack.pk} {pack.name}: {report_count} reports by reader {READER_VERSION}"
        )
        return True
