"""The data of the demo: the sandbox's accounts and packs, a user, and a year of weekly reports."""

import datetime as dt
import io

from django.contrib.auth.models import User

from dashboard.generation import discovery
from dashboard.imports import batches, uploads
from dashboard.models import Account, ImportBatch, Pack, Report
from dashboard.sandbox.accounts import DEMO_ACCOUNTS
from dashboard.sandbox.cloud_state import CloudState
from dashboard.sandbox.past_reports import build_past_report_files

NAME = PASSWORD = "demo"  # noqa: S105  # no secret: printed at every start, reachable only locally
WEEKS = 52
LARGE_PACK_ROWS = 1200


def prepare_demo(endpoint: str) -> None:
    """Create the demo's user and accounts if needed, and point the accounts at the sandbox."""
    if not User.objects.filter(username=NAME).exists():
        User.objects.create_superuser(NAME, password=PASSWORD)
    for demo_account in DEMO_ACCOUNTS:
        account = Account.objects.filter(uid=demo_account.uid).first()
        account = account or Account(uid=demo_account.uid, name=demo_account.name)
        account.endpoint = endpoint
        account.access_key_id = demo_account.access_key_id
        account.secret = demo_account.access_key_secret
        account.save()
        discovery.refresh_packs(account)


def has_no_reports() -> bool:
    return not Report.objects.ready().exists()


def import_demo_year(until: dt.datetime) -> int:
    """Import weekly reports of the year before `until`. Return the number of ready reports."""
    cloud_state = CloudState(past_weeks=WEEKS, large_rows=LARGE_PACK_ROWS)
    batch = ImportBatch.objects.create(creates_packs=True)
    for pack_id in Pack.objects.values_list("pack_id", flat=True):
        files = build_past_report_files(cloud_state, WEEKS, until=until, packs=[pack_id])
        for name, content, _created_at in files:
            uploads.store_upload(batch, name, io.BytesIO(content), len(content))
        batches.import_waiting_files(batch.pk)
    return batch.files.filter(report__state=Report.State.READY).count()
