"""Find or create the reports of imported files.

The *identity* of a file is its account, pack and time (see identity.py).
"""

import datetime as dt
from collections.abc import Collection, Sequence

from django.db.models import Q
from django.utils import timezone

from dashboard.imports.identity import Identity
from dashboard.models import Account, ImportedFile, Original, Pack, Report
from dashboard.models.runs import READING_LIMIT

# Errors whose cause may have been this machine and not the file.
RETRIED_ERRORS = (
    *("defect", "deadline", "timeout", "memory", "killed"),
    *("machine", "storage_full", "storage_read_only"),
    *("archive_missing", "original_missing", "original_changed"),
)
# The file's SHA-256 and the evidence time cut to the minute. Files of a pack with the same key are
# one report. The time is cut because the time in a file name has no seconds.
ReportKey = tuple[str | None, dt.datetime]


def find_or_create_reports(
    identified_files: Sequence[tuple[ImportedFile, Identity]],
) -> list[tuple[Report, bool]]:
    """Return (report, is_new) for each file, in the same order. All files must be of one pack.

    The account and the pack are created if they do not exist. Must run in a transaction, because
    it locks the pack.
    """
    pack = find_or_create_pack(identified_files[0][1])
    Pack.objects.lock_row(pack.pk)
    file_hashes = {get_original(file).sha256 for file, _ in identified_files}
    reports_by_key = find_existing_reports(pack, file_hashes)
    new_reports: list[Report] = []
    results = []
    for file, identity in identified_files:
        key = build_report_key(get_original(file).sha256, identity.created_at)
        is_new = key not in reports_by_key
        if is_new:
            reports_by_key[key] = build_report(pack, file, identity)
            new_reports.append(reports_by_key[key])
        results.append((reports_by_key[key], is_new))
    Report.objects.bulk_create(new_reports)
    return results


def build_report_key(sha256: str | None, created_at: dt.datetime | None) -> ReportKey:
    """Return the key of a report; two files with the same key are one report."""
    assert created_at is not None  # noqa: S101  # a complete identity and a received report have it
    return sha256, created_at.astimezone(dt.UTC).replace(second=0, microsecond=0)


def build_report(pack: Pack, file: ImportedFile, identity: Identity) -> Report:
    """Return an unsaved report in the state READING: its next step is to read the file."""
    now = timezone.now()
    return Report(
        pack=pack,
        pack_name=identity.pack_name or pack.name,
        source=Report.Source.IMPORTED,
        state=Report.State.READING,
        requested_by_id=file.batch.by_id,
        created_at=identity.created_at,
        received_at=now,
        deadline_at=now + READING_LIMIT,
        original=get_original(file),
        file_name=file.name,
        provenance=file.origin,
    )


def find_existing_reports(pack: Pack, file_hashes: Collection[str]) -> dict[ReportKey, Report]:
    """Return the pack's reports with these files by key, without those that may be imported again.

    A file may be imported again if its report was cancelled, or failed for a reason that may have
    been this machine.
    """
    reports = pack.reports.filter(original__in=file_hashes)
    # A failed or cancelled report keeps its position until its spans (evaluation rows) are removed.
    # Until then the file cannot be imported again: the new report would need the same position.
    is_retried = Q(state=Report.State.FAILED, error_code__in=RETRIED_ERRORS)
    reports = reports.exclude(is_retried | Q(state=Report.State.CANCELLED), position=None)
    reports = reports.select_related("pack__account", "original").order_by("-pk")
    # If several reports have the same key, the oldest comes last and replaces the others.
    return {build_report_key(report.original_id, report.created_at): report for report in reports}


def find_unknown(identity: Identity) -> str:
    """Return `account_unknown` or `pack_unknown`; empty if account and pack are known."""
    if Pack.objects.filter(account__uid=identity.account_uid, pack_id=identity.pack_id).exists():
        return ""
    is_known_account = Account.objects.filter(uid=identity.account_uid).exists()
    return "pack_unknown" if is_known_account else "account_unknown"


def find_or_create_pack(identity: Identity) -> Pack:
    packs = Pack.objects.select_related("account")
    pack = packs.filter(account__uid=identity.account_uid, pack_id=identity.pack_id).first()
    return pack or create_pack(identity)


def create_pack(identity: Identity) -> Pack:
    """Create the pack, and its account if needed, marked as imported."""
    account, _ = Account.objects.get_or_create(
        uid=identity.account_uid, defaults={"name": identity.account_uid}
    )
    pack, _ = Pack.objects.get_or_create(
        account=account,
        pack_id=identity.pack_id,
        defaults={"name": identity.pack_name or identity.pack_id, "imported": True},
    )
    return pack


def get_original(file: ImportedFile) -> Original:
    assert file.original is not None  # noqa: S101  # only rejected files have no bytes
    return file.original
