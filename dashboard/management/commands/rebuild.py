"""Make sheets, rules and spans anew from the archive."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from dashboard.ledger import rebuild
from dashboard.models import Pack
from dashboard.workbook import READER, WorkbookError


class Command(BaseCommand):
    help = "Reads every original of the archive again, with the present reader, and makes the history of each pack anew."

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
        left = []
        for pack in packs:
            try:
                count = rebuild.rebuild_pack(pack)
            except (WorkbookError, FileNotFoundError) as error:
                left.append(pack)
                self.stderr.write(f"{pack.pk} {pack.name}: left as it was, {error}")
            else:
                self.stdout.write(f"{pack.pk} {pack.name}: {count} reports by reader {READER}")
        if left:
            raise CommandError(f"{len(left)} of {len(packs)} packs were left as they were.")
