"""Command: write a backup of the database, the originals and the keys."""

from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from dashboard.backup.databases import BackupError
from dashboard.backup.folders import write_backup
from dashboard.management.command_line import DatabaseCommand


class Command(DatabaseCommand):
    help = (
        "Writes the database, the originals and the keys into a folder, while the product runs. "
        "In a folder that has a backup, only originals that are new or whose copy is damaged are "
        "copied. Ends with 2 where originals are damaged or missing, with 1 without a backup."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path, metavar="FOLDER")
        parser.add_argument(
            "--without-keys",
            action="store_true",
            help="leave out SECRET_KEY and ENCRYPTION_KEYS: keep them elsewhere, because without "
            "them stored AccessKeys cannot be read",
        )

    def handle(self, *_args: Any, folder: Path, **options: Any) -> None:
        """Write the backup and print what it holds. Raises CommandError if anything is missing."""
        try:
            manifest = write_backup(folder, with_keys=not options["without_keys"])
        except (BackupError, OSError) as error:
            raise CommandError(f"No complete backup was written: {error}") from error
        keys = "with its keys" if manifest.has_keys else "without its keys"
        self.stdout.write(
            f"{manifest.counts['dashboard_report']} reports and {manifest.original_count} "
            f"originals, {keys}, in {folder}"
        )
        if manifest.missing_originals:
            raise CommandError(
                f"The backup lacks {len(manifest.missing_originals)} originals, which are damaged "
                f"or missing in the archive:\n{manifest.describe_missing_originals()}",
                returncode=2,
            )
