"""The demo's data: the sandbox's accounts and packs, somebody to sign in as, and a year of weekly reports."""

import datetime as dt
import io
from collections.abc import Iterator

from django.contrib.auth.models import User

from dashboard.generation import discovery
from dashboard.imports import batch_processing, report_creation
from dashboard.models import Account, Pack, Report
from dashboard.sandbox.accounts import DEMO_ACCOUNTS
from dashboard.sandbox.cloud_state import CloudState
from dashboard.sandbox.past_reports import build_past_report_files

NAME = PASSWORD = "demo"  # noqa: S105  # printed at every start; the demo answers this machine alone
WEEKS = 52
LARGE_ROWS = 1200


def prepare_demo(endpoint: str) -> None:
    """Makes sure that the demo's person and accounts are there and know where the sandbox is."""
    if not User.objects.filter(username=NAME).exists():
        User.objects.create_superuser(NAME, password=PASSWORD)
    for known in DEMO_ACCOUNTS:
        account = Account.objects.filter(uid=known.uid).first() or Account(
            uid=known.uid, name=known.name
        )
        account.endpoint, account.access_key_id, account.secret = (
            endpoint,
            known.access_key_id,
            known.access_key_secret,
        )
        account.save()
        discovery.refresh_packs(account)


def has_no_reports() -> bool:
    """Whether nobody has generated or imported anything here."""
    return not Report.objects.ready().exists()


def import_demo_year(until: dt.datetime) -> int:
    """Imports the year before `until` as an officer would import a folder; the number of reports."""
    return sum(1 for _ in batch_processing.read_and_store_all(demo_reports(until)))


def demo_reports(until: dt.datetime) -> Iterator[Report]:
    estate = CloudState(past_weeks=WEEKS, large_rows=LARGE_ROWS)
    for pack in Pack.objects.select_related("account"):
        for name, content, created_at in build_past_report_files(
            estate, WEEKS, until=until, packs=[pack.pack_id]
        ):
            yield report_creation.create_report_for_file(
                pack.account.uid, pack.pack_id, name, io.BytesIO(content), created_at
            )
