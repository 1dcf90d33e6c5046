"""The data of the large demo: a company with thousands of packs, and their user."""

import time
from collections.abc import Callable

from django.core.management.base import CommandError

from dashboard.management import company_rows, demo_data
from dashboard.management.company_data import CompanyPlan, create_company
from dashboard.models import Account, Pack, Report
from dashboard.sandbox.accounts import build_many_accounts

PAST_REPORTS = 1  # of a pack, which the sandbox's reports continue: only the newest one has rows
PACKS_PER_LINE = 200  # in the lines that show the progress


def make_plan(packs: int) -> CompanyPlan:
    """Return the plan of a company with so many packs; the same at every start of the demo."""
    newest_at = demo_data.find_or_create_user().date_joined.replace(second=0, microsecond=0)
    return CompanyPlan(packs, newest_at, with_files=True)


def list_sandbox_options(packs: int) -> list[str]:
    """Return the options that give the command `sandbox` the accounts and packs of the plan."""
    plan = make_plan(packs)
    return [
        *("--many", str(plan.accounts), str(plan.packs_per_account), str(plan.rows)),
        *("--layout", company_rows.LAYOUT),
        *("--past-weeks", str(PAST_REPORTS), "--past-until", plan.newest_at.isoformat()),
    ]


def prepare_company(endpoint: str, packs: int, print_line: Callable[[str], None]) -> None:
    """Create what is missing of the company, and point its accounts at the sandbox.

    A preparation that was interrupted goes on where it stopped. Raise CommandError if the
    installation has other accounts, which the sandbox would not know.
    """
    plan = make_plan(packs)
    known_uids = {account.uid for account in build_many_accounts(plan.accounts)}
    if Account.objects.exclude(uid__in=known_uids).exists():
        raise CommandError(
            "This installation has other accounts. Set VAR_DIR to another folder for the company."
        )
    start, before = time.monotonic(), Pack.objects.count()
    if before < packs:
        print_line(f"A company with {packs:,} packs is being created; this happens once ...")

    def show_progress(count: int) -> None:
        if count % PACKS_PER_LINE == 0 or count == packs:
            print_line(f"{count:,} of {packs:,} packs, {time.monotonic() - start:.0f} s")

    create_company(plan, endpoint, show_progress)
    Account.objects.update(endpoint=endpoint)
    if before < packs:
        reports, accounts = Report.objects.ready().count(), plan.accounts
        print_line(f"{accounts:,} accounts, {packs:,} packs and {reports:,} reports are there.")
