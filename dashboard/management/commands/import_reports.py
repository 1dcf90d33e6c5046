"""Bring report files from before into the history."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from dashboard.imports import batch_processing, folders, identity, outcomes, uploads
from dashboard.models import ImportBatch, ImportedFile, Report
from dashboard.text import error_messages


class Command(BaseCommand):
    requires_system_checks = []  # they load every page, a third of the time that a few files take
    help = "Brings report files, folders of them and zips into the history, each with its own evidence date."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("paths", nargs="+", type=Path, metavar="PATH")
        parser.add_argument(
            "--account", default="", metavar="UID", help="for files that name no account"
        )
        parser.add_argument("--pack", default="", metavar="ID", help="for files that name no pack")

    def handle(self, *_args: Any, **options: Any) -> None:
        missing = [path for path in options["paths"] if not path.exists()]
        if missing:
            raise CommandError(f"There is no {missing[0]}.")
        batch = ImportBatch.objects.create()
        given = identity.Identity(options["account"], options["pack"])
        paths = [file for path in options["paths"] for file in folders.list_files(path)]
        received = (file for path in paths for file in receive(batch, path))
        for _ in batch_processing.read_and_store_all(outcomes.decide_in_chunks(received, given)):
            pass
        files = batch.files.select_related("report", "batch")
        for file in files:
            self.stdout.write(f"{file.name}: {verdict(file)}")
        bad = sum(1 for file in files if is_bad(file))
        self.stdout.write(f"{len(files) - bad} of {len(files)} files are in the history.")
        if bad:
            raise CommandError(f"{bad} could not be taken in.")


def receive(batch: ImportBatch, path: Path) -> Iterator[ImportedFile]:
    try:
        stream = path.open("rb")
    except OSError:
        yield uploads.reject_file(batch, uploads.file_base_name(path.name), "unreadable")
        return
    with stream:
        yield from uploads.receive_upload(
            batch, path.name, stream, os.fstat(stream.fileno()).st_size
        )


def is_bad(file: ImportedFile) -> bool:
    return not (file.report and file.report.state == Report.State.READY)


def verdict(file: ImportedFile) -> str:
    """What became of a file, in words."""
    if file.report:
        words = f"{file.get_state_display()}, report {file.report.pk} of {file.report.created_at:%Y-%m-%d %H:%M} UTC"
        cause = (
            error_messages.explain_error(file.report.error_code, file.report.error_facts)
            if file.report.error_code
            else None
        )
        return f"{words}: {cause.title}" if cause else words
    if file.error_code:
        return f"{file.get_state_display()}: {error_messages.explain_error(file.error_code, file.error_facts).title}"
    return str(file.get_state_display())
