"""Reports of files whose account, pack and time a test gives, and not the file."""

import datetime as dt
from typing import IO

from django.db import transaction

from dashboard.archive import originals
from dashboard.imports import batches, report_creation
from dashboard.imports.identity import Identity
from dashboard.models import ImportBatch, ImportedFile, Report


def create_report_for_file(
    account_uid: str, pack_id: str, name: str, file: IO[bytes], created_at: dt.datetime
) -> Report:
    """Return a report whose file is stored and still to be read."""
    original = originals.store_stream(file)
    originals.create_original_rows([original])
    imported_file = ImportedFile(batch=ImportBatch(), name=name, original=original)
    identity = Identity(account_uid, pack_id, created_at)
    with transaction.atomic():
        ((report, _is_new),) = report_creation.find_or_create_reports([(imported_file, identity)])
    return report


def import_file(
    account_uid: str, pack_id: str, name: str, file: IO[bytes], created_at: dt.datetime
) -> Report:
    """Return a report whose file is stored and read."""
    report = create_report_for_file(account_uid, pack_id, name, file, created_at)
    batches.read_and_store_reports([report])
    return report
