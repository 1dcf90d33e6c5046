"""Command: restore a backup into an installation without reports."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from dashboard.backup.databases import BackupError
from dashboard.backup.folders import restore_backup


class Command(BaseCommand):
    help = (
        "Restores a backup into an installation that holds no report. "
        "Stop the site and the workers first, and start them again afterwards."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path, metavar="FOLDER")

    def handle(self, *_args: Any, folder: Path, **_options: Any) -> None:
        """Restore the backup and print what it held. Raises CommandError if it cannot be."""
        try:
            manifest = restore_backup(folder)
        except (BackupError, OSError) as error:
            raise CommandError(f"Not restored: {error}") from error
        self.stdout.write(
            f"{manifest.counts['dashboard_report']} reports and {manifest.original_count} "
            f"originals of {manifest.created_at} are back."
        )
        if manifest.missing_originals:
            self.stdout.write(
                f"The backup lacks {len(manifest.missing_originals)} originals, which were damaged "
                f"or missing when it was made:\n{manifest.describe_missing_originals()}"
            )
        if not manifest.has_keys:
            self.stdout.write(
                "The backup has no keys: set SECRET_KEY and ENCRYPTION_KEYS to the values in use "
                "when the backup was made."
            )
        self.stdout.write("Now run: manage.py migrate, then manage.py verify")
