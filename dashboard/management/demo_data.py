"""The data of the demo: the sandbox's accounts and packs, a user, and a year of weekly reports."""

import io

from django.contrib.auth.models import User

from dashboard.generation import discovery
from dashboard.imports import batches, uploads
from dashboard.models import Account, ImportBatch, Report
from dashboard.sandbox.accounts import DEMO_ACCOUNTS
from dashboard.sandbox.cloud_state import CloudState
from dashboard.sandbox.past_reports import build_past_report_files

NAME = PASSWORD = "demo"  # noqa: S105  # no secret: printed at every start, reachable only locally
WEEKS = 52
LARGE_PACK_ROWS = 1200


def prepare_demo(endpoint: str) -> None:
    """Create the demo's user and accounts if needed, and point the accounts at the sandbox."""
    find_or_create_user()
    for demo_account in DEMO_ACCOUNTS:
        account = Account.objects.filter(uid=demo_account.uid).first()
        account = account or Account(uid=demo_account.uid, name=demo_account.name)
        account.endpoint = endpoint
        account.access_key_id = demo_account.access_key_id
        account.secret = demo_account.access_key_secret
        account.save()
        discovery.refresh_packs(account)


def find_or_create_user() -> User:
    user = User.objects.filter(username=NAME).first()
    return user or User.objects.create_superuser(NAME, password=PASSWORD)


def find_or_create_batch() -> ImportBatch | None:
    """Return the batch of the demo's year of reports, a new one in an empty database.

    Return None if the reports of the database are not the demo's.
    """
    uids = tuple(account.uid for account in DEMO_ACCOUNTS)
    batch = ImportBatch.objects.filter(by=None, creates_packs=True).order_by("pk").first()
    if batch:
        first_file = batch.files.first()
        is_demo = first_file is None or first_file.name.startswith(uids)
        return batch if is_demo else None
    if Report.objects.ready().exists():
        return None
    return ImportBatch.objects.create(creates_packs=True)


def is_complete(batch: ImportBatch) -> bool:
    """Return whether all weeks of all packs are stored, and none of them waits."""
    if any(file.under_way for file in batch.files.select_related("report")):
        return False
    return all(has_all_weeks(batch, pack_id) for pack_id in list_demo_packs())


def list_demo_packs() -> list[str]:
    """Return the ids of the packs that the sandbox's accounts have."""
    return list(build_demo_cloud().packs)


def build_demo_cloud() -> CloudState:
    return CloudState(past_weeks=WEEKS, large_rows=LARGE_PACK_ROWS)


def has_all_weeks(batch: ImportBatch, pack_id: str) -> bool:
    return batch.files.filter(name__contains=f"-{pack_id}-").count() >= WEEKS


def import_demo_year(batch: ImportBatch) -> int:
    """Import weekly reports of the year before the batch; those that it has are left out.

    Return the number of ready reports.
    """
    cloud_state = build_demo_cloud()
    for pack_id in cloud_state.packs:
        if not has_all_weeks(batch, pack_id):
            stored_names = set(batch.files.values_list("name", flat=True))
            # The files are the same at every start, because they end at the time of the batch.
            files = build_past_report_files(cloud_state, WEEKS, until=batch.at, packs=[pack_id])
            for name, content, _created_at in files:
                if name not in stored_names:
                    uploads.store_upload(batch, name, io.BytesIO(content), len(content))
        batches.import_waiting_files(batch.pk)
    batches.finish_claimed_reports(batch.pk)
    return batch.files.filter(report__state=Report.State.READY).count()
