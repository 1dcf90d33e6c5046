"""Command: import report files, for example those from before the installation."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from dashboard.imports import batches, outcomes, uploads
from dashboard.imports.identity import Identity
from dashboard.management.command_line import DatabaseCommand
from dashboard.models import ImportBatch, ImportedFile, Report
from dashboard.text.origins import describe_questions


class Command(DatabaseCommand):
    requires_system_checks = []  # the system checks import all views, which is slow
    help = (
        "Brings report files, folders of them and zips into the history, "
        "each with its own evidence date."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("paths", nargs="+", type=Path, metavar="PATH")
        parser.add_argument(
            "--account", default="", metavar="UID", help="for files that name no account"
        )
        parser.add_argument(
            "--create",
            action="store_true",
            help="create accounts and packs that are not known here yet",
        )
        parser.add_argument("--pack", default="", metavar="ID", help="for files that name no pack")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Import all files in one batch and print the outcome of each."""
        paths: list[Path] = options["paths"]
        for path in paths:
            if not path.exists():
                raise CommandError(f"There is no {path}.")
        batch = ImportBatch.objects.create(creates_packs=options["create"])
        identity_from_user = Identity(options["account"], options["pack"])
        for path in paths:
            for file_path in list_files(path):
                store_path(batch, file_path, identity_from_user)
        batches.import_waiting_files(batch.pk)
        batches.finish_claimed_reports(batch.pk)
        self.print_outcomes(list(batch.files.select_related("report")))

    def print_outcomes(self, files: list[ImportedFile]) -> None:
        """Print the outcome of each file. Raises CommandError if a file has no ready report."""
        for file in files:
            self.stdout.write(f"{file.name}: {format_outcome(file)}")
        failed_count = sum(not is_in_history(file) for file in files)
        ready_count = len(files) - failed_count
        self.stdout.write(f"{ready_count} of {len(files)} files are in the history.")
        asking_count = sum(file.state == ImportedFile.State.ASKING for file in files)
        if asking_count:
            self.stdout.write(f"{asking_count} need a decision: see the page of the import.")
        if failed_count:
            raise CommandError(f"{failed_count} could not be taken in.")


def list_files(path: Path) -> Iterator[Path]:
    """Yield the path itself if it is a file, or all files in a folder and its subfolders.

    Hidden files and folders inside a folder are left out.
    """
    if path.is_dir():
        for child in sorted(path.iterdir()):
            if not child.name.startswith("."):
                yield from list_files(child)
    elif path.is_file():
        yield path


def store_path(batch: ImportBatch, path: Path, identity_from_user: Identity) -> None:
    """Store the file for its import; reject it if it cannot be opened."""
    try:
        file = path.open("rb")
    except OSError:
        uploads.reject_file(batch, uploads.get_base_name(path.name), "unreadable")
        return
    with file:
        uploads.store_upload(
            batch, path.name, file, os.fstat(file.fileno()).st_size, identity_from_user
        )


def is_in_history(file: ImportedFile) -> bool:
    """Return whether the file's report is in the history; a withdrawn one stays in it."""
    return file.report is not None and file.report.state in Report.IN_HISTORY


def format_outcome(file: ImportedFile) -> str:
    outcome, report = file.get_state_display(), file.report
    if report:
        outcome += f", report {report.pk} of {report.created_at:%Y-%m-%d %H:%M} UTC"
        if report.state == Report.State.WITHDRAWN:
            outcome += f", {report.get_state_display()}"
    for question in describe_questions(file):
        outcome += f", {question}"
    error = outcomes.explain_file_error(file)
    return f"{outcome}: {error.title}" if error else outcome
